// Pages of warnings: how old they are, whether a place is concerned, and subscribing. The place stays on the device.
import { contains, polygons, type Position, type UnitFeature, type Units } from './map/geometry'
import { Subscribing } from './subscribing'
import { age } from './time'
import { language, say } from './words'

interface Said { vi: string; en: string }
interface Area { type: 'Polygon'; coordinates: Position[][] }
export interface Told { number: string; fill: string; ink: string; communes: string[]; area: Area | null; title: Said; level_title: Said; url: Said }
interface Now { checked: string; version: string; warnings: Told[] }

const RENEW_MS = 60_000
const OLD_MS = 10 * 60_000
const NEAR_DEGREES = 0.005 // from a corner of the border: some 500 m
const CHOSEN = 'tc-commune'
const RENEWED = 'tc-warned-renewed'
const NOBODY = { code: '', name: '', tier: 'zone' as const, center: [0, 0] as Position }

function holds(polygon: Area, point: Position): boolean {
  return contains({ type: 'Feature', properties: NOBODY, geometry: polygon }, point)
}

function nearest(feature: UnitFeature, [x, y]: Position): number {
  let found = Infinity
  for (const ring of polygons(feature).flat()) for (const [px, py] of ring) found = Math.min(found, Math.hypot(px - x, py - y))
  return found
}

/** The commune around a point, or the nearest one where simplified borders leave a gap. */
export function communeAt(features: UnitFeature[], point: Position): UnitFeature | null {
  const inside = features.find((feature) => contains(feature, point))
  if (inside) return inside
  const sorted = features.map((feature) => ({ feature, far: nearest(feature, point) })).sort((a, b) => a.far - b.far)
  return sorted[0] && sorted[0].far < NEAR_DEGREES ? sorted[0].feature : null
}

export function concerning(warnings: Told[], commune: string, point: Position | null): Told[] {
  return warnings.filter((one) => (point && one.area ? holds(one.area, point) : one.communes.includes(commune)))
}

class Warned {
  private now: Now | null = null
  private version: string

  constructor(private readonly page: HTMLElement) {
    this.version = page.dataset.version ?? ''
  }

  async start(): Promise<void> {
    await this.look()
    setInterval(() => void this.look(), RENEW_MS)
    document.addEventListener('visibilitychange', () => document.hidden || void this.look())
    addEventListener('online', () => void this.look())
    const mine = this.page.querySelector<HTMLElement>('[data-mine]')
    if (mine) this.openMine(mine)
    navigator.serviceWorker?.ready.then((worker) => worker.active?.postMessage('keep')).catch(() => undefined)
  }

  /** Ask what is in force; what is shown when that cannot be known says how old it is. */
  private async look(): Promise<void> {
    let keptAt = Number(this.page.dataset.made)
    try {
      const answer = await fetch(this.page.dataset.warned!, { cache: 'no-cache' })
      if (!answer.ok) throw new Error(String(answer.status))
      this.now = (await answer.json()) as Now
      const kept = Number(answer.headers.get('x-kept-at'))
      keptAt = kept || 0
      if (!kept && Date.now() - Date.parse(this.now.checked) > OLD_MS) {
        return this.tell(say('The centre has not renewed these warnings since {time}.', { time: age((Date.now() - Date.parse(this.now.checked)) / 1000) }))
      }
    } catch {
      // told below
    }
    if (keptAt) return this.tell(say('No network. This copy was taken {time}; there may be newer warnings.', { time: age((Date.now() - keptAt) / 1000) }))
    this.tell('')
    if (this.version && this.now!.version !== this.version) this.renew(this.now!.version)
    this.version = this.now!.version
  }

  /** Load the page anew, once for each state of things: what stands between may hold the old one for a while. */
  private renew(version: string): void {
    try {
      if (sessionStorage.getItem(RENEWED) === version) return
      sessionStorage.setItem(RENEWED, version)
    } catch {
      return
    }
    location.reload()
  }

  private tell(text: string): void {
    const line = this.page.querySelector<HTMLElement>('[data-warned-age]')!
    if (line.textContent !== text) line.textContent = text
    line.hidden = !text
  }

  private openMine(mine: HTMLElement): void {
    mine.hidden = false
    const select = mine.querySelector<HTMLSelectElement>('[data-commune]')!
    const subscribing = new Subscribing(mine)
    const chosen = (point: Position | null = null): void => {
      try {
        if (select.value) localStorage.setItem(CHOSEN, select.value)
      } catch {
        // private windows remember nothing
      }
      this.answer(mine.querySelector('[data-answer]')!, select, point)
      void subscribing.choose(select.value)
    }
    select.addEventListener('change', () => chosen())
    mine.querySelector('[data-locate]')!.addEventListener('click', () => void this.locate(mine, select, chosen))
    try {
      select.value = localStorage.getItem(CHOSEN) ?? ''
    } catch {
      select.value = ''
    }
    if (select.value) chosen()
    void subscribing.start()
  }

  private answer(box: HTMLElement, select: HTMLSelectElement, point: Position | null): void {
    box.replaceChildren()
    if (!select.value || !this.now) return
    const place = select.selectedOptions[0]!.text
    const found = concerning(this.now.warnings, select.value, point)
    const said = document.createElement('p')
    said.className = found.length ? 'tc-yes' : 'tc-no'
    said.textContent = found.length ? say('Yes: {place} is warned.', { place }) : say('No warning is in force for {place}.', { place })
    box.append(said)
    for (const one of found) {
      const link = document.createElement('a')
      link.href = one.url[language]
      link.className = 'tc-pub-warn'
      link.style.setProperty('--fill', one.fill)
      const level = document.createElement('b')
      level.textContent = one.level_title[language]
      const title = document.createElement('span')
      title.textContent = one.title[language]
      link.append(level, title)
      box.append(link)
    }
  }

  private async locate(mine: HTMLElement, select: HTMLSelectElement, chosen: (point: Position) => void): Promise<void> {
    const box = mine.querySelector<HTMLElement>('[data-answer]')!
    const fail = (sentence: string): void => { box.textContent = say(sentence) }
    if (!navigator.geolocation || !isSecureContext) return fail('This device does not tell its place here. Choose your commune.')
    box.textContent = say('Looking for the place …')
    try {
      const [at, places] = await Promise.all([
        new Promise<GeolocationPosition>((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject, { timeout: 20_000, maximumAge: 60_000 })),
        fetch(mine.dataset.places!).then((answer) => answer.json() as Promise<Units>),
      ])
      const point: Position = [at.coords.longitude, at.coords.latitude]
      const found = communeAt(places.features, point)
      if (!found) return fail('You are outside this locality.')
      select.value = found.properties.code
      chosen(point)
    } catch {
      fail('This device does not tell its place here. Choose your commune.')
    }
  }
}

export function startWarned(): void {
  const page = document.querySelector<HTMLElement>('[data-warned]')
  if (page) void new Warned(page).start()
}
