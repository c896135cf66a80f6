// The form of a new sensor: code from name, place from map or phone, rows of quantities. All of it works typed by hand.
import { say } from './words'

/** Plain letters and one separator, as the program makes codes and names out of words. */
export function plain(text: string, separator: string): string {
  const folded = text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase().replace(/đ/g, 'd')
  return folded.replace(/[^a-z0-9]+/g, separator).replace(new RegExp(`^${separator}+|${separator}+$`, 'g'), '')
}

/** Two decimals as map programs copy them: latitude, then longitude. */
export function pair(text: string): [string, string] | null {
  const found = /^\s*(-?\d+[.,]\d+)\s*[,;\s]\s*(-?\d+[.,]\d+)\s*$/.exec(text)
  return found ? [found[1]!.replace(',', '.'), found[2]!.replace(',', '.')] : null
}

function slugs(form: HTMLElement): void {
  const from = form.querySelector<HTMLInputElement>('[data-slug-from]')
  const to = form.querySelector<HTMLInputElement>('[data-slug-to]')
  if (!from || !to || to.readOnly) return
  let own = to.value !== '' && to.value !== plain(from.value, '-')
  to.addEventListener('input', () => (own = to.value !== ''))
  from.addEventListener('input', () => {
    if (!own) to.value = plain(from.value, '-').slice(0, 80)
  })
}

function places(form: HTMLElement): void {
  const lat = form.querySelector<HTMLInputElement>('[data-lat]')
  const lon = form.querySelector<HTMLInputElement>('[data-lon]')
  const map = form.querySelector<HTMLElement>('tc-map[pick]')
  if (!lat || !lon) return
  const put = (at: [number, number]): void => {
    lon.value = at[0].toFixed(6)
    lat.value = at[1].toFixed(6)
    show(false)
  }
  const show = (go: boolean): void => {
    const at = [lon.value, lat.value].map((text) => Number(text.replace(',', '.')))
    const known = lon.value !== '' && lat.value !== '' && at.every(Number.isFinite)
    map?.dispatchEvent(new CustomEvent('tc:show', { detail: known ? { at, go } : null }))
  }
  map?.addEventListener('tc:pick', (event) => put((event as CustomEvent<[number, number]>).detail))
  for (const field of [lat, lon]) {
    field.addEventListener('input', () => {
      const both = pair(field.value)
      if (both) [lat.value, lon.value] = both
      show(true)
    })
  }
  map?.addEventListener('tc:ready', () => show(true))
  locate(form, (at) => {
    put(at)
    show(true)
  })
}

function locate(form: HTMLElement, found: (at: [number, number]) => void): void {
  const button = form.querySelector<HTMLButtonElement>('[data-locate]')
  const said = form.querySelector<HTMLElement>('[data-locate-said]')
  // Without HTTPS a browser knows no place: a button that cannot work is not shown.
  if (!button || !said || !isSecureContext || !navigator.geolocation) return
  button.hidden = false
  button.addEventListener('click', () => {
    said.textContent = say('Looking for the place …')
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        said.textContent = say('Exact to about {n} m.', { n: Math.round(coords.accuracy) })
        found([coords.longitude, coords.latitude])
      },
      () => (said.textContent = say('The phone does not tell its place. Tap the map or type the numbers.')),
      { enableHighAccuracy: true, timeout: 20_000 },
    )
  })
}

function field(row: Element, name: string): HTMLInputElement | null {
  return row.querySelector(`[data-q="${name}"]`)
}

function named(row: Element): void {
  const title = field(row, 'title')
  const name = field(row, 'name')
  if (!title || !name) return
  let own = name.value !== ''
  name.addEventListener('input', () => (own = name.value !== ''))
  title.addEventListener('input', () => {
    if (!own) name.value = plain(title.value, '_').slice(0, 60)
  })
}

function quantities(form: HTMLElement): void {
  const box = form.querySelector<HTMLElement>('[data-rows-of-quantities]')
  const more = form.querySelector<HTMLElement>('[data-add-quantity]')
  if (!box || !more) return
  const blank = box.lastElementChild!.cloneNode(true) as HTMLElement
  blank.querySelector('.errorlist')?.remove()
  box.querySelectorAll(':scope > fieldset').forEach(named)
  const add = (): HTMLElement => {
    const row = blank.cloneNode(true) as HTMLElement
    row.querySelectorAll('input').forEach((input) => (input.value = ''))
    box.append(row)
    named(row)
    return row
  }
  const empty = (): Element => [...box.children].find((row) => !field(row, 'title')!.value && !field(row, 'name')!.value) ?? add()
  more.hidden = false
  more.addEventListener('click', () => field(add(), 'title')!.focus())
  const presets = form.querySelector<HTMLElement>('[data-presets]')
  if (presets) presets.hidden = false
  presets?.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-preset]')
    if (!button) return
    const row = empty()
    const preset = JSON.parse(button.dataset.preset!) as Record<string, string | number>
    for (const [key, value] of Object.entries(preset)) {
      const input = field(row, key)
      if (input) input.value = String(value)
    }
    field(row, 'title')!.value = button.textContent!.trim()
  })
}

export function startSensorForm(): void {
  const form = document.querySelector<HTMLElement>('[data-sensor-form]')
  if (!form) return
  slugs(form)
  places(form)
  quantities(form)
}
