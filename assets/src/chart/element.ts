// <tc-chart>: one series over a day, a week or a month, with its thresholds and its gaps.
import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { announced } from '../live'
import { moment } from '../time'
import { say } from '../words'
import css from './chart.css?text'
import { describe, option, SHIFT, type Model } from './option'
import { append, SPAN, stepOf, toPoint, type Item, type Limit, type Range } from './series'

use([BarChart, LineChart, ScatterChart, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer])
const sheet = new CSSStyleSheet()
sheet.replaceSync(css)
document.adoptedStyleSheets.push(sheet)
const MOST_PAGES = 10
const RENEW_MS = 300_000

function part<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, text = ''): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  element.className = className
  element.textContent = text
  return element
}

const rfc = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

export class TcChart extends HTMLElement {
  private readonly body = part('div', 'tc-chart-body')
  private readonly cover = part('div', 'tc-chart-cover')
  private readonly spoken = part('div', 'tc-sr')
  private readonly stops = new AbortController()
  private chart: EChartsType | null = null
  private model!: Model
  private cursor = -1
  private timer = 0
  private loading: AbortController | null = null

  static readonly observedAttributes = ['src', 'range']

  connectedCallback(): void {
    if (this.body.isConnected) return
    const links = part('div', 'tc-chart-links')
    links.append(...this.childNodes)
    this.spoken.setAttribute('aria-live', 'polite')
    this.body.tabIndex = 0
    this.body.setAttribute('role', 'group')
    this.body.setAttribute('aria-label', say('Chart, {title}. Arrow keys move the cursor.', { title: this.getAttribute('title') || '' }))
    this.body.addEventListener('keydown', (event) => this.key(event))
    this.body.addEventListener('blur', () => this.chart?.dispatchAction({ type: 'hideTip' }))
    const frame = part('div', 'tc-chart-frame')
    frame.append(this.body, this.cover)
    this.append(frame, links, this.spoken)
    // The browser's own tooltip would repeat the title over the chart.
    if (this.title) this.dataset.title = this.title
    this.watch()
    void this.load()
  }

  disconnectedCallback(): void {
    this.stops.abort()
    clearInterval(this.timer)
    this.chart?.dispose()
  }

  attributeChangedCallback(_name: string, before: string | null): void {
    if (before !== null && this.body.isConnected) void this.load()
  }

  private watch(): void {
    const { signal } = this.stops
    document.addEventListener('tc:readings', (event) => this.live(event), { signal })
    document.addEventListener('tc:resync', () => void this.load(true), { signal })
    this.timer = window.setInterval(() => void this.load(true), RENEW_MS)
    const resize = new ResizeObserver(() => this.chart?.resize())
    resize.observe(this)
    const repaint = new MutationObserver(() => this.render())
    repaint.observe(document.documentElement, { attributeFilter: ['data-bs-theme'] })
    signal.addEventListener('abort', () => {
      resize.disconnect()
      repaint.disconnect()
    })
  }

  private fresh(): Model {
    const range = (this.getAttribute('range') || 'day') as Range
    const period = Number(this.getAttribute('period') || 60)
    const to = this.getAttribute('to') ? Date.parse(this.getAttribute('to')!) : Date.now()
    return {
      points: [], range, to, from: to - SPAN[range], bars: this.getAttribute('kind') === 'bar',
      limits: JSON.parse(this.getAttribute('thresholds') || '[]') as Limit[], unit: this.getAttribute('unit') || '',
      precision: Number(this.getAttribute('precision') || 2), title: this.dataset.title || '',
      gap: Number(this.getAttribute('gap') || 2 * stepOf(range, period).seconds),
    }
  }

