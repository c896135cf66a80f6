// Telling somebody on duty in this browser: switched on and off on a page of his, renewed when the browser or the
// centre has another key or address by now.
import { bytes, isOf } from './push-key'
import { say } from './words'

const DOOR = '/console/duty/reach/push'
const SCOPE = '/console/'
const KNOWN = 'tc-officer-push'

type State = 'on' | 'off' | 'other'
interface Answer { state?: State; key?: string; detail?: string; title?: string }

function remembered(): string {
  try {
    return localStorage.getItem(KNOWN) ?? ''
  } catch {
    return ''
  }
}

function remember(endpoint: string): void {
  try {
    if (endpoint) localStorage.setItem(KNOWN, endpoint)
    else localStorage.removeItem(KNOWN)
  } catch {
    // a private window: it is told all the same, and renewed by hand
  }
}

async function ask(body?: object): Promise<Answer> {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' }
  const answer = await fetch(DOOR, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers })
  const said = (await answer.json().catch(() => ({}))) as Answer
  if (!answer.ok) throw new Error(said.detail ?? said.title ?? '')
  return said
}

async function registration(): Promise<ServiceWorkerRegistration | null> {
  const found = await navigator.serviceWorker.getRegistration(SCOPE)
  // Where there is none of the console's own, the public pages' stands for it.
  return found && new URL(found.scope).pathname === SCOPE ? found : null
}

async function subscription(): Promise<PushSubscription | null> {
  const worker = await registration()
  return worker ? worker.pushManager.getSubscription() : null
}

async function subscribe(replaces: string): Promise<void> {
  const { key } = await ask()
  if (!key) throw new Error(say('The centre sends no pushes at present.'))
  const worker = await navigator.serviceWorker.register('/console/sw.js', { scope: SCOPE })
  await active(worker)
  const known = await worker.pushManager.getSubscription()
  if (known && !isOf(known, key)) await known.unsubscribe()
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })
  const { endpoint, keys } = made.toJSON()
  await ask({ endpoint, keys, replaces })
  remember(endpoint ?? '')
}

/** A worker that is still starting takes no subscription. */
async function active(worker: ServiceWorkerRegistration): Promise<void> {
  const starting = worker.installing ?? worker.waiting
  if (worker.active || !starting) return
  await new Promise<void>((resolve) => {
    starting.addEventListener('statechange', () => starting.state === 'activated' && resolve())
  })
}

/** Once a session: mend what changed since, unless it was switched off elsewhere. */
export async function renew(): Promise<void> {
  const before = remembered()
  if (!before || !navigator.serviceWorker || !('PushManager' in window) || Notification.permission !== 'granted') return
  const known = await subscription()
  const { key } = await ask()
  if (!key) return
  const isSame = known?.endpoint === before
  const { state } = await ask({ endpoint: before })
  // Colleagues share the browser: it tells the one who switched it on.
  if (state === 'other') return
  if (state === 'off' && isSame) {
    remember('')
    await known?.unsubscribe()
  } else if (!isSame || !isOf(known!, key)) {
    await subscribe(before)
  }
}

class OfficerPush {
  private readonly on: HTMLButtonElement
  private readonly off: HTMLButtonElement
  private readonly line: HTMLElement

  constructor(box: HTMLElement) {
    this.on = box.querySelector('[data-on]')!
    this.off = box.querySelector('[data-off]')!
    this.line = box.querySelector('[data-line]')!
  }

  async start(): Promise<void> {
    if (!isSecureContext || !navigator.serviceWorker || !('PushManager' in window)) {
      this.line.textContent = say('This browser takes no pushes here. On an iPhone, add the page to the home screen first.')
      return
    }
    this.on.addEventListener('click', () => void this.busy(() => this.switchOn()))
    this.off.addEventListener('click', () => void this.busy(() => this.switchOff()))
    await renew().catch(() => undefined)
    const known = await subscription()
    const state = known ? ((await ask({ endpoint: known.endpoint }).catch(() => ({}) as Answer)).state ?? 'off') : 'off'
    this.show(state)
  }

  private show(state: State): void {
    this.on.hidden = state === 'on'
    this.off.hidden = state !== 'on'
    if (state === 'on') this.line.textContent = say('You are told in this browser.')
    if (state === 'other') this.line.textContent = say('Somebody else is told in this browser. Switching it on tells you instead.')
  }

  private async busy(work: () => Promise<void>): Promise<void> {
    this.on.disabled = this.off.disabled = true
    try {
      await work()
    } catch (fault) {
      this.line.textContent = fault instanceof Error && fault.message ? fault.message : say('That did not work. Try again.')
    } finally {
      this.on.disabled = this.off.disabled = false
    }
  }

  private async switchOn(): Promise<void> {
    if ((await Notification.requestPermission()) !== 'granted') {
      throw new Error(say('Notifications are switched off for this page: allow them in the settings of the browser.'))
    }
    await subscribe(remembered())
    // The list of browsers, with its trial, is the server's.
    location.reload()
  }

  private async switchOff(): Promise<void> {
    const known = await subscription()
    if (known) {
      await ask({ endpoint: known.endpoint, is_off: true })
      await known.unsubscribe()
    }
    remember('')
    location.reload()
  }
}

export function startOfficerPush(box: HTMLElement): void {
  void new OfficerPush(box).start()
}
