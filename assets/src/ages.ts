// Keeps every <time data-age> telling the truth while the page stays open.
import { age, moment } from './time'

export function refreshAges(root: ParentNode = document): void {
  const now = Date.now()
  for (const element of root.querySelectorAll<HTMLTimeElement>('time[data-age]')) {
    const at = Date.parse(element.dateTime)
    if (Number.isNaN(at)) continue
    const text = age((now - at) / 1000)
    if (element.textContent !== text) element.textContent = text
  }
}

export function setTime(element: HTMLTimeElement, ms: number): void {
  element.dateTime = new Date(ms).toISOString()
  element.title = moment(ms)
  element.textContent = age((Date.now() - ms) / 1000)
}

export function startAges(): void {
  refreshAges()
  setInterval(() => refreshAges(), 10_000)
  document.addEventListener('visibilitychange', () => document.hidden || refreshAges())
}
