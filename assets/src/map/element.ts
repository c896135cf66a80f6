// <tc-map>: Việt Nam, the locality's communes and its stations, live.
import { Map as GLMap, Marker, setWorkerUrl, type GeoJSONSource, type MapMouseEvent } from 'maplibre-gl'
import { refreshAges } from '../ages'
import { announced } from '../live'
import { language, say } from '../words'
import { box, contains, type Box, type UnitFeature, type Units } from './geometry'
import { COUNTRY, Inset } from './inset'
import { choosable } from './choose'
import { Dots } from './dots'
import css from './map.css?text'
import { Legend } from './legend'
import { button, disclosure, ICONS, LayerPanel, make, StationList, stationCard, unitCard } from './panels'
import { pickable } from './pick'
import { figure, Pills } from './pills'
import { pinned } from './pins'
import { Stations, type LayerSpec, type Station } from './stations'
import { layers, style } from './style'

declare const MAP_WORKER: string
declare const NEIGHBOURS: string
const REFRESH_MS = 60_000
// After the map was drawn: so many times what it took, and something for each dot that the browser then paints.
const RESTS = 4
const REST_OF_ONE_MS = 0.1
const LONGEST_REST_MS = 3_000
const here = (file: string): string => new URL(file, import.meta.url).href

setWorkerUrl(here(MAP_WORKER))
const sheet = new CSSStyleSheet()
sheet.replaceSync(css)
document.adoptedStyleSheets.push(sheet)

async function json<T>(url: string): Promise<T> {
  const answer = await fetch(url, { headers: { Accept: 'application/json' } })
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  return (await answer.json()) as T
}

function named(units: Units): unknown {
  const label = ({ properties }: UnitFeature): string => (language === 'en' && properties.name_en) || properties.name
  return {
    type: 'FeatureCollection',
    features: units.features.map((feature) => ({
      type: 'Feature',
      properties: { code: feature.properties.code, tier: feature.properties.tier, label: label(feature) },
      geometry: { type: 'Point', coordinates: feature.properties.center },
    })),
  }
}

export class TcMap extends HTMLElement {
  private readonly stations = new Stations()
  private map: GLMap | null = null
  private pills: Pills | null = null
  private dots: Dots | null = null
  private inset: Inset | null = null
  private panel!: LayerPanel
  private list!: StationList
  private legend!: Legend
  private readonly card = make('section', 'tc-map-card')
  private readonly corner = make('div', 'tc-map-corner')
  private specs: LayerSpec[] = []
  private units: Units = { type: 'FeatureCollection', features: [] }
  private opened: { station?: string; unit?: string } = {}
  private back: HTMLElement | null = null
  private readonly stops = new AbortController()
  private timers: number[] = []
  private waiting = 0
  private rested = 0

  /** The values shown, by station: for tests and for whoever wants to look in. */
  get readings(): Map<string, number | null> {
    return this.stations.readings
  }

  connectedCallback(): void {
    if (this.map || this.childElementCount) return
    this.specs = JSON.parse(this.getAttribute('layers') || '[]') as LayerSpec[]
    this.build()
    void this.start()
  }

  disconnectedCallback(): void {
    this.stops.abort()
    this.timers.forEach(clearInterval)
    this.map?.remove()
  }

  private get own(): string {
    return /(\w+)\.json/.exec(this.getAttribute('boundaries') ?? '')?.[1] ?? ''
  }

  /** A map on which something is chosen or shown, and no station. */
  private get plain(): boolean {
    return ['pick', 'choose', 'show-units', 'mark', 'pins'].some((name) => this.hasAttribute(name))
  }

  private get scale(): number {
    return (parseFloat(getComputedStyle(document.documentElement).fontSize) / 16) * (this.hasAttribute('wall') ? 1.15 : 1)
  }

  private build(): void {
    this.setAttribute('role', 'region')
    this.setAttribute('aria-label', this.getAttribute('label') || say('Map'))
    this.panel = new LayerPanel(this.specs, () => this.redraw())
    this.list = new StationList((code) => this.openStation(code, true))
    this.panel.element.hidden = true
    this.list.element.hidden = true
    this.card.hidden = true
    this.card.tabIndex = -1
    this.card.addEventListener('keydown', (event) => event.key === 'Escape' && this.close())
    const zoom = make('div', 'tc-map-group')
    zoom.append(
      button(ICONS.plus, say('Zoom in'), () => this.map?.zoomIn()),
      button(ICONS.minus, say('Zoom out'), () => this.map?.zoomOut()),
    )
    const tools = make('div', 'tc-map-tools')
    if (this.plain) tools.append(zoom)
    else {
      tools.append(
        disclosure(ICONS.list, say('Stations'), this.list.element, say('Stations'), () => this.fillList()), this.list.element,
        disclosure(ICONS.layers, say('Layers'), this.panel.element, say('Layers')), this.panel.element, zoom,
      )
    }
    const wide = this.clientWidth > 1300
    this.legend = new Legend(this.specs, wide || this.hasAttribute('wall'))
    if (!this.plain) this.corner.append(this.legend.element)
    const source = make('div', 'tc-map-source', this.getAttribute('attribution') || say('Boundaries: vietnamese-provinces-database (MIT); surrounding land: Natural Earth'))
    this.append(tools, this.card, this.corner, source)
  }

