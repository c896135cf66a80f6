// The console's service worker: shows what somebody on duty is told. It keeps no page: those are for who is signed in.
import { bytes } from './push-key'
import { showPushes } from './pushed'

const worker = self as unknown as ServiceWorkerGlobalScope
const DOOR = '/console/duty/reach/push'

interface Changed extends ExtendableEvent { readonly oldSubscription?: PushSubscription | null; readonly newSubscription?: PushSubscription | null }

showPushes(worker, () => '/console/', async () => undefined)

worker.addEventListener('install', (event) => event.waitUntil(worker.skipWaiting()))

/** The browser's maker has given out another address: the next page would mend it, but until then nobody is told. */
async function renewed(event: Changed): Promise<void> {
  const { key } = (await (await fetch(DOOR, { headers: { Accept: 'application/json' } })).json()) as { key: string }
  const options = { userVisibleOnly: true, applicationServerKey: bytes(key) }
  const made = event.newSubscription ?? (await worker.registration.pushManager.subscribe(options))
  const body = JSON.stringify({ ...made.toJSON(), replaces: event.oldSubscription?.endpoint ?? '' })
  await fetch(DOOR, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })
}

worker.addEventListener('pushsubscriptionchange', (event) => {
  const changed = event as Changed
  // Without its old address nobody knows whose it was.
  if (changed.oldSubscription) changed.waitUntil(renewed(changed).catch(() => undefined))
})
