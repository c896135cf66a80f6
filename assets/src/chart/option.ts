// What ECharts is told to draw, in the page's colours and words.
import type { EChartsCoreOption } from 'echarts/core'
import { dayMonth, hourMinute, moment, number } from '../time'
import { say } from '../words'
import { axis, withGaps, type Limit, type Point, type Range } from './series'

// ECharts knows the browser's zone or UTC only; times are shifted so that "UTC" on the axis is Việt Nam's clock.
export const SHIFT = 7 * 3_600_000
export interface Model { points: Point[]; limits: Limit[]; unit: string; precision: number; bars: boolean; range: Range; from: number; to: number; gap: number; title: string }

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--tc-${name}`).trim()
const shifted = (cells: [number, number | null][]): [number, number | null][] => cells.map(([t, v]) => [t + SHIFT, v])

export function describe(model: Model, point: Point): string {
  const parts = [`${moment(point.t)}`, `${number(point.v, model.precision)} ${model.unit}`]
  if (point.min !== undefined) parts.push(say('Range from {min} to {max}', { min: number(point.min, model.precision), max: `${number(point.max, model.precision)} ${model.unit}` }))
  if (point.out) parts.push(say('out of range'))
  if (point.corrected) parts.push(say('corrected'))
  return parts.join(', ')
}

function tip(model: Model, time: number): string {
  const point = nearest(model.points, time - SHIFT)
  if (!point) return ''
  const [when, value, ...rest] = describe(model, point).split(/, (?=\D|\d)/)
  return `<b style="font-size:1.05rem">${value}</b><br>${when}${rest.length ? `<br>${rest.join('<br>')}` : ''}`
}

export function nearest(points: Point[], time: number): Point | undefined {
  let best: Point | undefined
  for (const point of points) if (!best || Math.abs(point.t - time) < Math.abs(best.t - time)) best = point
  return best
}

function limitLines(model: Model): unknown {
  const colours = ['level-1-line', 'level-2-line', 'level-3-line'].map(token)
  const { max } = axis(model.points, model.limits, model.bars)
  return {
    silent: true, symbol: 'none', animation: false,
    data: model.limits.filter((limit) => limit.value <= max).map((limit) => {
      const colour = colours[Math.min(2, model.limits.indexOf(limit))]
      const words = `${limit.name} ${number(limit.value, model.precision)} ${model.unit}${limit.verified ? '' : ` (${say('unverified')})`}`
      return {
        yAxis: limit.value, lineStyle: { color: colour, type: [6, 4], width: 1.6 },
        label: { formatter: words, position: 'insideStartTop', color: colour, fontWeight: 600, fontSize: 12, distance: 0, padding: [0, 0, 7, 4], textBorderColor: token('surface'), textBorderWidth: 3 },
      }
    }),
  }
}

function series(model: Model): unknown[] {
  const accent = token('accent')
  const good = model.points.filter((point) => !point.out)
  const { min, max } = axis(model.points, model.limits, model.bars)
  const main = model.bars
    ? { type: 'bar', data: good.map((point) => [point.t + SHIFT, point.v]), itemStyle: { color: accent }, barMinWidth: 1, barMaxWidth: 14, large: false }
    : { type: 'line', data: shifted(withGaps(good, model.gap, (point) => point.v)), showSymbol: good.length < 3, symbolSize: 6, lineStyle: { color: accent, width: 2 }, itemStyle: { color: accent }, connectNulls: false }
  const list: unknown[] = [{ ...main, id: 'main', z: 5, animation: false, markLine: limitLines(model) }]
  if (!model.bars && good.some((point) => point.min !== undefined)) {
    const bare = { type: 'line', stack: 'band', showSymbol: false, silent: true, animation: false, lineStyle: { width: 0 }, connectNulls: false, stackStrategy: 'all' }
    list.push({ ...bare, id: 'low', data: shifted(withGaps(good, model.gap, (point) => point.min)) })
    list.push({
      ...bare, id: 'high', areaStyle: { color: accent, opacity: 0.16 },
      data: shifted(withGaps(good, model.gap, (point) => (point.min === undefined ? undefined : point.max! - point.min))),
    })
  }
  list.push({
    id: 'out', type: 'scatter', symbol: 'diamond', symbolSize: 12, z: 6, animation: false,
    itemStyle: { color: token('surface'), borderColor: token('bad'), borderWidth: 2 },
    // Far outside the axis they stand at its edge; the cursor tells the value.
    data: model.points.filter((point) => point.out).map((point) => [point.t + SHIFT, Math.min(max, Math.max(min, point.v))]),
  })
  return list
}

export function option(model: Model): EChartsCoreOption {
  const { min, max } = axis(model.points, model.limits, model.bars)
  const text = { color: token('muted'), fontFamily: 'Be Vietnam Pro', fontSize: 12 }
  const label = (value: number): string => {
    const time = hourMinute(value - SHIFT)
    return time === '00:00' ? dayMonth(value - SHIFT) : time
  }
  return {
    useUTC: true, animation: false, textStyle: { fontFamily: 'Be Vietnam Pro' }, backgroundColor: 'transparent',
    grid: { left: 8, right: 24, top: 30, bottom: 4, containLabel: true },
    xAxis: {
      type: 'time', min: model.from + SHIFT, max: model.to + SHIFT, splitNumber: model.range === 'day' ? 8 : 7,
      minInterval: model.range === 'day' ? 3_600_000 : 86_400_000,
      axisLabel: { ...text, hideOverlap: true, formatter: label }, axisLine: { onZero: false, lineStyle: { color: token('line-strong') } },
      axisTick: { lineStyle: { color: token('line-strong') } }, splitLine: { show: false },
    },
    yAxis: {
      type: 'value', min, max, name: model.unit, nameLocation: 'end', nameGap: 12, nameTextStyle: { ...text, align: 'right' },
      axisLabel: { ...text, showMinLabel: min === 0, showMaxLabel: false, formatter: (value: number) => number(value, max - min < 2 ? 2 : max - min < 20 ? 1 : 0) },
      splitLine: { lineStyle: { color: token('line') } },
    },
    tooltip: {
      trigger: 'axis', confine: true, transitionDuration: 0, backgroundColor: token('raised'), borderColor: token('line'),
      textStyle: { color: token('ink'), fontFamily: 'Be Vietnam Pro', fontSize: 13 },
      axisPointer: { type: 'line', snap: true, lineStyle: { color: token('line-strong'), type: 'solid' }, label: { show: false } },
      formatter: (entries: { axisValue: number }[]) => (entries[0] ? tip(model, entries[0].axisValue) : ''),
    },
    series: series(model),
  }
}
