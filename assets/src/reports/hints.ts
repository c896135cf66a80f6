// What the centre says while the form is filled: whose place it is, what it may be about, who has said it already.
import { language, say } from '../words'
import { keepMine } from './store'
import { proposed, recognised, type Marker } from './words'

const PAUSE_MS = 700
interface Near { code: string; category: string; metres: number; state: string; opened: string; followers: number }
interface Said { unit: string; outside: string; proposed: string[]; near: Near[] }

export class Hints {
  private timer = 0
  private asked = ''
  private readonly keywords: Record<string, string[]>
  private readonly markers: Marker[]

  constructor(
    private readonly form: HTMLFormElement,
    private readonly fields: () => Record<string, string>,
    private readonly choose: (category: string) => void,
  ) {
    this.keywords = JSON.parse(form.dataset.keywords!) as Record<string, string[]>
    this.markers = JSON.parse(form.dataset.markers!) as Marker[]
  }

  look(): void {
    const said = this.fields()
    this.propose(proposed(said.words ?? '', this.keywords), said.category ?? '')
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => void this.ask().catch(() => undefined), PAUSE_MS)
  }

  private async ask(): Promise<void> {
    const { words = '', category = '', lon = '', lat = '' } = this.fields()
    if (!navigator.onLine || (!lon && words.length < 8)) return
    const isOurs = recognised(words, this.markers) === null
    const body = new URLSearchParams({ words: isOurs ? words : '', category, lon, lat })
    if (this.asked === body.toString()) return
    this.asked = body.toString()
    const headers = { Accept: 'application/json', 'Accept-Language': language }
    const answer = await fetch('/reports/hints/', { method: 'POST', body, headers })
    if (!answer.ok) return
    const said = (await answer.json()) as Said
    const at = this.form.querySelector<HTMLElement>('[data-report-at]')!
    if (lon) at.textContent = said.outside || `${say('The place is marked.')} ${said.unit}`
    if (lon) at.dataset.tone = said.outside ? 'bad' : ''
    if (said.proposed.length) this.propose(said.proposed, category)
    this.near(said.near)
  }

  private propose(codes: string[], chosen: string): void {
    const box = this.form.querySelector<HTMLElement>('[data-report-proposed]')!
    const select = this.form.elements.namedItem('category') as HTMLSelectElement
    const offered = codes.map((code) => [...select.options].find((option) => option.value === code)).filter((one) => one !== undefined)
    box.hidden = !offered.length
    const key = `${codes.join()} ${chosen}`
    if (box.dataset.key === key) return
    box.dataset.key = key
    box.replaceChildren(
      ...offered.map((option) => {
        const button = document.createElement('button')
        button.type = 'button'
        button.className = 'btn btn-outline-primary'
        button.textContent = option.textContent
        button.setAttribute('aria-pressed', String(option.value === chosen))
        button.addEventListener('click', () => this.choose(option.value))
        return button
      }),
    )
  }

  private near(rows: Near[]): void {
    const box = this.form.querySelector<HTMLElement>('[data-report-near]')!
    box.hidden = !rows.length
    const head = document.createElement('b')
    head.textContent = say('Somebody may have reported this already:')
    const list = document.createElement('ul')
    list.append(...rows.map((row) => this.row(row)))
    box.replaceChildren(head, list)
  }

  private row(row: Near): HTMLElement {
    const item = document.createElement('li')
    const days = Math.floor((Date.now() - Date.parse(row.opened)) / 86_400_000)
    const when = days < 1 ? say('today') : say('{n} days ago', { n: days })
    const text = document.createElement('span')
    text.textContent = `${row.category} · ${say('about {n} m away', { n: row.metres })} · ${when}`
    const state = document.createElement('small')
    state.textContent = row.state
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'btn btn-outline-primary'
    button.textContent = say('Same thing: follow it')
    button.addEventListener('click', () => void this.follow(row, button))
    item.append(text, state, button)
    return item
  }

  private async follow(row: Near, button: HTMLButtonElement): Promise<void> {
    button.disabled = true
    const { proof = '', key = '' } = this.fields()
    const body = new URLSearchParams({ code: row.code, key, proof })
    const headers = { Accept: 'application/json', 'Accept-Language': language }
    try {
      const answer = await fetch('/reports/follow/', { method: 'POST', body, headers })
      const said = (await answer.json()) as { link?: string; code?: string; detail?: string }
      if (!answer.ok || !said.link) throw new Error(said.detail)
      await keepMine({ link: said.link, code: said.code ?? row.code, title: row.category, at: Date.now() }).catch(() => undefined)
      location.assign(`${said.link}?new=1`)
    } catch (fault) {
      button.disabled = false
      button.textContent = (fault instanceof Error && fault.message) || say('That did not work. Try again.')
    }
  }
}
