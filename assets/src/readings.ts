// Keeps readings outside the map live: elements that carry data-reading="code/series".
import { setTime } from './ages'
import { announced, shownBy, type Reading } from './live'
import { limitsOf } from './rows'
import { levelTitle, levelVerified } from './sentence'
import { isStale, number, since } from './time'
import { say } from './words'

function show(element: HTMLElement, reading: Reading): void {
  const known = Number(element.dataset.time || 0)
  if (reading.time < known) return // a late row of the past does not replace the newest value
  const decimals = element.dataset.precision ? Number(element.dataset.precision) : undefined
  const value = element.querySelector<HTMLElement>('[data-part="value"]')
  const text = number(reading.value, decimals)
  const changed = !!value && value.textContent !== text
  if (value) value.textContent = text
  const time = element.querySelector<HTMLTimeElement>('time')
  if (time) setTime(time, reading.time)
  const badge = element.querySelector<HTMLElement>('[data-level]')
  if (badge) {
    const limits = limitsOf(element)
    badge.dataset.level = String(reading.level)
    const name = badge.querySelector('[data-part="level"]')
    if (name) name.textContent = levelTitle(reading.level, limits)
    const doubt = element.querySelector<HTMLElement>('[data-part="unverified"]')
    if (doubt) doubt.hidden = levelVerified(reading.level, limits)
  }
  const mark = element.querySelector<HTMLElement>('[data-part="quality"]')
  if (mark) mark.hidden = !(reading.quality & 1)
  element.dataset.time = String(reading.time)
  refreshStale(element)
  if (changed) pulse(element.querySelector('.tc-value') ?? element)
}

export function pulse(element: Element): void {
  element.classList.remove('tc-changed')
  void (element as HTMLElement).offsetWidth // restarts the animation
  element.classList.add('tc-changed')
}

function refreshStale(element: HTMLElement): void {
  const time = element.dataset.time ? Number(element.dataset.time) : null
  const stale = isStale(time, Number(element.dataset.period || 60))
  element.toggleAttribute('data-stale', stale)
  const words = element.querySelector('[data-part="stale"]')
  if (words && stale) words.textContent = time === null ? say('No reading yet') : say('No signal since {time}', { time: since(time) })
}

export function startReadings(): void {
  document.addEventListener('tc:readings', (event) => {
    for (const [element, reading] of shownBy('data-reading', announced(event))) show(element, reading)
  })
  const all = (): void => document.querySelectorAll<HTMLElement>('[data-reading]').forEach(refreshStale)
  all()
  setInterval(all, 10_000)
}
