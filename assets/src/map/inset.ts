// The whole country in a corner, both archipelagos in it: shows where the locality lies and takes the map there and back.
import { say } from '../words'
import { outline, type Box, type Units } from './geometry'
import { make } from './panels'

export const COUNTRY: Box = [101.9, 6.2, 118.2, 23.7]
const WIDTH = 96

export class Inset {
  readonly element = make('button', 'tc-map-inset')
  private readonly view: SVGRectElement
  private readonly svg: SVGSVGElement
  private readonly scale = WIDTH / (COUNTRY[2] - COUNTRY[0])

  constructor(national: Units, own: string, private readonly place: string, act: () => void) {
    const height = Math.round((COUNTRY[3] - COUNTRY[1]) * this.scale * 1.04)
    const paths = national.features.map((feature) => {
      const kind = feature.properties.tier === 'zone' ? 'zone' : feature.properties.code === own ? 'own' : 'land'
      return `<path class="tc-inset-${kind}" d="${outline(feature, COUNTRY, this.scale)}"/>`
    })
    const label = (text: string, lon: number, lat: number, anchor = 'middle'): string =>
      `<text text-anchor="${anchor}" x="${((lon - COUNTRY[0]) * this.scale).toFixed(0)}" y="${((COUNTRY[3] - lat) * this.scale * 1.04).toFixed(0)}">${text}</text>`
    this.element.type = 'button'
    this.element.innerHTML =
      `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" aria-hidden="true">${paths.join('')}` +
      `${label('Hoàng Sa', 112, 17.6)}${label('Trường Sa', 118.1, 12.3, 'end')}<rect class="tc-inset-view"/></svg><span></span>`
    this.svg = this.element.querySelector('svg')!
    this.view = this.element.querySelector('rect')!
    this.element.addEventListener('click', act)
    this.away(false)
  }

  /** Tells whether the map shows the country now, so that the button says where it leads. */
  away(national: boolean): void {
    const text = national ? say('Back to {place}', { place: this.place }) : say('Việt Nam')
    const label = national ? text : say('Show all of Việt Nam')
    this.element.querySelector('span')!.textContent = text
    this.element.title = label
  }

  frame([west, south, east, north]: Box): void {
    const x = Math.max(0, (west - COUNTRY[0]) * this.scale)
    const y = Math.max(0, (COUNTRY[3] - north) * this.scale * 1.04)
    this.view.setAttribute('x', x.toFixed(1))
    this.view.setAttribute('y', y.toFixed(1))
    this.view.setAttribute('width', Math.max(3, Math.min(WIDTH - x, (east - west) * this.scale)).toFixed(1))
    this.view.setAttribute('height', Math.max(3, (north - south) * this.scale * 1.04).toFixed(1))
    this.svg.classList.toggle('is-country', east - west > 9)
  }
}
