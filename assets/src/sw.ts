// The service worker: shows pushes, keeps the last warnings and the form of reports for when there is no network, and
// sends reports that waited for it.
import { showPushes } from './pushed'
import { flush, TAG } from './reports/queue'

const worker = self as unknown as ServiceWorkerGlobalScope

const CACHE = 'toancanh-warnings-1'
const ROOTS = ['/warnings/', '/en/warnings/']
const DATA = ['/warnings/now.json', '/warnings/places.json']
const REPORTS = ['/reports/new/', '/reports/']
const KEPT_AT = 'x-kept-at'
const PATIENCE_MS = 6_000

function isWarning(path: string): boolean {
  return ROOTS.some((root) => path.startsWith(root)) && path !== '/warnings/subscription'
}

/** A copy that says when it was taken: the page tells its reader. */
async function kept(answer: Response): Promise<Response> {
  const headers = new Headers(answer.headers)
  headers.set(KEPT_AT, String(Date.now()))
  headers.delete('content-encoding')
  return new Response(await answer.blob(), { status: answer.status, headers })
}

async function keep(path: string): Promise<string> {
  const answer = await fetch(path, { cache: 'no-cache' })
  if (!answer.ok) return ''
  const text = path.endsWith('/') ? await answer.clone().text() : ''
  await (await caches.open(CACHE)).put(path, await kept(answer))
  return text
}

/** The pages of now in both languages, all that they lead to and all that they load. */
async function keepAll(): Promise<void> {
  const files = new Set<string>()
  const note = (html: string): void => {
    for (const [, path] of html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)) files.add(path!)
  }
  for (const root of [...ROOTS, ...REPORTS]) note(await keep(root))
  await Promise.all(DATA.map(keep))
  const now = await (await caches.match('/warnings/now.json'))?.json()
  for (const warning of now?.warnings ?? []) {
    for (const url of Object.values(warning.url as Record<string, string>)) note(await keep(url))
  }
  const cache = await caches.open(CACHE)
  for (const file of files) if (!(await cache.match(file))) await cache.add(file).catch(() => undefined)
}

function timely(request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('late')), PATIENCE_MS)
    fetch(request).then(resolve, reject).finally(() => clearTimeout(late))
  })
}

async function freshOrKept(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(CACHE)
  try {
    const answer = await timely(request)
    if (answer.status < 500) {
      if (answer.ok) await cache.put(path, await kept(answer.clone()))
      return answer
    }
    return (await cache.match(path)) ?? answer
  } catch {
    const found = (await cache.match(path)) ?? (request.mode === 'navigate' ? await cache.match(ROOTS[0]!) : undefined)
    return found ?? Response.error()
  }
}

/** Names of built files hold their content's hash: what is kept is right for ever. */
async function keptOrFresh(request: Request): Promise<Response> {
  const found = await caches.match(request)
  return found ?? fetch(request)
}

worker.addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => worker.skipWaiting()))
})

worker.addEventListener('activate', (event) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
  event.waitUntil(old.then(() => worker.clients.claim()))
})

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (event.request.method !== 'GET' || url.origin !== location.origin) return
  const isHome = url.pathname === '/' && event.request.mode === 'navigate'
  const isReport = event.request.mode === 'navigate' && REPORTS.includes(url.pathname) && !url.search
  if (isWarning(url.pathname) || isReport) event.respondWith(freshOrKept(event.request, url.pathname))
  else if (isHome) event.respondWith(timely(event.request).catch(async () => (await caches.match(ROOTS[0]!)) ?? Response.error()))
  else if (url.pathname.startsWith('/static/')) event.respondWith(keptOrFresh(event.request))
})

showPushes(worker, (spoken) => ROOTS[spoken === 'en' ? 1 : 0]!, () => keepAll().catch(() => undefined))

// Reports that waited for the network go also when no page is open.
worker.addEventListener('sync', (event) => {
  const sync = event as unknown as ExtendableEvent & { tag: string }
  if (sync.tag !== TAG) return
  const sent = flush().then((outcomes) => {
    // Where something still waits, the browser calls again.
    if (outcomes && [...outcomes.values()].some(({ state }) => state === 'waits')) throw new Error('waits')
  })
  sync.waitUntil(sent)
})

worker.addEventListener('message', (event) => {
  if (event.data === 'keep') event.waitUntil(keepAll().catch(() => undefined))
})
