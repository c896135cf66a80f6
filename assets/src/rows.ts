// The newest readings of a station's page as text: its sentence and its table grow with every reading.
import { announced, shownBy, type Reading } from './live'
import { sentence, type Limit } from './sentence'
import { moment, number } from './time'

const MOST = 60

export function limitsOf(element: HTMLElement): Limit[] {
  return element.dataset.limits ? (JSON.parse(element.dataset.limits) as Limit[]) : []
}

function tell(element: HTMLElement, reading: Reading): void {
  if (reading.time < Number(element.dataset.time || 0)) return
  element.dataset.time = String(reading.time)
  const { unit = '', precision = '2' } = element.dataset
  const plausible = !(reading.quality & 1)
  element.textContent = plausible ? sentence(reading.value, unit, Number(precision), limitsOf(element)) : ''
}

/** Puts a reading where its time belongs: newest first, one row for one time. */
function insert(box: HTMLElement, reading: Reading): void {
  const body = box.querySelector('tbody')!
  const rows = [...body.rows]
  const at = rows.find((row) => Number(row.dataset.time) <= reading.time)
  if (!at && rows.length >= MOST) return
  const row = (box.querySelector('template')!.content.firstElementChild as HTMLTableRowElement).cloneNode(true) as HTMLTableRowElement
  row.dataset.time = String(reading.time)
  row.cells[0]!.textContent = moment(reading.time)
  row.cells[1]!.textContent = number(reading.value, Number(box.dataset.precision || 2))
  row.querySelector<HTMLElement>('[data-remark]')!.hidden = !(reading.quality & 1)
  body.insertBefore(row, at ?? null)
  if (at && Number(at.dataset.time) === reading.time) at.remove()
  while (body.rows.length > MOST) body.rows[MOST]!.remove()
  for (const part of box.querySelectorAll<HTMLElement>('[data-when-rows]')) part.hidden = part.dataset.whenRows === 'none'
}

export function startRows(): void {
  document.addEventListener('tc:readings', (event) => {
    const readings = announced(event)
    for (const [element, reading] of shownBy('data-sentence', readings)) tell(element, reading)
    for (const [element, reading] of shownBy('data-rows', readings)) insert(element, reading)
  })
}
