// Parts of a page that only the centre can work out (figures, order of lists, sums): fetched again after readings,
// seldom, only while the page is seen, and put in place without moving focus or closing what is open.
import { again } from './again'
import { refreshAges } from './ages'
import { announced } from './live'

const SOON_MS = 1_500
// The centre remembers a figure for some seconds for all screens: an answer this soon after a reading may be from
// before it, and is asked for once more.
const REMEMBERED_MS = 7_000
const RENEW_MS = 60_000
const NOTED_MS = 100

interface Source { url: string; on: string; every: number; renew: number; of: string; heard: number; last: number; etag: string; timer: number; busy: boolean; wanted: boolean; noted: boolean; calm: boolean }

/** One element takes over what another says; elements that remain stay the same, so that focus does. */
export function takeOver(old: Element, fresh: Element): void {
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== 'open') old.removeAttribute(name)
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && name !== 'open') old.setAttribute(name, value)
  if (old.innerHTML === fresh.innerHTML) return
  const children = [...fresh.children]
  if (children.length && children.every((child) => child.hasAttribute('data-key'))) return keyed(old, children)
  const only = children.length === 1 && !ownText(fresh) && old.children.length === 1 && !ownText(old)
  if (only && old.children[0]!.localName === children[0]!.localName) takeOver(old.children[0]!, children[0]!)
  else old.replaceChildren(...fresh.childNodes)
}

function ownText(element: Element): string {
  return [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.nodeValue).join('').trim()
}

function keyed(old: Element, fresh: Element[]): void {
  const known = new Map([...old.children].map((child) => [child.getAttribute('data-key'), child]))
  let at: ChildNode | null = old.firstElementChild
  for (const child of fresh) {
    const found = known.get(child.getAttribute('data-key'))
    if (found) takeOver(found, child)
    const element = found ?? child
    known.delete(child.getAttribute('data-key'))
    if (element === at) at = (at as Element).nextElementSibling
    else old.insertBefore(element, at)
  }
  for (const gone of known.values()) gone.remove()
}

/** A reading that came live while the answer was on its way is newer than the answer. */
function keepNewer(old: Element, fresh: Element): void {
  for (const reading of fresh.querySelectorAll<HTMLElement>('[data-reading]')) {
    const known = old.querySelector<HTMLElement>(`[data-reading="${CSS.escape(reading.dataset.reading!)}"]`)
    if (known && Number(known.dataset.time || 0) > Number(reading.dataset.time || 0)) reading.replaceWith(known.cloneNode(true))
  }
}

function put(source: Source, html: string): void {
  const answer = new DOMParser().parseFromString(html, 'text/html')
  const focused = document.activeElement as HTMLElement | null
  for (const old of document.querySelectorAll<HTMLElement>('[data-part-src]')) {
    const fresh = old.dataset.partSrc === source.url && old.id ? answer.getElementById(old.id) : null
    if (!fresh) continue
    keepNewer(old, fresh)
    takeOver(old, fresh)
    source.renew = renewal(old)
    refreshAges(old)
    // What the part told of has come to its end: the page around it is another one now. Asked for by its address,
    // since what stands may be the answer to a form, which a reload would send again.
    if (fresh.hasAttribute('data-reload')) location.replace(again(location.pathname, location.search))
  }
  // Moving an element in a list takes the focus from it.
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true })
}

async function fetchPart(source: Source): Promise<void> {
  source.busy = true
  source.last = Date.now()
  source.wanted = source.last - source.heard < REMEMBERED_MS
  try {
    const headers: Record<string, string> = { Accept: 'text/html' }
    // Parts that say which version they are need not be worked out, nor sent, where it is the one that stands.
    if (source.etag) headers['If-None-Match'] = source.etag
    const answer = await fetch(source.url, { cache: 'no-store', headers })
    // Signed out meanwhile: what stands stays, and the next step of the person says so.
    if (answer.ok && !answer.redirected) {
      put(source, await answer.text())
      source.etag = answer.headers.get('ETag') ?? ''
    }
  } catch {
    // the line is down; the banner says it, and the next reading asks again
  }
  source.busy = false
  if (source.noted) noted(source)
  else if (source.wanted) want(source)
}

/** A note says that the part is another one now: asked for at once, again where an answer is on its way. */
function noted(source: Source): void {
  // Also where nobody looks: the bell sounds in a hidden tab.
  source.noted = source.busy
  if (source.busy) return
  clearTimeout(source.timer)
  source.timer = window.setTimeout(() => {
    source.timer = 0
    void fetchPart(source)
  }, Math.max(0, source.last + NOTED_MS - Date.now()))
}

function want(source: Source): void {
  source.wanted = true
  if (source.busy || source.timer || document.hidden) return
  const wait = Math.max(SOON_MS, source.last + source.every - Date.now()) * (1 + Math.random() / 10)
  source.timer = window.setTimeout(() => {
    source.timer = 0
    if (!document.hidden) void fetchPart(source)
  }, wait)
}

/** How often a part is asked for again where no reading is heard: it says so itself while it waits for something. */
function renewal(element: HTMLElement): number {
  return element.dataset.renew ? Number(element.dataset.renew) * 1000 : RENEW_MS
}

export function startParts(): void {
  const sources = new Map<string, Source>()
  for (const element of document.querySelectorAll<HTMLElement>('[data-part-src]')) {
    const { dataset } = element
    const url = dataset.partSrc!
    const every = Number(dataset.every || 5) * 1000
    sources.set(url, { url, on: dataset.on ?? '', every, renew: renewal(element), of: dataset.of ?? '', heard: 0, last: Date.now(), etag: '', timer: 0, busy: false, wanted: false, noted: false, calm: dataset.calm !== undefined })
  }
  if (!sources.size) return
  const all = (): void => sources.forEach(want)
  document.addEventListener('tc:readings', (event) => {
    const readings = announced(event)
    for (const source of sources.values()) {
      if (source.of && !readings.some(({ code }) => code === source.of)) continue
      source.heard = Date.now()
      want(source)
    }
  })
  document.addEventListener('tc:note', (event) => {
    const { kind } = (event as CustomEvent<{ kind: string }>).detail
    // What changes all day long is asked for as after readings: seldom, and only while somebody looks.
    for (const source of sources.values()) if (source.on === kind) (source.calm ? want : noted)(source)
  })
  document.addEventListener('tc:resync', all)
  document.addEventListener('visibilitychange', () => document.hidden || sources.forEach((source) => source.wanted && want(source)))
  // Silence comes without a reading, and so does what was refused.
  setInterval(() => sources.forEach((source) => Date.now() - source.last >= source.renew && want(source)), 1_000)
}
