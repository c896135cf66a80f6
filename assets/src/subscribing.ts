// Subscribing this browser to warnings of a commune by Web Push: no account, no name.
import { bytes } from './push-key'
import { language, say } from './words'

export class Subscribing {
  private readonly on: HTMLButtonElement
  private readonly off: HTMLButtonElement
  private readonly line: HTMLElement
  private readonly box: HTMLElement
  private commune = ''
  private units: string[] = []

  constructor(private readonly mine: HTMLElement) {
    this.box = mine.querySelector('[data-subscribe]')!
    this.on = mine.querySelector('[data-on]')!
    this.off = mine.querySelector('[data-off]')!
    this.line = mine.querySelector('[data-subscribed]')!
  }

  async start(): Promise<void> {
    this.on.addEventListener('click', () => void this.busy(() => this.subscribe()))
    this.off.addEventListener('click', () => void this.busy(() => this.leave()))
    if (!isSecureContext || !navigator.serviceWorker || !('PushManager' in window)) {
      this.box.hidden = false
      this.on.hidden = true
      this.line.textContent = say('This browser takes no pushes here. On an iPhone, add the page to the home screen first.')
      return
    }
    const known = await this.subscription()
    if (known) this.units = (await this.post({ endpoint: known.endpoint, ask: true }).catch(() => null))?.units ?? []
    this.show()
  }

  async choose(commune: string): Promise<void> {
    this.commune = commune
    this.show()
  }

  private async subscription(): Promise<PushSubscription | null> {
    const worker = await navigator.serviceWorker.getRegistration('/')
    return worker ? worker.pushManager.getSubscription() : null
  }

  private show(): void {
    const here = this.units.includes(this.commune)
    this.box.hidden = !this.commune && !this.units.length
    this.on.hidden = !this.commune || here
    this.off.hidden = !this.units.length
    if (!this.units.length) return
    const names = this.units.map((code) => this.mine.querySelector(`option[value="${code}"]`)?.textContent ?? code)
    this.line.textContent = say('This device is warned for: {places}.', { places: names.join(', ') })
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

  private async subscribe(): Promise<void> {
    if ((await Notification.requestPermission()) !== 'granted') {
      throw new Error(say('Notifications are switched off for this page: allow them in the settings of the browser.'))
    }
    const worker = await navigator.serviceWorker.register('/sw.js')
    await navigator.serviceWorker.ready
    const { key } = (await (await fetch(this.mine.dataset.subscribing!)).json()) as { key: string }
    if (!key) throw new Error(say('The centre sends no pushes at present.'))
    const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) })
    const { endpoint, keys } = made.toJSON()
    const units = [...new Set([...this.units, this.commune])]
    await this.post({ endpoint, keys, units, language })
    this.units = units
    this.show()
  }

  private async leave(): Promise<void> {
    const known = await this.subscription()
    if (known) {
      await this.post({ endpoint: known.endpoint })
      await known.unsubscribe()
    }
    this.units = []
    this.line.textContent = say('This device is not warned any more.')
    this.show()
  }

  private async post(body: object): Promise<{ units?: string[] }> {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' }
    const answer = await fetch(this.mine.dataset.subscribing!, { method: 'POST', headers, body: JSON.stringify(body) })
    const said = (await answer.json().catch(() => ({}))) as { units?: string[]; detail?: string; title?: string }
    if (!answer.ok) throw new Error(said.detail ?? said.title ?? '')
    return said
  }
}
