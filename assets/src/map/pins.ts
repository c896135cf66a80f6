// Pins of many reports on <tc-map>: near ones stand together as a number, each opens a card with what is told of it.
import { type GeoJSONSource, type Map as GLMap, type MapGeoJSONFeature } from 'maplibre-gl'
import { say } from '../words'
import { make } from './panels'
import { token } from './style'

interface Pin {
  code: string
  stand: string
}
type Show = (title: string, under: string, body: HTMLElement[], focus: boolean) => void

const FONT = ['Be Vietnam Pro SemiBold', 'Be Vietnam Pro']
const LISTED = 30
// As deep as the map goes: what lies on one point stays one number, which opens as a list.
const CLUSTERED = 17
const TONES: Record<string, string> = { answered: 'level-0', refused: 'stale-ink', received: 'accent', asked: 'accent', assigned: 'level-2', working: 'level-2' }
// The sign says the same as the colour.
const SIGNS: Record<string, string> = { answered: '✓', refused: '–', received: '•', asked: '?', assigned: '→', working: '…' }

const matched = (values: Record<string, string>, otherwise: string): unknown => ['match', ['get', 'stand'], ...Object.entries(values).flat(), otherwise]

function paints(): Record<string, Record<string, unknown>> {
  const colours = Object.fromEntries(Object.entries(TONES).map(([stand, name]) => [stand, token(name)]))
  const inks = Object.fromEntries(Object.entries(TONES).map(([stand, name]) => [stand, token(name.startsWith('level') ? `${name}-ink` : name === 'accent' ? 'on-accent' : 'surface')]))
  return {
    'pins-many': {
      'circle-color': token('ink'), 'circle-opacity': 0.88, 'circle-stroke-width': 2, 'circle-stroke-color': token('surface'),
      'circle-radius': ['step', ['get', 'point_count'], 14, 10, 17, 100, 21, 1000, 26],
    },
    'pins-count': { 'text-color': token('surface') },
    pins: { 'circle-color': matched(colours, token('accent')), 'circle-radius': 10, 'circle-stroke-width': 1.5, 'circle-stroke-color': token('surface') },
    'pins-sign': { 'text-color': matched(inks, token('surface')) },
  }
}

function addLayers(map: GLMap): void {
  const many = ['has', 'point_count']
  const text = { 'text-font': FONT, 'text-allow-overlap': true, 'text-ignore-placement': true }
  const parts = [
    { id: 'pins-many', type: 'circle', filter: many },
    { id: 'pins-count', type: 'symbol', filter: many, layout: { ...text, 'text-field': ['get', 'point_count_abbreviated'], 'text-size': 12 } },
    { id: 'pins', type: 'circle', filter: ['!', many] },
    { id: 'pins-sign', type: 'symbol', filter: ['!', many], layout: { ...text, 'text-field': matched(SIGNS, '•'), 'text-size': 13 } },
  ]
  const paint = paints()
  for (const part of parts) map.addLayer({ ...part, source: 'pins', paint: paint[part.id] } as never)
}

/** Fetches the card that the page's own server makes of a report. */
async function cardOf(page: string, code: string): Promise<HTMLElement> {
  const body = make('div', 'tc-pub-card')
  const answer = await fetch(`${page}${encodeURIComponent(code)}/?part=card`).catch(() => null)
  if (answer?.ok) body.innerHTML = await answer.text()
  else {
    const link = make('a', 'btn btn-primary', say('Open the report'))
    link.href = `${page}${encodeURIComponent(code)}/`
    body.append(make('p', '', say('What is told of it could not be loaded.')), link)
  }
  return body
}

function listOf(page: string, found: Pin[], count: number): HTMLElement[] {
  const list = make('ul', 'tc-map-plain')
  for (const { code } of found) {
    const link = make('a', 'tc-map-row', code)
    link.href = `${page}${encodeURIComponent(code)}/`
    const item = make('li')
    item.append(link)
    list.append(item)
  }
  return count > found.length ? [list, make('p', '', say('The newest {n} are listed.', { n: found.length }))] : [list]
}

/** Draws what `pins` names; `pin-page` is where a report's own page stands. */
export async function pinned(element: HTMLElement, map: GLMap, show: Show): Promise<void> {
  const page = element.getAttribute('pin-page') ?? ''
  map.addSource('pins', { type: 'geojson', data: element.getAttribute('pins')!, cluster: true, clusterMaxZoom: CLUSTERED, clusterRadius: 42 })
  addLayers(map)
  const repaint = new MutationObserver(() => {
    for (const [layer, paint] of Object.entries(paints())) {
      for (const [name, value] of Object.entries(paint)) map.setPaintProperty(layer, name as never, value as never)
    }
  })
  repaint.observe(document.documentElement, { attributeFilter: ['data-bs-theme'] })
  map.once('remove', () => repaint.disconnect())

  const open = async (near: MapGeoJSONFeature): Promise<void> => {
    const source = map.getSource<GeoJSONSource>('pins')!
    const { cluster_id: cluster, point_count: count, code } = near.properties as Pin & { cluster_id?: number; point_count?: number }
    if (cluster === undefined) return show(code, '', [await cardOf(page, code)], true)
    const zoom = await source.getClusterExpansionZoom(cluster)
    const center = (near.geometry as unknown as { coordinates: [number, number] }).coordinates
    if (zoom <= map.getMaxZoom()) return void map.easeTo({ center, zoom: zoom + 0.3, duration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 500 })
    const leaves = await source.getClusterLeaves(cluster, LISTED, 0)
    show(say('{n} reports here', { n: count ?? 0 }), '', listOf(page, leaves.map((one) => one.properties as Pin), count ?? 0), true)
  }
  map.on('click', (event) => {
    const { x, y } = event.point
    const near = map.queryRenderedFeatures([[x - 8, y - 8], [x + 8, y + 8]], { layers: ['pins-many', 'pins'] })[0]
    if (near) void open(near)
  })
  for (const layer of ['pins-many', 'pins']) {
    map.on('mouseenter', layer, () => (map.getCanvas().style.cursor = 'pointer'))
    map.on('mouseleave', layer, () => (map.getCanvas().style.cursor = ''))
  }
}
