// What stands around the map: tools, layers, legend, list of stations, the card of what was chosen.
import { refreshAges } from '../ages'
import { moment, number, since } from '../time'
import { say } from '../words'
import { addsUp, amount, doubts, figure, shape, tone } from './pills'
import type { LayerSpec, Station } from './stations'

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = '', text = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  return element
}

const drawing = (paths: string): string =>
  `<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`
export const ICONS = {
  plus: drawing('<path d="M12 5v14M5 12h14"/>'),
  minus: drawing('<path d="M5 12h14"/>'),
  close: drawing('<path d="M18 6 6 18M6 6l12 12"/>'),
  layers: drawing('<path d="M12 4 4 8l8 4 8-4-8-4M4 12l8 4 8-4M4 16l8 4 8-4"/>'),
  list: drawing('<path d="M9 6h11M9 12h11M9 18h11M5 6v.01M5 12v.01M5 18v.01"/>'),
  legend: drawing('<path d="M4 5h4v4H4zM4 15h4v4H4zM12 7h8M12 17h8"/>'),
}

export function button(icon: string, label: string, act: () => void, text = ''): HTMLButtonElement {
  const element = make('button', 'tc-map-button')
  element.type = 'button'
  element.innerHTML = icon
  element.setAttribute('aria-label', label)
  element.title = label
  if (text) element.append(make('span', '', text))
  element.addEventListener('click', act)
  return element
}

export function chip(station: Station): HTMLElement {
  const element = make('span', 'tc-pill-body')
  element.dataset.tone = tone(station)
  element.dataset.level = station.stale ? '' : String(station.level)
  element.innerHTML = shape(station)
  element.append(figure(station))
  return element
}

/** A button that opens a panel; Escape or the button closes it. */
export function disclosure(icon: string, label: string, panel: HTMLElement, text = '', opened = (): void => {}): HTMLButtonElement {
  const toggle = (open: boolean): void => {
    panel.hidden = !open
    if (open) opened()
    trigger.setAttribute('aria-expanded', String(open))
  }
  const trigger = button(icon, label, () => toggle(panel.hidden === true), text)
  panel.id ||= `tc-map-${Math.random().toString(36).slice(2, 8)}`
  trigger.setAttribute('aria-controls', panel.id)
  toggle(panel.hidden === false)
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    toggle(false)
    trigger.focus()
  })
  return trigger
}

const MEMORY = 'tc-map-layers-off'

export class LayerPanel {
  readonly element = make('div', 'tc-map-panel')
  private off: Set<string>

  constructor(specs: LayerSpec[], changed: () => void) {
    this.off = new Set(this.recall())
    const list = make('fieldset')
    list.append(make('legend', '', say('Layers')))
    for (const spec of specs) {
      const label = make('label', 'form-check')
      const input = make('input', 'form-check-input')
      input.type = 'checkbox'
      input.name = spec.key
      input.checked = !this.off.has(spec.key)
      input.addEventListener('change', () => {
        if (input.checked) this.off.delete(spec.key)
        else this.off.add(spec.key)
        this.remember()
        changed()
      })
      label.append(input, make('span', 'form-check-label', spec.title))
      list.append(label)
    }
    this.element.append(list)
  }

  shows(key: string): boolean {
    return !this.off.has(key)
  }

  private recall(): string[] {
    try {
      return JSON.parse(localStorage.getItem(MEMORY) ?? '[]') as string[]
    } catch {
      return []
    }
  }

  private remember(): void {
    try {
      localStorage.setItem(MEMORY, JSON.stringify([...this.off]))
    } catch {
      // storage refused: the choice lasts as long as the page
    }
  }
}

export class StationList {
  readonly element = make('div', 'tc-map-panel tc-map-list')
  private readonly list = make('ul')
  private readonly filter = make('input', 'form-control')
  private readonly rows = new Map<string, { row: HTMLLIElement; button: HTMLButtonElement; text: string }>()

  constructor(private readonly open: (code: string) => void) {
    this.filter.type = 'search'
    this.filter.placeholder = say('Find a station')
    this.filter.setAttribute('aria-label', say('Find a station'))
    this.filter.addEventListener('input', () => this.sift())
    this.element.append(make('h2', '', say('Stations')), this.filter, this.list)
  }

