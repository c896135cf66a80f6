// The key of the map: the names of the limits that its stations have, and the classes that its layers declare.
import { levelTitle, type Limit } from '../sentence'
import { say } from '../words'
import { ICONS, make } from './panels'
import { shape } from './pills'
import type { LayerSpec, Station } from './stations'

function sample(tone: string, level: string, words: string): HTMLElement {
  const row = make('li')
  const mark = make('span', 'tc-pill-body')
  mark.dataset.tone = tone
  mark.dataset.level = level
  const amounts = level === '' && tone !== 'stale'
  mark.innerHTML = shape({ stale: tone === 'stale', level: level === '' ? -1 : Number(level), sum24h: null, rainClass: amounts ? tone : '' } as Station)
  row.append(mark, words)
  return row
}

function group(title: string, rows: HTMLElement[]): HTMLElement {
  const element = make('div')
  const list = make('ul')
  list.append(...rows)
  if (title) element.append(make('b', '', title))
  element.append(list)
  return element
}

export class Legend {
  readonly element = make('details', 'tc-map-legend')
  private readonly body = make('div', 'tc-map-legend-body')
  private told = '-'

  constructor(private readonly specs: LayerSpec[], open: boolean) {
    this.element.open = open
    const summary = make('summary')
    summary.innerHTML = ICONS.legend
    summary.append(say('Legend'))
    this.element.append(summary, this.body)
    this.update([])
  }

  /** Names the levels as the station with the most of them does. */
  update(stations: Station[]): void {
    const limits = stations.reduce<Limit[]>((most, { limits: own }) => (own.length > most.length ? own : most), [])
    const names = limits.map((limit) => limit.name).join('|')
    if (names === this.told) return
    this.told = names
    const levels = limits.length ? [0, ...limits.map((_limit, at) => at + 1)] : []
    const parts = levels.length ? [group(say('Alarm levels'), levels.map((n) => sample(String(Math.min(3, n)), String(n), levelTitle(n, limits))))] : []
    for (const { legend } of this.specs) {
      if (legend) parts.push(group(legend.title, legend.classes.map(([key, title]) => sample(key, '', title))))
    }
    this.body.replaceChildren(...parts, group('', [sample('stale', '', say('No signal (older than twice its period)'))]))
  }
}
