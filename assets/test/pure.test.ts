// The arithmetic behind the elements: gaps, axes, steps, words, retries.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { again } from '../src/again'
import { append, axis, stepOf, toPoint, withGaps, type Point } from '../src/chart/series'
import { backoff } from '../src/live-source'
import { contains, type UnitFeature } from '../src/map/geometry'
import { Stations } from '../src/map/stations'
import { levelTitle, levelVerified, rankOf, sentence } from '../src/sentence'
import { communeAt, concerning, type Told } from '../src/warned'
import { age, dayStart, isStale, moment, number, since } from '../src/time'

const at = (t: number, v = 1, out = false): Point => ({ t, v, out, corrected: false })
const LIMITS = [1, 2, 3.5].map((value, i) => ({ name: `BĐ${i + 1}`, value, verified: true }))
const WHEN = Date.UTC(2026, 10, 21, 7, 5, 9)

test('a line breaks where points are further apart than the gap', () => {
  const cells = withGaps([at(0), at(60_000), at(181_000)], 120, (point) => point.v)
  assert.deepEqual(cells.map(([, value]) => value), [1, 1, null, 1])
  assert.equal(withGaps([at(0), at(120_000)], 120, (point) => point.v).length, 2)
})

test('a month asks for hours, a day for raw rows', () => {
  assert.deepEqual(stepOf('day', 60), { step: '', seconds: 60 })
  assert.equal(stepOf('week', 60).step, '10m')
  assert.deepEqual(stepOf('month', 60), { step: '1h', seconds: 3600 })
})

test('an axis holds the thresholds next above and below, not a spike', () => {
  const { min, max } = axis([at(0, 1.2), at(1, 1.6), at(2, 99, true)], LIMITS, false)
  assert.ok(max > 2 && max < 3.5, `max ${max}`)
  assert.ok(min < 1 && min >= 0, `min ${min}`)
  assert.deepEqual(axis([], [], true), { min: 0, max: 1.1 })
})

test('a live point replaces its own minute and drops what left the window', () => {
  const points = [at(0), at(60_000)]
  assert.equal(append(points, at(60_000, 5), 1), true)
  assert.deepEqual(points.map((point) => point.v), [5])
  assert.equal(append(points, at(30_000), 0), false)
})

test('an observation of a step carries its range', () => {
  const point = toPoint({ time: '2026-11-21T07:00:00Z', value: 2, quality: 'out_of_range', min: 1, max: 3 })
  assert.equal(point.min, 1)
  assert.equal(point.out, true)
})

test('numbers and moments are Vietnamese in Vietnamese', () => {
  assert.equal(number(1234.5, 1, 'vi'), '1.234,5')
  assert.equal(number(1234.5, 1, 'en'), '1,234.5')
  assert.equal(number(-0.001, 2, 'vi'), '0,00')
  assert.equal(number(null, 2), '—')
  assert.equal(moment(WHEN, 'vi'), '21/11/2026 14:05')
  assert.equal(moment(WHEN, 'en'), '21 Nov 2026 14:05')
})

test('ages and silence', () => {
  assert.equal(age(185, 'vi'), '3 phút trước')
  assert.equal(age(3600, 'en'), '1 hour ago')
  assert.equal(since(WHEN, WHEN + 3_600_000, 'vi'), '14:05')
  assert.equal(since(WHEN, WHEN + 86_400_000, 'vi'), '21/11/2026 14:05')
  assert.equal(isStale(WHEN, 60, WHEN + 120_000), false)
  assert.equal(isStale(WHEN, 60, WHEN + 120_001), true)
  assert.equal(isStale(null, 60), true)
  assert.equal(moment(dayStart(WHEN), 'vi'), '21/11/2026 00:00')
})

interface Told { value: number; precision?: number; limits: { name: string; value: number; verified?: boolean }[]; rank: number; vi: string; en: string }
const LEVELS = JSON.parse(readFileSync('../tests/fixtures/levels.json', 'utf8')) as Told[]

test('script and centre judge and tell a level alike', () => {
  assert.ok(LEVELS.length > 5)
  for (const { value, precision = 2, limits, rank, vi, en } of LEVELS) {
    const own = limits.map((limit) => ({ verified: true, ...limit }))
    assert.equal(rankOf(value, precision, own), rank, `${value}`)
    assert.equal(sentence(value, 'm', precision, own, 'vi'), vi)
    assert.equal(sentence(value, 'm', precision, own, 'en'), en)
  }
})

