// The search palette: Ctrl-K or "/", results from the server, arrows to move; never in the way of Telex.
import { say } from './words'

const PAUSE_MS = 160

export function composing(event: KeyboardEvent): boolean {
  // 229 is what browsers send for keys that an input method (Telex, VNI) swallows.
  return event.isComposing || event.keyCode === 229
}

export function typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null
  return !!element?.closest?.('input, textarea, select, [contenteditable]:not([contenteditable="false"])')
}

class Palette {
  private readonly input: HTMLInputElement
  private readonly results: HTMLElement
  private readonly status: HTMLElement
  private asked = 0
  private timer = 0
  private request: AbortController | null = null

  constructor(private readonly dialog: HTMLDialogElement) {
    this.input = dialog.querySelector('input')!
    this.results = dialog.querySelector('[data-results]')!
    this.status = dialog.querySelector('[data-status]')!
    this.input.addEventListener('input', () => this.later())
    this.dialog.addEventListener('keydown', (event) => this.key(event))
    dialog.querySelector('form')!.addEventListener('submit', (event) => {
      event.preventDefault()
      this.links()[0]?.click()
    })
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog || (event.target as Element).closest('[data-close]')) dialog.close()
    })
    this.hint()
  }

  open(): void {
    if (this.dialog.open) return
    this.dialog.showModal()
    this.input.select()
  }

  private links(): HTMLAnchorElement[] {
    return [...this.results.querySelectorAll('a')]
  }

  private later(): void {
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => void this.ask(), PAUSE_MS)
  }

  private async ask(): Promise<void> {
    const query = this.input.value.trim()
    const mine = ++this.asked
    this.request?.abort()
    if (!query) return this.hint()
    this.request = new AbortController()
    try {
      const url = `${this.dialog.dataset.search}?q=${encodeURIComponent(query)}`
      const answer = await fetch(url, { headers: { 'HX-Request': 'true' }, signal: this.request.signal })
      if (!answer.ok) throw new Error(String(answer.status))
      const html = await answer.text()
      if (mine !== this.asked) return
      this.results.innerHTML = html
      const count = this.links().length
      if (!count) this.note(say('Nothing found for “{query}”.', { query }))
      this.status.textContent = say('{count} results', { count })
    } catch (error) {
      if (mine === this.asked && !(error instanceof DOMException)) this.note(say('Search could not be reached. Try again.'))
    }
  }

  private hint(): void {
    this.note(say('Type a station, commune or place; diacritics are not needed.'))
    this.status.textContent = ''
  }

  private note(text: string): void {
    const line = document.createElement('p')
    line.textContent = text
    this.results.replaceChildren(line)
  }

  private key(event: KeyboardEvent): void {
    if (composing(event) || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return
    const links = this.links()
    if (!links.length) return
    event.preventDefault()
    const at = links.indexOf(document.activeElement as HTMLAnchorElement)
    const next = at + (event.key === 'ArrowDown' ? 1 : -1)
    if (next < 0) this.input.focus()
    else links[Math.min(next, links.length - 1)]!.focus()
  }
}

export function startPalette(): void {
  const dialog = document.querySelector<HTMLDialogElement>('dialog[data-search]')
  if (!dialog) return
  const palette = new Palette(dialog)
  document.addEventListener('click', (event) => {
    if (!(event.target as Element).closest('[data-open-search]')) return
    event.preventDefault()
    palette.open()
  })
  document.addEventListener('keydown', (event) => {
    if (composing(event) || event.defaultPrevented) return
    const chord = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k'
    const slash = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)
    if (!chord && !slash) return
    event.preventDefault()
    palette.open()
  })
}
