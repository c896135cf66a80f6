// Hands live readings to the page as tc:readings events, a frame at a time, and says when the connection is lost.
import { LiveSource, type Frame, type LiveMessage, type Note, type Row, type State } from './live-source'
import { showBanner } from './shell'
import { say } from './words'

declare const LIVE_WORKER: string
const PATIENCE_MS = 10_000

export interface Reading { code: string; series: string; time: number; value: number; quality: number; level: number }

export function announced(event: Event): Reading[] {
  return (event as CustomEvent<Reading[]>).detail
}

/** Elements that show one of the readings, by the attribute in which they name it: one look at the page for a frame. */
export function* shownBy(attribute: string, readings: Reading[]): Generator<[HTMLElement, Reading]> {
  const named = new Map<string, HTMLElement[]>()
  for (const element of document.querySelectorAll<HTMLElement>(`[${attribute}]`)) {
    const key = element.getAttribute(attribute)!
    named.set(key, [...(named.get(key) ?? []), element])
  }
  if (!named.size) return
  for (const reading of readings) for (const element of named.get(`${reading.code}/${reading.series}`) ?? []) yield [element, reading]
}

function announce(rows: Row[]): void {
  if (!rows.length) return
  const detail = rows.map(([code, series, time, value, quality, level]): Reading => ({ code, series, time, value, quality, level }))
  document.dispatchEvent(new CustomEvent('tc:readings', { detail }))
}

/** Something else than a reading changed: who shows it asks for it. */
function pass(notes: Note[]): void {
  for (const note of notes) document.dispatchEvent(new CustomEvent('tc:note', { detail: note }))
}

let banner = 0
let missed: string | null = null

/** What arrived at the centre after this page was made and before it began to listen: asked for once. */
async function catchUp(): Promise<void> {
  if (!missed) return
  const url = missed
  missed = null
  try {
    const answer = await fetch(url, { cache: 'no-store' })
    if (!answer.ok) return
    const frame = (await answer.json()) as Frame
    pass(frame.notes ?? [])
    announce(frame.readings)
  } catch {
    // the line went again: its return fetches anew what the page shows
  }
}

function stateChanged(state: State, again: boolean): void {
  document.documentElement.dataset.live = state
  if (state !== 'lost') void catchUp()
  clearTimeout(banner)
  if (state === 'lost') {
    banner = window.setTimeout(
      () => showBanner(say('Connection lost. Figures are no longer live; trying again.')),
      PATIENCE_MS,
    )
    return
  }
  showBanner(null)
  // Whatever was missed is fetched again by the elements that show it.
  if (again) document.dispatchEvent(new CustomEvent('tc:resync'))
}

function receive(message: LiveMessage): void {
  if (message.kind === 'readings') {
    // What somebody has to act on does not wait behind what only moves.
    pass(message.notes)
    announce(message.rows)
  } else stateChanged(message.state, message.again)
}

function direct(url: string): void {
  const source = new LiveSource(url, receive)
  source.start()
  addEventListener('online', () => source.wake())
  document.addEventListener('visibilitychange', () => document.hidden || source.wake())
  addEventListener('pagehide', () => source.stop())
}

function shared(url: string): void {
  const worker = new SharedWorker(new URL(LIVE_WORKER, import.meta.url), { name: 'toancanh-live' })
  worker.port.onmessage = (event: MessageEvent<LiveMessage>) => receive(event.data)
  worker.port.postMessage({ kind: 'hello', url })
  worker.onerror = () => direct(url) // script refused or outdated: this tab alone
  addEventListener('online', () => worker.port.postMessage({ kind: 'wake' }))
  document.addEventListener('visibilitychange', () => document.hidden || worker.port.postMessage({ kind: 'wake' }))
  addEventListener('pagehide', () => worker.port.postMessage({ kind: 'bye' }))
  addEventListener('pageshow', (event) => event.persisted && location.reload())
}

export function startLive(): void {
  const wanted = document.querySelector<HTMLElement>('[data-live-url], tc-map[live], tc-chart[live], [data-reading]')
  if (!wanted) return
  const path = document.querySelector<HTMLElement>('[data-live-url]')?.dataset.liveUrl || wanted.getAttribute('live') || '/live'
  const url = new URL(path, location.href).href
  const made = document.body.dataset.liveSince
  if (made) missed = `${url}/poll?since=${made}`
  if (typeof SharedWorker === 'undefined') direct(url)
  else shared(url)
}
