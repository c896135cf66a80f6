// Cuts the lands around Việt Nam out of Natural Earth (public domain): quiet ground under the map, without names.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('./node_modules/world-atlas/countries-50m.json', import.meta.url))
const VIET_NAM = '704'
const BOX = [86, -6, 134, 34]
// Waters of Hoàng Sa and Trường Sa: islets there come only from the official boundaries.
const ARCHIPELAGOS = [109.4, 6.5, 117.95, 17.6]

function inside([w, s, e, n], [lon, lat]) {
  return lon >= w && lon <= e && lat >= s && lat <= n
}

function ringOf(topology, arcs) {
  const { scale, translate } = topology.transform
  const points = []
  for (const index of arcs) {
    let x = 0
    let y = 0
    const arc = topology.arcs[index < 0 ? ~index : index].map(([dx, dy]) => {
      x += dx
      y += dy
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]]
    })
    if (index < 0) arc.reverse()
    points.push(...(points.length ? arc.slice(1) : arc))
  }
  return points
}

// Sutherland–Hodgman against the box: rings may run along its edge, which no view shows.
function clip(ring, [w, s, e, n]) {
  const edges = [
    [(p) => p[0] >= w, (a, b) => [w, a[1] + ((b[1] - a[1]) * (w - a[0])) / (b[0] - a[0])]],
    [(p) => p[0] <= e, (a, b) => [e, a[1] + ((b[1] - a[1]) * (e - a[0])) / (b[0] - a[0])]],
    [(p) => p[1] >= s, (a, b) => [a[0] + ((b[0] - a[0]) * (s - a[1])) / (b[1] - a[1]), s]],
    [(p) => p[1] <= n, (a, b) => [a[0] + ((b[0] - a[0]) * (n - a[1])) / (b[1] - a[1]), n]],
  ]
  let points = ring
  for (const [within, cross] of edges) {
    const kept = []
    points.forEach((point, i) => {
      const before = points[(i + points.length - 1) % points.length]
      if (within(point) !== within(before)) kept.push(cross(before, point))
      if (within(point)) kept.push(point)
    })
    points = kept
  }
  return points
}

// Drops points closer than the eye can tell where these lands are only the edge of the view.
function thin(ring, apart = 0.09) {
  let last = [Infinity, Infinity]
  return ring.filter((point) => {
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) < apart) return false
    last = point
    return true
  })
}

export function neighbours() {
  const topology = JSON.parse(readFileSync(FILE, 'utf8'))
  const polygons = []
  for (const country of topology.objects.countries.geometries) {
    if (country.id === VIET_NAM || !country.arcs) continue
    const shapes = country.type === 'Polygon' ? [country.arcs] : country.arcs
    for (const [outer] of shapes) {
      const ring = ringOf(topology, outer)
      if (!ring.some((point) => inside(BOX, point)) || ring.every((point) => inside(ARCHIPELAGOS, point))) continue
      const cut = thin(clip(ring, BOX)).map(([lon, lat]) => [Number(lon.toFixed(2)), Number(lat.toFixed(2))])
      if (cut.length > 4) polygons.push([[...cut, cut[0]]])
    }
  }
  const geometry = { type: 'MultiPolygon', coordinates: polygons }
  return { type: 'FeatureCollection', features: [{ type: 'Feature', properties: {}, geometry }] }
}
