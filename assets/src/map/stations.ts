// The stations a map shows: fetched by layer, moved by live readings, aged by the clock.
import { type Reading } from '../live'
import { levelVerified, sentence, type Limit } from '../sentence'
import { isStale } from '../time'

const BY_NAME = new Intl.Collator('vi')

export interface Legend { title: string; classes: [key: string, title: string][] }
export interface LayerSpec { key: string; url: string; title: string; icon?: string; legend?: Legend }

export interface Station {
  layer: string; code: string; name: string; kind: string; kindTitle: string; symbol: string; unitName: string; url: string
  sample: boolean; placed: boolean; period: number; series: string; unit: string; precision: number; limits: Limit[]
  lon: number; lat: number
  value: number | null; time: number | null; level: number; levelName: string; levelVerified: boolean; sentence: string; quality: number
  sum1h: number | null; sum24h: number | null; rainClass: string
  stale: boolean
}

type Properties = Record<string, unknown>

function toStation(layer: string, properties: Properties, [lon, lat]: [number, number]): Station {
  const text = (name: string): string => String(properties[name] ?? '')
  const amount = (name: string): number | null => (typeof properties[name] === 'number' ? (properties[name] as number) : null)
  const station: Station = {
    layer, lon, lat, code: text('code'), name: text('name'), kind: text('kind'), kindTitle: text('kind_title'), symbol: text('symbol'),
    unitName: text('unit_name'), url: text('url'), sample: properties.sample === true, placed: properties.position_verified !== false, period: amount('period') ?? 60,
    series: text('series'), unit: text('unit'), precision: amount('precision') ?? 2,
    limits: (properties.thresholds as Limit[] | undefined) ?? [],
    value: amount('value'), time: amount('time'), level: amount('level') ?? -1, levelName: text('level_name'),
    levelVerified: properties.level_verified !== false,
    sentence: text('sentence'), quality: amount('quality') ?? 0,
    sum1h: amount('sum_1h'), sum24h: amount('sum_24h'), rainClass: text('rain_class'), stale: false,
  }
  station.stale = isStale(station.time, station.period)
  return station
}

/** What is seen first when not everything fits: silent stations last, then level, whatever has levels, value. */
export function rank(station: Station): number {
  if (station.value === null) return -2
  const judged = station.limits.length ? 5 : 0
  return (station.stale ? -1 : 0) + Math.max(0, station.level) * 10 + judged + Math.min(4.9, Math.abs(station.sum24h ?? station.value) / 200)
}

export class Stations {
  readonly byCode = new Map<string, Station>()
  readonly readings = new Map<string, number | null>()

  async load(layer: LayerSpec): Promise<void> {
    const answer = await fetch(layer.url, { headers: { Accept: 'application/json' } })
    if (!answer.ok) throw new Error(`${layer.url}: ${answer.status}`)
    const body = (await answer.json()) as { features: { properties: Properties; geometry: { coordinates: [number, number] } }[] }
    const gone = new Set([...this.byCode.values()].filter((s) => s.layer === layer.key).map((s) => s.code))
    for (const feature of body.features) {
      const station = toStation(layer.key, feature.properties, feature.geometry.coordinates)
      gone.delete(station.code)
      this.keep(station)
    }
    for (const code of gone) this.byCode.delete(code)
  }

  private keep(fresh: Station): void {
    const known = this.byCode.get(fresh.code)
    // A live reading may have overtaken the answer on its way.
    if (known && (known.time ?? 0) > (fresh.time ?? 0)) {
      const { value, time, level, levelName, levelVerified: checked, quality, sentence: words, stale } = known
      Object.assign(fresh, { value, time, level, levelName, levelVerified: checked, quality, sentence: words, stale })
    }
    if (known) Object.assign(known, fresh)
    else this.byCode.set(fresh.code, fresh)
    this.readings.set(fresh.code, fresh.value)
  }

  /** The station this reading moved, or null when it is not on this map or brings nothing newer. */
  apply(reading: Reading): { station: Station; changed: boolean } | null {
    const station = this.byCode.get(reading.code)
    if (!station || station.series !== reading.series || reading.time < (station.time ?? 0)) return null
    const changed = station.value !== reading.value || station.level !== reading.level
    station.value = reading.value
    station.time = reading.time
    station.level = reading.level
    station.levelName = reading.level > 0 ? (station.limits[reading.level - 1]?.name ?? '') : ''
    station.levelVerified = levelVerified(reading.level, station.limits)
    station.quality = reading.quality
    station.sentence = reading.quality & 1 ? '' : sentence(reading.value, station.unit, station.precision, station.limits)
    station.stale = isStale(station.time, station.period)
    this.readings.set(station.code, station.value)
    return { station, changed }
  }

  /** Stations whose silence began or ended since the last look. */
  age(): Station[] {
    return [...this.byCode.values()].filter((station) => {
      const stale = isStale(station.time, station.period)
      if (stale === station.stale) return false
      station.stale = stale
      return true
    })
  }

  ordered(): Station[] {
    return [...this.byCode.values()].sort((a, b) => rank(b) - rank(a) || BY_NAME.compare(a.name, b.name))
  }
}
