// A map on which one place is chosen: a tap moves the mark, and the page is told where it stands.
import { Marker, type Map as GLMap } from 'maplibre-gl'

interface Shown { at: [number, number]; go: boolean }

export function pickable(element: HTMLElement, map: GLMap): void {
  const mark = new Marker({ color: 'currentColor', draggable: true })
  mark.getElement().classList.add('tc-pick-mark')
  const tell = (): void => {
    const { lng, lat } = mark.getLngLat()
    element.dispatchEvent(new CustomEvent('tc:pick', { detail: [lng, lat] }))
  }
  map.on('click', (event) => {
    mark.setLngLat(event.lngLat).addTo(map)
    tell()
  })
  mark.on('dragend', tell)
  element.addEventListener('tc:show', (event) => {
    const shown = (event as CustomEvent<Shown | null>).detail
    if (!shown) return void mark.remove()
    mark.setLngLat(shown.at).addTo(map)
    if (shown.go) map.easeTo({ center: shown.at, zoom: Math.max(map.getZoom(), 12), duration: 500 })
  })
  element.dispatchEvent(new CustomEvent('tc:ready'))
}
