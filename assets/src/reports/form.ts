// The form of a report: photos made small, a place proposed, words judged on the phone, a draft that is never lost.
import { language, say } from '../words'
import { fresh, Places } from './place'
import { shrunk, taken, type Place } from './photos'
import { flush, TAG, type Outcome, type Unit } from './queue'
import { draft, dropDraft, dropWaiting, keepDraft, keepWaiting, mine, waiting, type Photo, type Waiting } from './store'
import { Hints } from './hints'
import { showWaiting } from './mine'
import { PhoneCode } from './phone'
import { somethingWaits } from './waits'
import { recognised, type Marker } from './words'

const AGAIN_MS = 15_000
const NAMES = ['words', 'category', 'lon', 'lat', 'address', 'unit', 'phone', 'proof', 'meant']

export class ReportForm {
  private photos: Photo[] = []
  private key: string
  private busy = false
  private sent = false
  private readonly places: Places
  private readonly hints: Hints
  private readonly markers: Marker[]
  private readonly state: HTMLElement

  constructor(private readonly form: HTMLFormElement) {
    this.key = form.dataset.key!
    this.markers = JSON.parse(form.dataset.markers!) as Marker[]
    this.state = form.querySelector('[data-report-state]')!
    this.places = new Places(form, () => this.changed())
    this.hints = new Hints(form, () => ({ ...this.fields(), key: this.key }), (category) => this.choose(category))
    new PhoneCode(form, () => this.changed())
    const file = form.querySelector<HTMLInputElement>('input[type=file]')!
    file.multiple = true
    file.addEventListener('change', () => void this.add([...(file.files ?? [])]).then(() => (file.value = '')))
    form.addEventListener('input', () => this.changed())
    form.addEventListener('submit', (event) => void this.submitted(event))
    addEventListener('online', () => void this.go())
    setInterval(() => void this.go(), AGAIN_MS)
    form.dataset.reportReady = ''
    void this.restore()
  }

  private field(name: string): HTMLInputElement | null {
    return this.form.elements.namedItem(name) as HTMLInputElement | null
  }

  private fields(): Record<string, string> {
    const found: Record<string, string> = {}
    for (const name of NAMES) {
      const field = this.field(name)
      if (field && (field.type !== 'checkbox' || field.checked) && field.value) found[name] = field.value
    }
    return found
  }

  private whole(): Waiting {
    return { key: this.key, language, fields: this.fields(), photos: this.photos, at: Date.now() }
  }

  private async restore(): Promise<void> {
    const kept = await draft().catch(() => undefined)
    // What the server gives back with a fault stands in the page already.
    if (kept && !this.field('words')!.value) {
      this.key = kept.key
      for (const [name, value] of Object.entries(kept.fields)) {
        const field = this.field(name)
        if (field?.type === 'checkbox') field.checked = true
        else if (field) field.value = value
      }
      this.photos = kept.photos
      this.pictures()
      this.places.show(true)
    } else this.key = fresh()
    this.hints.look()
    this.led()
    void this.go()
  }

  private changed(): void {
    this.led()
    this.hints.look()
    void keepDraft(this.whole()).catch(() => undefined)
  }

  private choose(category: string): void {
    this.field('category')!.value = category
    this.changed()
  }

  private async add(files: File[]): Promise<void> {
    const most = Number(this.form.dataset.most)
    for (const file of files.slice(0, most - this.photos.length)) {
      const place: Place | null = await taken(file)
      const blob = await shrunk(file)
      this.photos.push({ key: fresh(), name: blob === file ? file.name : file.name.replace(/\.\w+$/, '') + '.jpg', blob })
      if (place) this.places.propose(place)
      this.pictures()
    }
    this.changed()
  }

  private pictures(): void {
    const box = this.form.querySelector<HTMLElement>('[data-report-photos]')!
    box.replaceChildren(
      ...this.photos.map((photo, n) => {
        const figure = document.createElement('figure')
        const picture = document.createElement('img')
        picture.src = URL.createObjectURL(photo.blob)
        picture.alt = say('Photo {n}', { n: n + 1 })
        const away = document.createElement('button')
        away.type = 'button'
        away.className = 'btn btn-outline-secondary'
        away.textContent = say('Remove')
        away.setAttribute('aria-label', `${say('Remove')}: ${picture.alt}`)
        away.addEventListener('click', () => {
          this.photos = this.photos.filter((one) => one !== photo)
          this.pictures()
          this.changed()
        })
        figure.append(picture, away)
        return figure
      }),
    )
    const left = Number(this.form.dataset.most) - this.photos.length
    this.form.querySelector<HTMLElement>('.tc-report-add')!.hidden = left <= 0
  }

