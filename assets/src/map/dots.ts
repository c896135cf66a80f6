// The dots of stations: of thousands only those are told to the map again that look different now.
import type { Map as GLMap, GeoJSONSource } from 'maplibre-gl'
import { tone } from './pills'
import { rank, type Station } from './stations'

/** Names of communes make room for dots where there are no more than these; among thousands no name would be left. */
const CLEARED = 500

interface Dot { code: string; tone: string; rank: number; clear: boolean; at: [number, number] }

export class Dots {
  private drawn = new Map<string, Dot>()

  constructor(private readonly map: GLMap) {}

  draw(shown: Station[]): void {
    const source = this.map.getSource<GeoJSONSource>('stations')
    if (!source) return
    const clear = shown.length <= CLEARED
    const dots = shown.map((station): Dot => ({
      code: station.code, tone: tone(station), rank: Math.floor(rank(station)), clear, at: [station.lon, station.lat],
    }))
    const before = this.drawn
    this.drawn = new Map(dots.map((dot) => [dot.code, dot]))
    if (this.drawn.size !== before.size || !dots.every((dot) => stands(dot, before.get(dot.code)))) {
      source.setData({
        type: 'FeatureCollection',
        features: dots.map(({ at, ...properties }) => ({ type: 'Feature', properties, geometry: { type: 'Point', coordinates: at } })),
      })
      return
    }
    const update = dots.filter((dot) => differs(dot, before.get(dot.code)!)).map(({ code, tone, rank }) => ({
      id: code, addOrUpdateProperties: [{ key: 'tone', value: tone }, { key: 'rank', value: rank }],
    }))
    if (update.length) void source.updateData({ update })
  }
}

/** Whether a dot that the map knows is where it was. */
function stands({ at: [lon, lat] }: Dot, before: Dot | undefined): boolean {
  return before?.at[0] === lon && before.at[1] === lat
}

function differs(dot: Dot, before: Dot): boolean {
  return dot.tone !== before.tone || dot.rank !== before.rank
}
