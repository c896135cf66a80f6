// Where it is: told by the phone, proposed by a photo, tapped on the map.
import { say } from '../words'
import type { Place } from './photos'

/** A key that nobody guesses, also where the page is not secure. */
export function fresh(): string {
  if (crypto.randomUUID) return crypto.randomUUID()
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export class Places {
  private readonly lon: HTMLInputElement
  private readonly lat: HTMLInputElement
  private readonly said: HTMLElement
  private map: HTMLElement | null = null
  private exact = ''

  constructor(private readonly form: HTMLFormElement, private readonly changed: () => void) {
    this.lon = form.querySelector('[data-report-lon]')!
    this.lat = form.querySelector('[data-report-lat]')!
    this.said = form.querySelector('[data-report-at]')!
    this.locating()
    this.mapping()
  }

  private put(place: Place): void {
    this.lon.value = place.lon.toFixed(6)
    this.lat.value = place.lat.toFixed(6)
    this.show(true)
    this.changed()
  }

  show(go: boolean): void {
    const isKnown = this.lon.value !== '' && this.lat.value !== ''
    this.said.textContent = isKnown ? `${say('The place is marked.')} ${this.exact}` : ''
    const at = [Number(this.lon.value), Number(this.lat.value)]
    this.map?.dispatchEvent(new CustomEvent('tc:show', { detail: isKnown ? { at, go } : null }))
  }

  propose(place: Place): void {
    const box = this.form.querySelector<HTMLElement>('[data-report-photo-place]')!
    if (this.lon.value !== '') return
    box.hidden = false
    box.querySelector('button')!.onclick = () => {
      box.hidden = true
      this.exact = ''
      this.put(place)
    }
  }

  private locating(): void {
    const button = this.form.querySelector<HTMLButtonElement>('[data-report-locate]')!
    // Without HTTPS a browser knows no place: a button that cannot work is not shown.
    if (!isSecureContext || !navigator.geolocation) return
    button.hidden = false
    button.addEventListener('click', () => {
      this.said.textContent = say('Looking for the place …')
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          this.exact = say('Exact to about {n} m.', { n: Math.round(coords.accuracy) })
          this.put({ lon: coords.longitude, lat: coords.latitude })
        },
        () => (this.said.textContent = say('The phone does not tell its place. Tap the map or type the address.')),
        { enableHighAccuracy: true, timeout: 20_000, maximumAge: 30_000 },
      )
    })
  }

  private mapping(): void {
    const button = this.form.querySelector<HTMLButtonElement>('[data-report-map]')!
    const box = this.form.querySelector<HTMLElement>('[data-report-map-box]')!
    const template = box.querySelector('template')
    if (!template) return
    button.hidden = false
    button.addEventListener('click', () => {
      box.hidden = !box.hidden
      button.setAttribute('aria-expanded', String(!box.hidden))
      if (this.map || box.hidden) return
      box.append(template.content.cloneNode(true))
      this.map = box.querySelector('tc-map')!
      this.map.addEventListener('tc:ready', () => this.show(true))
      this.map.addEventListener('tc:pick', (event) => {
        const [lon, lat] = (event as CustomEvent<[number, number]>).detail
        this.lon.value = lon.toFixed(6)
        this.lat.value = lat.toFixed(6)
        this.exact = ''
        this.show(false)
        this.changed()
      })
      void import('../map/element')
    })
  }
}