  private async start(): Promise<void> {
    const { signal } = this.stops
    document.addEventListener('tc:readings', (event) => this.live(event), { signal })
    document.addEventListener('tc:resync', () => void this.reload(), { signal })
    this.timers.push(window.setInterval(() => this.age(), 10_000), window.setInterval(() => void this.reload(), REFRESH_MS))
    const stations = this.reload()
    try {
      await this.draw()
    } catch (error) {
      console.warn('map', error)
      this.flat()
    }
    await stations
    this.redraw()
    this.focusWanted()
  }

  /** Without WebGL the stations are still there, as a list; a map of areas alone is left out, the page names them. */
  private flat(): void {
    this.map?.remove()
    this.map = null
    this.setAttribute('data-flat', '')
    const note = make('div', 'tc-map-note')
    const told = this.plain ? say('The map cannot be drawn on this device. What it shows stands on this page in words.') : say('The map cannot be drawn on this device. The stations are listed here.')
    note.append(make('p', 'm-0', told))
    this.querySelector('.tc-map-tools')?.remove()
    this.corner.remove()
    this.prepend(note)
    if (!this.plain) {
      this.list.element.hidden = false
      this.append(this.list.element)
    }
    this.setAttribute('data-ready', '')
  }

  private async draw(): Promise<void> {
    const canvas = make('div')
    this.prepend(canvas)
    // Labels are drawn with the page's own fonts: both subsets must be there before the first glyph.
    const fonts = ['400', '500', '600'].map((weight) => document.fonts.load(`${weight} 16px "Be Vietnam Pro"`, 'Aạđư'))
    await Promise.all(fonts)
    const map = new GLMap({
      container: canvas, style: style(this.own, this.scale), attributionControl: false, dragRotate: false, pitchWithRotate: false,
      minZoom: 3.6, maxZoom: 17, maxBounds: [[88, -3], [132, 31]], ...this.firstView(), fadeDuration: 150,
    })
    this.map = map
    map.touchZoomRotate.disableRotation()
    map.keyboard.disableRotation()
    const pills = make('div', 'tc-map-pills')
    canvas.after(pills)
    this.pills = new Pills(map, pills, (code) => this.openStation(code), () => this.visible(), (kept) => this.keepClear(kept))
    await map.once('load')
    this.dots = new Dots(map)
    const [national, local] = await Promise.all([
      json<Units>(this.getAttribute('national') || '/boundaries/national.json'),
      this.getAttribute('boundaries') ? json<Units>(this.getAttribute('boundaries')!) : { ...this.units },
      json<Units>(here(NEIGHBOURS)).then((abroad) => this.fill('abroad', abroad)),
    ])
    this.units = local
    this.fill('national', national)
    this.fill('national-names', named(national))
    this.fill('local', local)
    this.fill('local-names', named(local))
    this.addInset(national)
    this.home(false)
    void this.outline(this.hasAttribute('fit-areas'))
    this.markPlace(map)
    const every = Number(this.getAttribute('areas-every')) * 1000 || REFRESH_MS
    if (this.hasAttribute('areas')) this.timers.push(window.setInterval(() => void this.outline(false), every))
    this.listen(map)
    if (this.hasAttribute('choose') || this.hasAttribute('show-units')) choosable(this, map, local.features, this.own, (features) => this.fit(box(features)!, 60, false))
    map.once('idle', () => this.setAttribute('data-ready', ''))
  }

  /** Draws the areas that the page speaks of; what cannot be fetched now is fetched at the next round. */
  private async outline(fit: boolean): Promise<void> {
    const url = this.getAttribute('areas')
    const found = url ? await json<Units>(url).catch(() => null) : null
    if (!found) return
    this.fill('areas', found)
    const bounds = fit ? box(found.features) : null
    if (bounds) this.fit(bounds, 48, false)
  }

  /** One place that the page speaks of, with the land around it. */
  private markPlace(map: GLMap): void {
    const at = this.getAttribute('mark')?.split(',').map(Number)
    if (at?.length !== 2 || !at.every(Number.isFinite)) return
    const place: [number, number] = [at[0]!, at[1]!]
    const mark = new Marker({ color: 'currentColor' }).setLngLat(place).addTo(map)
    mark.getElement().classList.add('tc-pick-mark')
    map.jumpTo({ center: place, zoom: 12.5 })
  }