  update(stations: Station[]): void {
    const codes = new Set(stations.map((station) => station.code))
    for (const [code, { row }] of this.rows) {
      if (codes.has(code)) continue
      row.remove()
      this.rows.delete(code)
    }
    const focused = this.list.contains(document.activeElement)
    for (const station of stations) {
      const row = this.row(station)
      if (!focused || !row.isConnected) this.list.append(row)
    }
    this.sift()
  }

  private row(station: Station): HTMLLIElement {
    let known = this.rows.get(station.code)
    if (!known) {
      const row = make('li')
      const trigger = make('button', 'tc-map-row')
      trigger.type = 'button'
      trigger.addEventListener('click', () => this.open(station.code))
      row.append(trigger)
      known = { row, button: trigger, text: '' }
      this.rows.set(station.code, known)
    }
    const text = `${tone(station)}|${figure(station)}|${station.name}|${station.levelName}`
    if (text !== known.text) {
      known.text = text
      const words = make('span', 'tc-map-row-name', station.name)
      words.append(make('small', '', [station.unitName, station.stale ? silence(station) : station.levelName, ...doubts(station)].filter(Boolean).join(' · ')))
      known.button.replaceChildren(words, chip(station))
    }
    return known.row
  }

  private sift(): void {
    const wanted = fold(this.filter.value)
    for (const { row } of this.rows.values()) row.hidden = !fold(row.textContent ?? '').includes(wanted)
  }
}

/** Folds Vietnamese so that "duong no" finds "Dương Nỗ". */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/[\u0300-\u036f]/g, '').replace(/[đĐ]/g, 'd').toLowerCase().trim()
}

export function silence(station: Station): string {
  return station.time === null ? say('No reading yet') : say('No signal since {time}', { time: since(station.time) })
}

function facts(station: Station): HTMLElement {
  const list = make('dl', 'tc-facts')
  const add = (title: string, value: string): void => void list.append(make('dt', '', title), make('dd', '', value))
  if (addsUp(station)) add(say('Last reading'), amount(station))
  if (station.sum1h !== null) add(say('Rain, 1 hour'), `${number(station.sum1h, 1)} ${station.unit}`)
  if (station.sum24h !== null) add(say('Rain, 24 hours'), `${number(station.sum24h, 1)} ${station.unit}`)
  for (const limit of station.limits) {
    add(limit.name, `${number(limit.value, station.precision)} ${station.unit}${limit.verified ? '' : ` (${say('unverified')})`}`)
  }
  if (!addsUp(station) && !station.limits.length) add(say('Alarm levels'), say('No alarm levels set'))
  return list
}

export function stationCard(station: Station): HTMLElement[] {
  const head = make('p', 'tc-map-card-figure')
  head.append(chip(station))
  if (station.levelName && !station.stale) head.append(make('b', '', station.levelName))
  head.append(...doubts(station).map((doubt) => make('span', 'tc-tag', doubt)))
  const parts: HTMLElement[] = [head]
  if (station.sentence && !station.stale) parts.push(make('p', 'tc-map-sentence', station.sentence))
  const age = make('p', 'tc-age')
  if (station.time !== null) {
    const time = make('time')
    time.dateTime = new Date(station.time).toISOString()
    time.dataset.age = ''
    time.title = moment(station.time)
    age.append(`${moment(station.time)} · `, time)
  }
  if (station.stale) {
    const words = make('p', 'tc-stale is-shown', silence(station))
    parts.push(words)
  }
  if (station.quality & 1) parts.push(make('p', 'tc-mark', say('out of range')))
  parts.push(age, facts(station))
  if (station.url) {
    const link = make('a', 'btn btn-primary', say('Open the station’s page'))
    link.href = station.url
    parts.push(link)
  }
  queueMicrotask(() => refreshAges(age))
  return parts
}

export function unitCard(stations: Station[], open: (code: string) => void): HTMLElement[] {
  if (!stations.length) return [make('p', 'tc-age', say('No stations here.'))]
  const list = make('ul', 'tc-map-plain')
  for (const station of stations) {
    const row = make('li')
    const trigger = make('button', 'tc-map-row')
    trigger.type = 'button'
    const words = make('span', 'tc-map-row-name', station.name)
    words.append(make('small', '', station.kindTitle))
    trigger.append(words, chip(station))
    trigger.addEventListener('click', () => open(station.code))
    row.append(trigger)
    list.append(row)
  }
  return [make('h3', '', say('Stations in this commune')), list]
}