test('a level bears the name of its limit, and its doubt', () => {
  const own = [{ name: 'Mức vàng', value: 1, verified: false }, { name: 'Mức đỏ', value: 2, verified: true }]
  assert.deepEqual([-1, 0, 1, 2].map((level) => levelTitle(level, own)), ['', 'Dưới Mức vàng', 'Mức vàng', 'Mức đỏ'])
  assert.deepEqual([-1, 0, 1, 2].map((level) => levelVerified(level, own)), [true, false, false, true])
  assert.equal(levelTitle(0, []), '')
})

test('a level is told against the threshold it passed', () => {
  assert.equal(sentence(4.66, 'm', 2, LIMITS, 'vi'), '4,66 m, trên BĐ3 1,16 m')
  assert.equal(sentence(0.4, 'm', 2, LIMITS, 'vi'), '0,40 m, dưới BĐ1 0,60 m')
  assert.equal(sentence(2, 'm', 2, LIMITS, 'en'), '2.00 m, at BĐ2')
})

test('a point lies in a commune, not in its hole', () => {
  const ring = (a: number, b: number): [number, number][] => [[a, a], [b, a], [b, b], [a, b], [a, a]]
  const unit: UnitFeature = {
    type: 'Feature', properties: { code: '1', name: '', tier: 'commune', center: [0, 0] },
    geometry: { type: 'Polygon', coordinates: [ring(0, 10), ring(4, 6)] },
  }
  assert.equal(contains(unit, [1, 1]), true)
  assert.equal(contains(unit, [5, 5]), false)
  assert.equal(contains(unit, [11, 1]), false)
})

test('a late reading does not replace a newer one', () => {
  const stations = new Stations()
  const known = { code: 'a', series: 'level', time: 100, value: 1, level: 0, limits: LIMITS, unit: 'm', precision: 2, period: 60 }
  stations.byCode.set('a', known as never)
  assert.equal(stations.apply({ code: 'a', series: 'level', time: 99, value: 9, quality: 0, level: 3 }), null)
  assert.equal(stations.apply({ code: 'a', series: 'level', time: 101, value: 3.6, quality: 0, level: 3 })?.changed, true)
  assert.equal(stations.readings.get('a'), 3.6)
  assert.equal(stations.byCode.get('a')?.levelName, 'BĐ3')
})

test('retries slow down to half a minute', () => {
  assert.deepEqual([0, 1, 2].map((n) => backoff(n, 0)), [1000, 2000, 4000])
  assert.equal(backoff(20, 0), 30_000)
  assert.equal(backoff(20, 1), 45_000)
})

test('a page that has passed is not asked for with the state of before', () => {
  assert.equal(again('/console/warnings/1/', '?seen=draft'), '/console/warnings/1/')
  assert.equal(again('/console/warnings/1/', '?seen=draft&part=told'), '/console/warnings/1/?part=told')
  assert.equal(again('/console/imports/1/', ''), '/console/imports/1/')
})

const square = (west: number, code: string): UnitFeature => ({
  type: 'Feature',
  properties: { code, name: code, tier: 'commune', center: [west, 0] },
  geometry: { type: 'Polygon', coordinates: [[[west, 0], [west + 1, 0], [west + 1, 1], [west, 1], [west, 0]]] },
})

test('a device finds its commune by itself, also in a gap of simplified borders', () => {
  const communes = [square(0, 'a'), square(1.002, 'b')]
  assert.equal(communeAt(communes, [0.5, 0.5])?.properties.code, 'a')
  assert.equal(communeAt(communes, [1.001, 1])?.properties.code, 'a')
  assert.equal(communeAt(communes, [5, 5]), null)
})

test('a drawn area counts for a point, the communes for a choice', () => {
  const said = { vi: '', en: '' }
  const drawn: Told = {
    number: '1', fill: '', ink: '', communes: ['a'], title: said, level_title: said, url: said,
    area: { type: 'Polygon', coordinates: [[[0, 0], [0.2, 0], [0.2, 0.2], [0, 0.2], [0, 0]]] },
  }
  assert.equal(concerning([drawn], 'a', null).length, 1)
  assert.equal(concerning([drawn], 'a', [0.1, 0.1]).length, 1)
  assert.equal(concerning([drawn], 'a', [0.5, 0.5]).length, 0)
  assert.equal(concerning([drawn], 'b', null).length, 0)
})