  private keepClear(kept: Station[]): void {
    this.fill('pills', {
      type: 'FeatureCollection',
      features: kept.map((station) => ({
        type: 'Feature', properties: { text: `— ${figure(station)}` }, geometry: { type: 'Point', coordinates: [station.lon, station.lat] },
      })),
    })
  }

  private firstView(): { center: [number, number]; zoom: number } | { bounds: Box } {
    const center = this.getAttribute('center')?.split(',').map(Number)
    return center?.length === 2 ? { center: [center[0]!, center[1]!], zoom: Number(this.getAttribute('zoom') || 9) } : { bounds: COUNTRY }
  }

  private fill(source: string, data: unknown): void {
    this.map?.getSource<GeoJSONSource>(source)?.setData(data as never)
  }

  private addInset(national: Units): void {
    this.inset = new Inset(national, this.own, this.getAttribute('place') || say('the locality'), () => this.toggleCountry())
    this.corner.prepend(this.inset.element)
  }

  private get national(): boolean {
    return (this.map?.getZoom() ?? 9) < 6.6
  }

  private toggleCountry(): void {
    if (this.national) this.home(true)
    else this.fit(COUNTRY, 20)
  }

  private home(animate: boolean): void {
    const bounds = box(this.units.features)
    if (bounds) this.fit(bounds, 36, animate)
  }

  private fit(bounds: Box, padding: number, animate = true): void {
    const still = !animate || matchMedia('(prefers-reduced-motion: reduce)').matches
    // On a wall nobody moves the map away from under the legend.
    const bottom = this.hasAttribute('wall') ? this.corner.offsetHeight + padding / 2 : padding
    this.map?.fitBounds(bounds, { padding: { top: padding, left: padding, right: padding, bottom }, animate: !still, duration: 900, maxZoom: 14 })
  }

  private listen(map: GLMap): void {
    const frame = (): void => {
      const view = map.getBounds()
      this.inset?.frame([view.getWest(), view.getSouth(), view.getEast(), view.getNorth()])
      this.inset?.away(this.national)
    }
    map.on('moveend', frame)
    frame()
    if (this.hasAttribute('pick')) pickable(this, map)
    else if (this.hasAttribute('pins')) void pinned(this, map, (...card) => this.showCard(...card))
    else if (!this.hasAttribute('choose')) map.on('click', (event) => this.clicked(event))
    let hovered: string | number | undefined
    const hover = (id?: string | number): void => {
      if (id === hovered) return
      if (hovered !== undefined) map.setFeatureState({ source: 'local', id: hovered }, { hover: false })
      if (id !== undefined) map.setFeatureState({ source: 'local', id }, { hover: true })
      hovered = id
    }
    map.on('mousemove', 'local', (event) => hover(event.features?.[0]?.id))
    map.on('mouseleave', 'local', () => hover())
    const repaint = new MutationObserver(() => this.repaint())
    repaint.observe(document.documentElement, { attributeFilter: ['data-bs-theme'] })
    this.stops.signal.addEventListener('abort', () => repaint.disconnect())
    const resize = new ResizeObserver(() => map.resize())
    resize.observe(this)
    this.stops.signal.addEventListener('abort', () => resize.disconnect())
  }