  /** Shows what the law has another door for; true where it must not be sent. */
  private led(): boolean {
    const { words = '', address = '', meant } = this.fields()
    const found = recognised(`${words}\n${address}`, this.markers)
    const box = this.form.querySelector<HTMLElement>('[data-report-led]')!
    const check = this.form.querySelector<HTMLElement>('[data-report-meant]')!
    box.hidden = !found
    check.hidden = !found || found.certain
    if (!found) return false
    const guidance = JSON.parse(this.form.dataset.guidance!) as Record<string, [string, string]>
    const office = this.form.dataset.office
    const lines = [...guidance[found.kind]!, ...(office ? [office] : []), say('It stays on this phone and is not sent.')]
    const text = lines.join('\n')
    if (box.dataset.said !== text) {
      box.replaceChildren(...lines.map((line, n) => Object.assign(document.createElement(n ? 'p' : 'b'), { textContent: line })))
      box.dataset.said = text
    }
    return found.certain || !meant
  }

  private fault(text: string, field?: string): void {
    this.state.textContent = text
    this.state.dataset.tone = 'bad'
    const at = field ? this.field(field) : null
    at?.setAttribute('aria-invalid', 'true')
    at?.focus()
  }

  private async submitted(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    this.form.querySelectorAll('[aria-invalid]').forEach((field) => field.removeAttribute('aria-invalid'))
    const said = this.fields()
    if (!said.lon && !said.unit && !said.address) return this.fault(say('Say where it is: tap the map, or choose the ward or commune.'), 'address')
    if (!said.words?.trim()) return this.fault(say('Say in a few words what is wrong.'), 'words')
    if (this.led()) return this.fault(say('This cannot be sent here: read what stands below your words.'), 'words')
    if (!said.category) return this.fault(say('Choose what it is about.'), 'category')
    try {
      await keepWaiting(this.whole())
      somethingWaits()
    } catch {
      // No room or no store on this phone: the page itself sends it, as without a script.
      return this.form.submit()
    }
    const worker = await navigator.serviceWorker?.getRegistration('/')
    await (worker as unknown as { sync?: { register(tag: string): Promise<void> } } | undefined)?.sync?.register(TAG).catch(() => undefined)
    await this.go()
  }

  private async go(): Promise<void> {
    if (this.busy || this.sent) return
    this.busy = true
    try {
      const before = (await waiting()).some((one) => one.key === this.key && one.fault === undefined)
      const outcomes = await flush(({ key, state }) => key === this.key && this.tell(state))
      const own = outcomes?.get(this.key)
      if (own) await this.settled(own)
      else if (before) await this.elsewhere()
      await showWaiting(this.key)
    } catch {
      this.tell('waits')
    } finally {
      this.busy = false
    }
  }

  /** Another page or the worker was at it. */
  private async elsewhere(): Promise<void> {
    if ((await waiting()).some((one) => one.key === this.key)) return this.tell('waits')
    const newest = (await mine()).sort((a, b) => b.at - a.at)[0]
    if (newest) await this.settled({ state: 'sent', mine: newest })
  }

  private tell(state: 'sending' | 'working' | 'waits'): void {
    delete this.state.dataset.tone
    this.state.textContent = this.state.dataset[state] ?? ''
  }

  private async settled(outcome: Outcome): Promise<void> {
    if (outcome.state === 'waits') return this.tell('waits')
    if (outcome.state === 'sent') {
      this.sent = true
      await dropDraft()
      return location.assign(`${outcome.mine.link}?new=1`)
    }
    await keepDraft(this.whole())
    await dropWaiting(this.key)
    this.offer(outcome.units)
    this.fault(outcome.fault, outcome.units.length ? 'unit' : undefined)
  }

  private offer(units: Unit[]): void {
    const select = this.field('unit') as unknown as HTMLSelectElement | null
    if (!units.length || !select) return
    const group = document.createElement('optgroup')
    group.label = say('By your address')
    group.append(...units.map((unit) => new Option(unit.name, unit.code)))
    select.querySelector('optgroup')?.remove()
    select.options[0]!.after(group)
  }
}
