// Small geometry for the map: boxes, point in polygon, outlines for the inset.
export type Position = [number, number]
export interface UnitProperties { code: string; name: string; name_en?: string; tier: 'province' | 'commune' | 'zone'; center: Position }
export interface UnitFeature {
  type: 'Feature'
  id?: string | number
  properties: UnitProperties
  geometry: { type: 'Polygon'; coordinates: Position[][] } | { type: 'MultiPolygon'; coordinates: Position[][][] } | { type: 'Point'; coordinates: Position }
}
export interface Units { type: 'FeatureCollection'; features: UnitFeature[] }
export type Box = [west: number, south: number, east: number, north: number]

export function polygons({ geometry }: UnitFeature): Position[][][] {
  if (geometry.type === 'Point') return []
  return geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates
}

export function box(features: UnitFeature[]): Box | null {
  const bounds: Box = [Infinity, Infinity, -Infinity, -Infinity]
  const grow = ([lon, lat]: Position): void => {
    bounds[0] = Math.min(bounds[0], lon)
    bounds[1] = Math.min(bounds[1], lat)
    bounds[2] = Math.max(bounds[2], lon)
    bounds[3] = Math.max(bounds[3], lat)
  }
  for (const feature of features) {
    if (feature.geometry.type === 'Point') grow(feature.geometry.coordinates)
    for (const polygon of polygons(feature)) polygon[0]?.forEach(grow)
  }
  return bounds[0] === Infinity ? null : bounds
}

export function contains(feature: UnitFeature, [x, y]: Position): boolean {
  return polygons(feature).some((rings) => rings.reduce((inside, ring) => inside !== inRing(ring, x, y), false))
}

function inRing(ring: Position[], x: number, y: number): boolean {
  let inside = false
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i]!
    const [xj, yj] = ring[j]!
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside
  }
  return inside
}

/** An SVG path of a unit within a box drawn `width` wide; points closer than half a pixel are dropped. */
export function outline(feature: UnitFeature, [west, , , north]: Box, scale: number): string {
  const parts: string[] = []
  for (const polygon of polygons(feature)) {
    let last = [Infinity, Infinity]
    const points: string[] = []
    for (const [lon, lat] of polygon[0] ?? []) {
      const x = (lon - west) * scale
      const y = (north - lat) * scale * 1.04
      if (Math.hypot(x - last[0]!, y - last[1]!) < 0.5) continue
      last = [x, y]
      points.push(`${x.toFixed(1)} ${y.toFixed(1)}`)
    }
    // An islet smaller than a pixel still is territory: it becomes a dot.
    parts.push(points.length > 2 ? `M${points.join('L')}Z` : `M${points[0]}h1v1h-1z`)
  }
  return parts.join('')
}