  private async load(quiet = false): Promise<void> {
    this.loading?.abort()
    const stop = new AbortController()
    this.loading = stop
    const model = this.fresh()
    if (!quiet) this.turn('loading')
    try {
      const { step } = stepOf(model.range, 0)
      const query = new URLSearchParams({ from: rfc(model.from), to: rfc(model.to + 1000), limit: '100000', ...(step ? { step } : {}) })
      let next: string | null = `${this.getAttribute('src')}?${query}`
      for (let page = 0; next && page < MOST_PAGES; page++) {
        const answer: Response = await fetch(next, { signal: stop.signal, headers: { Accept: 'application/json' } })
        if (!answer.ok) throw new Error(`${answer.status}`)
        const body = (await answer.json()) as { items: Item[]; next: string | null }
        for (const item of body.items) model.points.push(toPoint(item))
        next = body.next
      }
    } catch (error) {
      if (stop.signal.aborted) return
      console.warn('chart', error)
      if (!quiet || !this.model) this.turn('error')
      return
    }
    this.model = model
    this.render()
  }

  private render(): void {
    if (!this.model) return
    this.dataset.points = String(this.model.points.length)
    if (!this.model.points.length) {
      this.turn('empty')
      return
    }
    this.turn('ready')
    this.chart ??= init(this.body, null, { renderer: 'svg' })
    this.chart.setOption(option(this.model), { notMerge: true })
  }

  /** Shows one of the states: loading, empty, error, ready. */
  private turn(state: 'loading' | 'empty' | 'error' | 'ready'): void {
    this.dataset.state = state
    this.toggleAttribute('data-ready', state !== 'loading')
    this.cover.hidden = state === 'ready'
    this.cover.className = `tc-chart-cover${state === 'loading' ? ' tc-skeleton' : ''}`
    this.cover.replaceChildren()
    this.body.toggleAttribute('inert', state !== 'ready')
    if (state === 'loading') this.cover.append(part('span', 'tc-sr', say('Loading readings')))
    if (state === 'empty') {
      const span = { from: moment(this.model.from), to: moment(this.model.to) }
      this.cover.append(part('b', '', say('No readings in this period.')), part('span', '', say('The station sent nothing between {from} and {to}.', span)))
    }
    if (state === 'error') {
      const retry = part('button', 'btn btn-primary', say('Try again'))
      retry.type = 'button'
      retry.addEventListener('click', () => void this.load())
      this.cover.append(part('b', '', say('The readings could not be loaded.')), part('span', '', say('Nothing is lost: they are kept at the centre.')), retry)
    }
  }

  private live(event: Event): void {
    const own = /\/things\/([^/]+)\/series\/([^/]+)\//.exec(this.getAttribute('src') ?? '')
    if (!this.model || !own || this.getAttribute('to')) return
    const [code, series] = [decodeURIComponent(own[1]!), decodeURIComponent(own[2]!)]
    let changed = false
    for (const reading of announced(event)) {
      if (code !== reading.code || series !== reading.series) continue
      const now = Math.max(Date.now(), reading.time)
      const point = { t: reading.time, v: reading.value, out: (reading.quality & 1) === 1, corrected: (reading.quality & 2) === 2 }
      this.model.to = now
      this.model.from = now - SPAN[this.model.range]
      changed = append(this.model.points, point, this.model.from) || changed
    }
    if (changed) this.render()
  }

  private key(event: KeyboardEvent): void {
    const last = (this.model?.points.length ?? 0) - 1
    const moves: Record<string, number> = { ArrowRight: this.cursor + 1, ArrowLeft: (this.cursor < 0 ? last + 1 : this.cursor) - 1, PageDown: this.cursor + 20, PageUp: this.cursor - 20, Home: 0, End: last }
    const wanted = moves[event.key]
    if (wanted === undefined || last < 0 || !this.chart) return
    event.preventDefault()
    this.cursor = Math.min(last, Math.max(0, wanted))
    const point = this.model.points[this.cursor]!
    const [x] = this.chart.convertToPixel({ gridIndex: 0 }, [point.t + SHIFT, point.v]) as unknown as number[]
    this.chart.dispatchAction({ type: 'showTip', x, y: 60 })
    this.spoken.textContent = describe(this.model, point)
  }
}

customElements.define('tc-chart', TcChart)
