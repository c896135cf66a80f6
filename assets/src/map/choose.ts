// Communes that are chosen and an area that is drawn, on any map: the page beside it holds what is chosen.
import type { GeoJSONSource, Map as GLMap } from 'maplibre-gl'
import { box, contains, type Position, type UnitFeature } from './geometry'
import { EMPTY, token } from './style'

/** What a page tells the map: codes of units, corners of the area, whether the next tap is a corner. */
export interface Chosen { codes: string[]; ring: Position[]; drawing: boolean; go?: boolean }

function shape(ring: Position[]): unknown {
  const corners = ring.map((coordinates) => ({ type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates } }))
  const line = ring.length > 1 ? [{ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: ring.length > 2 ? [...ring, ring[0]!] : ring } }] : []
  const area = ring.length > 2 ? [{ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]!]] } }] : []
  return { type: 'FeatureCollection', features: [...area, ...line, ...corners] }
}

function colour(element: HTMLElement): string {
  const risk = element.getAttribute('risk') ?? ''
  return token(/^[1-5]$/.test(risk) ? `risk-${risk}` : 'accent')
}

function put(element: HTMLElement, map: GLMap): void {
  const fill = colour(element)
  const told = ['case', ['boolean', ['feature-state', 'told'], false]]
  map.addSource('drawn', { type: 'geojson', data: EMPTY })
  const before = 'commune-names'
  map.addLayer({ id: 'told', type: 'fill', source: 'local', paint: { 'fill-color': fill, 'fill-opacity': [...told, 0.45, 0] as never } }, before)
  map.addLayer({ id: 'told-edge', type: 'line', source: 'local', paint: { 'line-color': token('ink'), 'line-width': [...told, 1.6, 0] as never } }, before)
  map.addLayer({ id: 'drawn', type: 'fill', source: 'drawn', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': fill, 'fill-opacity': 0.45 } }, before)
  map.addLayer({ id: 'drawn-edge', type: 'line', source: 'drawn', filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': token('ink'), 'line-width': 2.5, 'line-dasharray': [2, 1] } }, before)
  if (!element.hasAttribute('choose')) return
  map.addLayer({ id: 'corners', type: 'circle', source: 'drawn', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 5, 'circle-color': token('surface'), 'circle-stroke-color': token('ink'), 'circle-stroke-width': 2 } }, before)
}

export function choosable(element: HTMLElement, map: GLMap, units: UnitFeature[], own: string, fit: (features: UnitFeature[]) => void): void {
  put(element, map)
  let drawing = false
  const show = ({ codes, ring, drawing: on, go }: Chosen): void => {
    drawing = on
    element.toggleAttribute('data-drawing', on)
    map.getCanvas().style.cursor = on ? 'crosshair' : ''
    const all = codes.includes(own)
    const chosen = units.filter(({ properties }) => all || codes.includes(properties.code))
    for (const { properties } of units) map.setFeatureState({ source: 'local', id: properties.code }, { told: chosen.some((unit) => unit.properties.code === properties.code) })
    map.getSource<GeoJSONSource>('drawn')?.setData(shape(ring) as never)
    const drawn = ring.length > 2 ? [{ type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } } as unknown as UnitFeature] : []
    if (go && (chosen.length || drawn.length) && box([...chosen, ...drawn])) fit(drawn.length ? drawn : chosen)
  }
  if (element.hasAttribute('choose')) {
    map.on('click', ({ lngLat }) => {
      const at: Position = [lngLat.lng, lngLat.lat]
      const code = units.find((unit) => contains(unit, at))?.properties.code
      if (drawing) element.dispatchEvent(new CustomEvent('tc:corner', { detail: at }))
      else if (code) element.dispatchEvent(new CustomEvent('tc:unit', { detail: code }))
    })
    element.addEventListener('tc:centre', () => {
      const { lng, lat } = map.getCenter()
      element.dispatchEvent(new CustomEvent('tc:corner', { detail: [lng, lat] }))
    })
    element.addEventListener('tc:chosen', (event) => show((event as CustomEvent<Chosen>).detail))
    element.dispatchEvent(new CustomEvent('tc:ready'))
    return
  }
  const area = JSON.parse(element.getAttribute('show-area') || 'null') as { coordinates: Position[][] } | null
  show({ codes: (element.getAttribute('show-units') ?? '').split(','), ring: area?.coordinates[0]?.slice(0, -1) ?? [], drawing: false, go: true })
}
