// The arithmetic of a chart: which step a range asks for, where the line breaks, how high the axis reaches.
import type { Limit } from '../sentence'

export type { Limit }
export type Range = 'day' | 'week' | 'month'
export interface Item { time: string; value: number; quality?: string; corrected?: boolean; min?: number; max?: number; count?: number }
export interface Point { t: number; v: number; out: boolean; corrected: boolean; min?: number; max?: number }

const DAY = 86_400_000
export const SPAN: Record<Range, number> = { day: DAY, week: 7 * DAY, month: 30 * DAY }

/** The API's step for a range (none: raw rows) and its length in seconds. */
export function stepOf(range: Range, period: number): { step: string; seconds: number } {
  if (range === 'week') return { step: '10m', seconds: 600 }
  if (range === 'month') return { step: '1h', seconds: 3600 }
  return { step: '', seconds: period }
}

export function toPoint(item: Item): Point {
  const point: Point = { t: Date.parse(item.time), v: item.value, out: item.quality === 'out_of_range', corrected: item.corrected === true }
  if (item.min !== undefined && item.max !== undefined) Object.assign(point, { min: item.min, max: item.max })
  return point
}

export type Cell = [time: number, value: number | null]

/** Pairs for the line, with an empty one wherever two points are further apart than `gap` seconds. */
export function withGaps(points: Point[], gap: number, pick: (point: Point) => number | undefined): Cell[] {
  const cells: Cell[] = []
  let last: number | null = null
  for (const point of points) {
    const value = pick(point)
    if (value === undefined) continue
    if (last !== null && point.t - last > gap * 1000) cells.push([(last + point.t) / 2, null])
    cells.push([point.t, value])
    last = point.t
  }
  return cells
}

/** An axis that holds the good values and the thresholds next above and below them. */
export function axis(points: Point[], limits: Limit[], bars: boolean): { min: number; max: number } {
  const good = points.filter((point) => !point.out)
  const values = (good.length ? good : points).flatMap((point) => [point.min ?? point.v, point.max ?? point.v])
  let low = Math.min(...values)
  let high = Math.max(...values)
  if (!values.length) [low, high] = [0, 1]
  const above = limits.map((limit) => limit.value).filter((value) => value >= high)
  const below = limits.map((limit) => limit.value).filter((value) => value <= low)
  if (above.length) high = Math.min(...above)
  if (below.length) low = Math.max(...below)
  if (bars) return { min: 0, max: high > 0 ? high * 1.1 : 1 }
  const room = Math.max((high - low) * 0.1, 0.1)
  return { min: low >= 0 && low - room < 0 ? 0 : low - room, max: high + room }
}

/** Adds a live point in time order; false when nothing newer came. */
export function append(points: Point[], point: Point, from: number): boolean {
  const last = points.at(-1)
  if (last && point.t < last.t) return false
  if (last && point.t === last.t) points.pop()
  points.push(point)
  while (points.length && points[0]!.t < from) points.shift()
  return true
}
