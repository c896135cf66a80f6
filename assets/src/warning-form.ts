// The form of a warning: communes by boxes or by the map, an area drawn corner by corner. The boxes work alone.
import type { Chosen } from './map/choose'
import { plain } from './sensor-form'
import { say } from './words'

type Corner = [number, number]

function boxes(form: HTMLElement): HTMLInputElement[] {
  return [...form.querySelectorAll<HTMLInputElement>('input[name="units"]')]
}

function finding(form: HTMLElement, changed: () => void): void {
  const find = form.querySelector<HTMLInputElement>('[data-units-find]')
  const none = form.querySelector<HTMLButtonElement>('[data-units-none]')
  if (!find || !none) return
  find.hidden = none.hidden = false
  find.addEventListener('input', () => {
    const words = plain(find.value, ' ').split(' ')
    for (const label of form.querySelectorAll<HTMLElement>('.tc-units-list [data-name]')) {
      label.hidden = !words.every((word) => plain(label.dataset.name!, ' ').includes(word))
    }
  })
  // Enter in the search would send the form.
  find.addEventListener('keydown', (event) => event.key === 'Enter' && event.preventDefault())
  none.addEventListener('click', () => {
    for (const one of boxes(form)) one.checked = false
    changed()
  })
}

function ring(field: HTMLInputElement | null): Corner[] {
  try {
    const found = JSON.parse(field?.value || 'null') as { coordinates?: Corner[][] } | null
    return found?.coordinates?.[0]?.slice(0, -1) ?? []
  } catch {
    return []
  }
}

function drawing(form: HTMLElement, map: HTMLElement, changed: () => void): { corners: () => Corner[]; on: () => boolean } {
  const field = form.querySelector<HTMLInputElement>('input[name="area"]')
  const tools = form.querySelector<HTMLElement>('[data-draw]')!
  const [begin, centre, undo, clear] = ['begin', 'centre', 'undo', 'clear'].map((name) => tools.querySelector<HTMLButtonElement>(`[data-draw-${name}]`)!)
  const said = tools.querySelector<HTMLElement>('[data-draw-said]')!
  let corners = ring(field)
  let on = false
  const put = (): void => {
    // Two corners are no area yet: nothing is sent of them.
    if (field) field.value = corners.length > 2 ? JSON.stringify({ type: 'Polygon', coordinates: [[...corners, corners[0]!]] }) : ''
    begin!.setAttribute('aria-pressed', String(on))
    centre!.hidden = !on
    undo!.hidden = !on || !corners.length
    clear!.hidden = !corners.length
    said.textContent = on ? say('{n} corners. Tap the map; three make an area.', { n: corners.length }) : corners.length > 2 ? say('An area of {n} corners is drawn.', { n: corners.length }) : ''
    changed()
  }
  begin!.addEventListener('click', () => ((on = !on), put()))
  centre!.addEventListener('click', () => map.dispatchEvent(new CustomEvent('tc:centre')))
  undo!.addEventListener('click', () => ((corners = corners.slice(0, -1)), put()))
  clear!.addEventListener('click', () => ((corners = []), put()))
  map.addEventListener('tc:corner', (event) => {
    const [lon, lat] = (event as CustomEvent<Corner>).detail
    corners = [...corners, [Number(lon.toFixed(6)), Number(lat.toFixed(6))]]
    put()
  })
  tools.hidden = false
  queueMicrotask(put)
  return { corners: () => corners, on: () => on }
}

export function startWarningForm(): void {
  const form = document.querySelector<HTMLElement>('[data-warning-form]')
  if (!form) return
  const map = form.querySelector<HTMLElement>('tc-map[choose]')
  const count = form.querySelector<HTMLElement>('[data-units-count]')
  let go = true
  const drawn = map ? drawing(form, map, () => changed()) : null
  const changed = (): void => {
    const codes = boxes(form).filter((one) => one.checked).map((one) => one.value)
    if (count) count.textContent = codes.length ? `(${codes.length})` : ''
    const detail: Chosen = { codes, ring: drawn?.corners() ?? [], drawing: drawn?.on() ?? false, go }
    map?.dispatchEvent(new CustomEvent('tc:chosen', { detail }))
  }
  form.addEventListener('change', (event) => (event.target as HTMLElement).matches('input[name="units"]') && changed())
  map?.addEventListener('tc:unit', (event) => {
    const code = (event as CustomEvent<string>).detail
    const one = boxes(form).find((input) => input.value === code)
    if (!one) return
    one.checked = !one.checked
    changed()
  })
  map?.addEventListener('tc:ready', () => {
    changed()
    // Only the first look goes where the choice is; afterwards the map stays where the hand put it.
    go = false
  })
  finding(form, changed)
  changed()
}
