// The base map: sea, lands, provinces, communes, archipelagos, names; colours come from the page's tokens.
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl'

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--tc-${name}`).trim() || '#888'
}

const FONT = ['Be Vietnam Pro']
const FONT_MEDIUM = ['Be Vietnam Pro Medium', 'Be Vietnam Pro']
const FONT_SEMIBOLD = ['Be Vietnam Pro SemiBold', 'Be Vietnam Pro']
// Simplified shapes leave gaps along shared borders; a stroke of ground of a fixed width on the ground closes them.
const onGround = (metresAtFive: number): unknown => ['interpolate', ['exponential', 2], ['zoom'], 5, metresAtFive, 13, metresAtFive * 256]

export const EMPTY = { type: 'FeatureCollection' as const, features: [] }
/** Those of which single features are changed. */
const KNOWN = ['local', 'stations']
export const UNIT_SOURCES = ['abroad', 'national', 'local', 'areas', 'national-names', 'local-names', 'stations', 'pills'] as const

function ground(own: string): LayerSpecification[] {
  const others = ['all', ['==', ['get', 'tier'], 'province'], ['!=', ['get', 'code'], own]]
  return [
    { id: 'sea', type: 'background', paint: { 'background-color': token('map-sea') } },
    { id: 'abroad-edge', type: 'line', source: 'abroad', maxzoom: 14, paint: { 'line-color': token('map-abroad'), 'line-width': onGround(4) } },
    { id: 'abroad', type: 'fill', source: 'abroad', paint: { 'fill-color': token('map-abroad'), 'fill-antialias': false } },
    { id: 'land-edge', type: 'line', source: 'national', filter: others, paint: { 'line-color': token('map-land'), 'line-width': onGround(0.3) } },
    { id: 'land', type: 'fill', source: 'national', filter: others, paint: { 'fill-color': token('map-land'), 'fill-antialias': false } },
    { id: 'local-edge', type: 'line', source: 'local', paint: { 'line-color': token('map-local'), 'line-width': 2.5 } },
    {
      id: 'local', type: 'fill', source: 'local',
      paint: {
        'fill-color': ['case', ['boolean', ['feature-state', 'hover'], false], token('accent-soft'), token('map-local')],
        'fill-antialias': false,
      },
    },
    { id: 'provinces', type: 'line', source: 'national', filter: others, paint: { 'line-color': token('map-province'), 'line-width': ['interpolate', ['linear'], ['zoom'], 4, 0.5, 10, 1.2], 'line-opacity': ['interpolate', ['linear'], ['zoom'], 8, 1, 9.5, 0.35] } },
    {
      id: 'zones', type: 'line', source: 'national', filter: ['==', ['get', 'tier'], 'zone'],
      paint: { 'line-color': token('map-zone'), 'line-width': ['interpolate', ['linear'], ['zoom'], 4, 1.6, 9, 1] },
    },
    {
      id: 'zones-fill', type: 'fill', source: 'national', filter: ['==', ['get', 'tier'], 'zone'],
      paint: { 'fill-color': token('map-land') },
    },
    {
      id: 'communes', type: 'line', source: 'local',
      paint: { 'line-color': token('map-commune'), 'line-width': ['interpolate', ['linear'], ['zoom'], 7, 0.4, 11, 1.2] },
    },
    {
      id: 'chosen', type: 'line', source: 'local', filter: ['==', ['get', 'code'], ''],
      paint: { 'line-color': token('map-focus'), 'line-width': 3 },
    },
  ] as unknown as LayerSpecification[]
}

function names(own: string, scale: number): LayerSpecification[] {
  const paint = { 'text-color': token('map-label'), 'text-halo-color': token('map-halo'), 'text-halo-width': 1.6 }
  const soft = { ...paint, 'text-color': token('map-label-soft') }
  return [
    {
      id: 'province-names', type: 'symbol', source: 'national-names', minzoom: 4.6,
      filter: ['all', ['==', ['get', 'tier'], 'province'], ['any', ['!=', ['get', 'code'], own], ['<', ['zoom'], 8]]],
      layout: { 'text-field': ['get', 'label'], 'text-font': FONT_MEDIUM, 'text-max-width': 7, 'text-size': ['interpolate', ['linear'], ['zoom'], 5, 10 * scale, 9, 14 * scale] },
      paint: soft,
    },
    {
      id: 'commune-names', type: 'symbol', source: 'local-names', minzoom: 8.2,
      // Below the centre: a station of the commune stands at the centre itself.
      layout: {
        'text-field': ['get', 'label'], 'text-font': FONT, 'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': 0.85,
        'text-justify': 'auto', 'text-max-width': 8,
        'text-size': ['interpolate', ['linear'], ['zoom'], 9, 10.5 * scale, 13, 14 * scale], 'text-padding': 3,
      },
      paint,
    },
    {
      id: 'zone-names', type: 'symbol', source: 'national-names', filter: ['==', ['get', 'tier'], 'zone'],
      layout: {
        'text-field': ['get', 'label'], 'text-font': FONT_SEMIBOLD, 'text-max-width': 9, 'text-allow-overlap': true,
        'text-ignore-placement': true, 'text-size': ['interpolate', ['linear'], ['zoom'], 4, 11 * scale, 8, 15 * scale],
      },
      paint: { ...paint, 'text-color': token('map-zone') },
    },
  ] as unknown as LayerSpecification[]
}

function dots(scale: number): LayerSpecification[] {
  const colour = ['match', ['get', 'tone'],
    '0', token('level-0'), '1', token('level-1'), '2', token('level-2'), '3', token('level-3'), 'stale', token('stale'),
    'none', token('rain-none'), 'light', token('rain-light'), 'moderate', token('rain-moderate'), 'heavy', token('rain-heavy'),
    'very_heavy', token('rain-very_heavy'), token('level-none')]
  return [
    {
      id: 'stations', type: 'circle', source: 'stations',
      layout: { 'circle-sort-key': ['get', 'rank'] },
      paint: {
        'circle-color': colour, 'circle-stroke-color': token('surface'), 'circle-stroke-width': 1.5 * scale,
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 5, 2.5 * scale, 10, 5 * scale, 14, 7 * scale],
      },
    },
    {
      // Unseen: keeps the names of communes away from the station labels that stand above the canvas.
      id: 'kept-clear', type: 'symbol', source: 'pills',
      layout: {
        'text-field': ['get', 'text'], 'text-font': FONT_SEMIBOLD, 'text-size': 15 * scale, 'text-anchor': 'bottom',
        'text-offset': [0, -0.45], 'text-allow-overlap': true, 'text-padding': 1,
      },
      paint: { 'text-opacity': 0 },
    },
    {
      id: 'dots-clear', type: 'symbol', source: 'stations', filter: ['get', 'clear'],
      layout: { 'text-field': '•', 'text-font': FONT, 'text-size': 6 * scale, 'text-allow-overlap': true, 'text-padding': 0 },
      paint: { 'text-opacity': 0 },
    },
  ] as unknown as LayerSpecification[]
}

/** Places that a page speaks of, above the land and under the names. */
function areas(): LayerSpecification[] {
  const colour = ['match', ['get', 'tone'], '0', token('level-0'), '1', token('level-1'), '2', token('level-2'), '3', token('level-3'), token('accent')]
  return [
    { id: 'areas', type: 'fill', source: 'areas', paint: { 'fill-color': colour, 'fill-opacity': 0.35 } },
    { id: 'areas-edge', type: 'line', source: 'areas', paint: { 'line-color': colour, 'line-width': 2 } },
  ] as unknown as LayerSpecification[]
}

export function layers(own: string, scale: number): LayerSpecification[] {
  return [...ground(own), ...areas(), ...names(own, scale), ...dots(scale)]
}

export function style(own: string, scale: number): StyleSpecification {
  const sources = Object.fromEntries(UNIT_SOURCES.map((name) => [
    name,
    { type: 'geojson' as const, data: EMPTY, tolerance: name === 'local' ? 0.2 : 0.375, ...(KNOWN.includes(name) ? { promoteId: 'code' } : {}) },
  ]))
  return { version: 8, sources, layers: layers(own, scale) }
}
