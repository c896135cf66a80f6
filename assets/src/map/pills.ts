// Station markers: a coloured label with shape and value above its dot; where labels would overlap, the more serious one stays.
import type { Map as GLMap } from 'maplibre-gl'
import { pulse } from '../readings'
import { levelTitle } from '../sentence'
import { number } from '../time'
import { say } from '../words'
import { rank, type Station } from './stations'

const MOST = 160
const BARS = '<svg class="tc-bars" viewBox="0 0 12 12" aria-hidden="true"><rect x=".6" y="7.5" width="2.6" height="3.9"/><rect x="4.7" y="4.5" width="2.6" height="6.9"/><rect x="8.8" y="1.1" width="2.6" height="10.3"/></svg>'
const line = (paths: string): string =>
  `<svg class="tc-pill-shape" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`
export const DROP = line('<path d="M12 3.5c3.5 4.2 6 7.3 6 10.5a6 6 0 0 1-12 0c0-3.2 2.5-6.3 6-10.5z"/>')
export const SILENT = line('<circle cx="12" cy="12" r="9"/><path d="M12 7v5l3 2"/>')
const WAVES = line('<path d="M3 9c3-2.5 5-2.5 9 0s6 2.5 9 0M3 16c3-2.5 5-2.5 9 0s6 2.5 9 0"/>')

const DOT = line('<circle cx="12" cy="12" r="4"/>')

/** Whether its readings are amounts of which the day's sum matters, such as rain. */
export function addsUp(station: Station): boolean {
  return station.sum24h !== null || station.rainClass !== ''
}

/** The key of a station's colour. */
export function tone(station: Station): string {
  if (station.stale) return 'stale'
  if (addsUp(station)) return station.rainClass || 'none'
  return station.level >= 0 ? String(Math.min(3, station.level)) : 'unknown'
}

export function shape(station: Station): string {
  if (station.stale) return SILENT
  if (addsUp(station) || station.symbol === 'droplet') return DROP
  if (station.level >= 0) return BARS
  return station.symbol === 'ripple' ? WAVES : DOT
}

/** The last reading as written. */
export function amount(station: Station): string {
  return station.value === null ? '—' : `${number(station.value, station.precision)} ${station.unit}`
}

/** What the label says: the level of a river, the day's rain (its colour tells the class of the same sum). */
export function figure(station: Station): string {
  if (station.sum24h !== null) return `${number(station.sum24h, 0)} ${station.unit}`
  return amount(station)
}

/** What of a station was not checked against its source; a sample says that it is one. */
export function doubts(station: Station): string[] {
  const level = station.level >= 0 && !station.stale && !station.levelVerified ? say('level not verified') : ''
  const place = station.sample ? say('sample station') : station.placed ? '' : say('position not verified')
  return [level, place].filter(Boolean)
}

interface Pill { station: Station; element: HTMLButtonElement; text: string }

/** West, north, east, south in pixels. */
type Area = [number, number, number, number]

const meet = (a: Area, b: Area): boolean => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1]

/** Rank from which a label may stand below its point: gauges, and whatever has reached a level. */
const SERIOUS = 5
const HEAVY = ['heavy', 'very_heavy']
/** From here on there is room to label stations that never sent anything; further out they are dots. */
const NEAR = 10.5

export class Pills {
  private readonly pills = new Map<string, Pill>()
  private timer = 0
  private told = ''
  chosen = ''

  constructor(private readonly map: GLMap, private readonly layer: HTMLElement, private readonly open: (code: string) => void, private readonly shown: () => Station[], private readonly kept: (stations: Station[]) => void) {
    map.on('move', () => {
      this.place()
      this.timer ||= window.setTimeout(() => this.arrange(), 140)
    })
    map.on('moveend', () => this.arrange())
    map.on('resize', () => this.arrange())
  }

  /** Chooses whose label fits, most serious first. */
  arrange(): void {
    clearTimeout(this.timer)
    this.timer = 0
    const { width, height } = this.layer.getBoundingClientRect()
    const em = parseFloat(getComputedStyle(this.layer).fontSize)
    const taken: Area[] = []
    const kept = new Set<string>()
    const stations: Station[] = []
    const score = (station: Station): number => (station.code === this.chosen ? 1000 : rank(station))
    for (const station of this.shown().sort((a, b) => score(b) - score(a))) {
      if (kept.size >= MOST) break
      if (station.value === null && station.code !== this.chosen && this.map.getZoom() < NEAR) continue
      const { x, y } = this.map.project([station.lon, station.lat])
      if (x < -20 || y < -10 || x > width + 20 || y > height + 40) continue
      const half = (figure(station).length * 0.58 + 2.4) * em * 0.5
      const above: Area = [x - half, y - em * 2.5, x + half, y + em * 0.3]
      const below: Area = [x - half, y - em * 0.3, x + half, y + em * 2.5]
      // A gauge finds no room above its point: better below it than not at all.
      const serious = score(station) >= SERIOUS || (!station.stale && HEAVY.includes(station.rainClass))
      const room = (serious ? [above, below] : [above]).find((area) => !taken.some((other) => meet(area, other)))
      if (!room) continue
      taken.push(room)
      kept.add(station.code)
      stations.push(station)
      this.show(station, room === below)
    }
    for (const [code, pill] of this.pills) {
      if (kept.has(code)) continue
      pill.element.remove()
      this.pills.delete(code)
    }
    this.place()
    const now = stations.map((station) => `${station.code} ${figure(station)}`).sort().join()
    if (now === this.told) return
    this.told = now
    this.kept(stations)
  }

  /** Redraws one station; `changed` lets it pulse. */
  update(station: Station, changed: boolean): void {
    const pill = this.pills.get(station.code)
    if (!pill) return
    this.paint(pill)
    if (changed) pulse(pill.element.firstElementChild!)
  }

  private show(station: Station, below: boolean): void {
    let pill = this.pills.get(station.code)
    if (!pill) {
      const element = document.createElement('button')
      element.type = 'button'
      element.className = 'tc-pill'
      // The list of stations is the keyboard's way in; labels that come and go would lose its focus.
      element.tabIndex = -1
      element.addEventListener('click', () => this.open(station.code))
      pill = { station, element, text: '' }
      this.pills.set(station.code, pill)
      this.layer.append(element)
    }
    pill.element.toggleAttribute('data-below', below)
    this.paint(pill)
  }

  private paint(pill: Pill): void {
    const { station, element } = pill
    const chosen = station.code === this.chosen
    const text = `${tone(station)}|${figure(station)}|${chosen}|${station.levelVerified}`
    if (text === pill.text) return
    pill.text = text
    element.dataset.code = station.code
    element.dataset.tone = tone(station)
    element.dataset.level = String(station.level)
    element.toggleAttribute('data-chosen', chosen)
    const state = station.stale ? say('No signal') : levelTitle(station.level, station.limits)
    const words = [station.kindTitle, station.name, figure(station), state, ...doubts(station)].filter(Boolean).join(', ')
    element.setAttribute('aria-label', words)
    element.title = words
    const body = (element.firstElementChild as HTMLElement | null) ?? element.appendChild(document.createElement('span'))
    body.dataset.level = station.stale ? '' : String(station.level)
    body.innerHTML = shape(station)
    body.append(figure(station))
  }

  private place(): void {
    for (const { station, element } of this.pills.values()) {
      const { x, y } = this.map.project([station.lon, station.lat])
      element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`
    }
  }
}
