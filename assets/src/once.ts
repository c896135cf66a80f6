// Forms that arrive once, whatever the network does: what is sent lies on the phone until the centre has kept it, and
// the centre knows the key of a sending that came before.
const SHELF = 'tc-once:'
const AGAIN_MS = 15_000
const PATIENCE_MS = 20_000

interface Waiting { url: string; body: string; csrf: string }

function shelf(): Storage | null {
  try {
    return localStorage
  } catch {
    return null // private windows of some phones: the form still sends while the page is open
  }
}

async function send({ url, body, csrf }: Waiting): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' }
  if (csrf) headers['X-CSRFToken'] = csrf
  return fetch(url, { method: 'POST', body, headers, credentials: 'same-origin', redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) })
}

class Once {
  private waiting: Waiting | null = null
  private busy = false
  private readonly state: HTMLElement

  constructor(private readonly form: HTMLFormElement) {
    this.state = form.querySelector<HTMLElement>('[data-once-state]')!
    form.addEventListener('submit', (event) => this.submitted(event))
    addEventListener('online', () => void this.go())
    setInterval(() => void this.go(), AGAIN_MS)
    const left = shelf()?.getItem(this.place)
    if (!left) return
    this.waiting = JSON.parse(left) as Waiting
    for (const [name, value] of new URLSearchParams(this.waiting.body)) {
      const field = form.elements.namedItem(name)
      if (field instanceof HTMLInputElement && field.type === 'checkbox') field.checked = true
      else if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value
    }
    void this.go()
  }

  private get place(): string {
    return SHELF + new URL(this.form.action).pathname
  }

  private submitted(event: SubmitEvent): void {
    event.preventDefault()
    const fields = new URLSearchParams()
    for (const [name, value] of new FormData(this.form)) if (typeof value === 'string') fields.set(name, value)
    const csrf = fields.get('csrfmiddlewaretoken') ?? ''
    fields.delete('csrfmiddlewaretoken')
    this.waiting = { url: this.form.action, body: fields.toString(), csrf }
    try {
      shelf()?.setItem(this.place, JSON.stringify(this.waiting))
    } catch {
      // full: it still lies in this page
    }
    void this.go()
  }

  private show(what: 'kept' | 'waits' | 'sending'): void {
    this.state.textContent = this.state.dataset[what] ?? ''
  }

  private async go(): Promise<void> {
    if (!this.waiting || this.busy) return
    this.busy = true
    this.show('sending')
    try {
      const answer = await send(this.waiting)
      if (answer.ok) this.done()
      else if (answer.status === 422 || answer.status === 403 || answer.status === 404) this.refused()
      else this.show('waits')
    } catch {
      this.show('waits')
    } finally {
      this.busy = false
    }
  }

  private forget(): void {
    this.waiting = null
    shelf()?.removeItem(this.place)
  }

  /** The centre has it: leave, so that nothing is sent again by a thumb that comes too late. */
  private done(): void {
    this.forget()
    this.show('kept')
    this.form.querySelectorAll('button').forEach((button) => (button.disabled = true))
    const onward = this.form.dataset.onward
    if (onward) setTimeout(() => location.assign(onward), 800)
  }

  /** The centre asks back or refuses: the page says it in its own words. */
  private refused(): void {
    this.forget()
    this.form.submit()
  }
}

export function startOnce(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-once]')) new Once(form)
}