  private repaint(): void {
    for (const layer of layers(this.own, this.scale)) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) this.map?.setPaintProperty(layer.id, name as never, value as never)
    }
  }

  private clicked(event: MapMouseEvent): void {
    const { x, y } = event.point
    const near = this.map!.queryRenderedFeatures([[x - 8, y - 8], [x + 8, y + 8]], { layers: ['stations'] })[0]
    if (near) return this.openStation(String(near.properties.code))
    const unit = this.units.features.find((feature) => contains(feature, [event.lngLat.lng, event.lngLat.lat]))
    if (unit) this.openUnit(unit)
    else this.close()
  }

  private visible(): Station[] {
    return [...this.stations.byCode.values()].filter((station) => this.panel.shows(station.layer))
  }

  private async reload(): Promise<void> {
    const answers = await Promise.allSettled(this.specs.map((spec) => this.stations.load(spec)))
    const failed = answers.some((answer) => answer.status === 'rejected')
    this.toggleAttribute('data-failed', failed)
    if (failed && !this.stations.byCode.size) this.trouble()
    else this.querySelector('.tc-map-trouble')?.remove()
    this.redraw()
  }

  private trouble(): void {
    if (this.querySelector('.tc-map-trouble')) return
    const note = make('div', 'tc-map-note tc-map-trouble')
    note.setAttribute('role', 'alert')
    note.append(make('p', 'm-0', say('Map data could not be loaded.')), button('', say('Try again'), () => void this.reload(), say('Try again')))
    this.append(note)
  }

  /** Draws dots, labels and list again. What that costs is rested several times, so that the page stays free. */
  private redraw(): void {
    if (this.waiting) return
    this.waiting = window.setTimeout(() => requestAnimationFrame(() => {
      this.waiting = 0
      const began = performance.now()
      this.drawAll()
      const took = performance.now() - began
      const rest = Math.min(LONGEST_REST_MS, took * RESTS + this.stations.byCode.size * REST_OF_ONE_MS)
      this.rested = performance.now() + rest
    }), Math.max(0, this.rested - performance.now()))
  }

  private drawAll(): void {
    const shown = this.visible()
    this.legend.update(shown)
    this.fillList()
    this.dots?.draw(shown)
    this.pills?.arrange()
    this.renew()
  }

  /** Nobody reads a list that is closed. */
  private fillList(): void {
    if (!this.list.element.hidden) this.list.update(this.stations.ordered().filter((station) => this.panel.shows(station.layer)))
  }

  private live(event: Event): void {
    let changed = false
    for (const reading of announced(event)) {
      const moved = this.stations.apply(reading)
      if (!moved) continue
      this.pills?.update(moved.station, moved.changed)
      changed ||= moved.changed
      if (!moved.changed) this.renew(moved.station.code)
    }
    if (changed) this.redraw()
  }

  private age(): void {
    const turned = this.stations.age()
    turned.forEach((station) => this.pills?.update(station, false))
    if (turned.length) this.redraw()
  }

  private focusWanted(): void {
    if (!this.map) return // A list needs no card over it.
    const thing = this.getAttribute('focus-thing')
    const unit = this.units.features.find((feature) => feature.properties.code === this.getAttribute('focus-unit'))
    if (thing && this.stations.byCode.has(thing)) this.openStation(thing, true, false)
    else if (unit) this.openUnit(unit, true, false)
  }

  openStation(code: string, go = false, focus = true): void {
    const station = this.stations.byCode.get(code)
    if (!station) return
    this.opened = { station: code }
    this.choose(code, '')
    if (go) this.map?.easeTo({ center: [station.lon, station.lat], zoom: Math.max(this.map.getZoom(), 11.5), duration: 700 })
    this.showCard(station.name, [station.kindTitle, station.unitName].filter(Boolean).join(' · '), stationCard(station), focus)
  }

  private openUnit(unit: UnitFeature, go = false, focus = true): void {
    this.opened = { unit: unit.properties.code }
    this.choose('', unit.properties.code)
    const bounds = box([unit])
    if (go && bounds) this.fit(bounds, 80)
    const name = (language === 'en' && unit.properties.name_en) || unit.properties.name
    this.showCard(name, '', unitCard(this.within(unit), (code) => this.openStation(code)), focus)
  }

  private within(unit: UnitFeature): Station[] {
    return this.stations.ordered().filter((station) => contains(unit, [station.lon, station.lat]))
  }

  private choose(station: string, unit: string): void {
    if (this.pills) this.pills.chosen = station
    if (this.map?.getLayer('chosen')) this.map.setFilter('chosen', ['==', ['get', 'code'], unit])
    this.pills?.arrange()
  }

  private showCard(title: string, under: string, body: HTMLElement[], focus: boolean): void {
    const head = make('div', 'tc-map-card-head')
    const heading = make('h2', '', title)
    if (under) heading.append(make('small', '', under))
    head.append(heading, button(ICONS.close, say('Close'), () => this.close()))
    this.card.replaceChildren(head, ...body)
    this.card.setAttribute('aria-label', title)
    if (this.card.hidden) this.back = document.activeElement as HTMLElement | null
    this.card.hidden = false
    if (focus) this.card.focus({ preventScroll: true })
  }

  /** Refreshes the open card in place when its station or commune moved; the focus stays where it was. */
  private renew(code?: string): void {
    if (this.card.hidden || (code && this.opened.station !== code)) return
    const station = this.opened.station && this.stations.byCode.get(this.opened.station)
    const unit = this.units.features.find((feature) => feature.properties.code === this.opened.unit)
    const body = station ? stationCard(station) : unit ? unitCard(this.within(unit), (next) => this.openStation(next)) : null
    if (!body || this.card.contains(document.activeElement) && document.activeElement !== this.card) return refreshAges(this.card)
    this.card.replaceChildren(this.card.firstElementChild!, ...body)
  }

  private close(): void {
    if (this.card.hidden) return
    this.card.hidden = true
    this.opened = {}
    this.choose('', '')
    if (this.back?.isConnected) this.back.focus({ preventScroll: true })
  }
}

customElements.define('tc-map', TcMap)
