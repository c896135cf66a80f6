// Reception by keyboard: one key for each thing that is done, none while somebody types or his keyboard still composes.
// Passing a report on waits some seconds in the page, so that undoing it takes nothing back from anybody.
const HOLD_S = 4
const COVER = '●●●'

function isTyping(event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229 || event.ctrlKey || event.altKey || event.metaKey) return true
  const target = event.target
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

class Triage {
  private readonly accept: HTMLFormElement
  private readonly told: HTMLElement
  private held = 0

  constructor(private readonly root: HTMLElement) {
    this.accept = root.querySelector<HTMLFormElement>('[data-accept]')!
    this.told = root.querySelector<HTMLElement>('[data-hold-text]')!
    this.accept.addEventListener('submit', (event) => this.hold(event))
    document.addEventListener('keydown', (event) => this.pressed(event))
    root.addEventListener('click', (event) => this.clicked(event))
    root.dataset.ready = ''
    for (const select of root.querySelectorAll<HTMLSelectElement>('[data-words-into]')) {
      select.addEventListener('change', () => {
        const area = document.getElementById(select.dataset.wordsInto!) as HTMLTextAreaElement
        if (select.value) area.value = select.value
      })
    }
  }

  private pressed(event: KeyboardEvent): void {
    const area = event.target
    if (area instanceof HTMLTextAreaElement && event.ctrlKey && event.key === 'Enter' && !event.isComposing) {
      event.preventDefault()
      area.form?.requestSubmit(area.form.querySelector<HTMLButtonElement>('button[type=submit]')!)
      return
    }
    if (event.key === 'Escape' && area instanceof HTMLElement && this.root.contains(area)) area.blur()
    if (isTyping(event)) return
    const key = event.key.toLowerCase()
    if (this.held) {
      if (key === 'z' || key === 'escape') this.release()
      else if (key === 'enter') this.send()
      else return
      event.preventDefault()
      return
    }
    if (this.act(key)) event.preventDefault()
  }

  private act(key: string): boolean {
    const panel = this.root.querySelector<HTMLDetailsElement>(`[data-panel="${CSS.escape(key)}"]`)
    if (panel) {
      panel.open = true
      panel.querySelector<HTMLElement>('select, input:not([type=hidden]), textarea')?.focus()
      return true
    }
    if (key === 'e') {
      const grades = [...this.root.querySelectorAll<HTMLButtonElement>('[name=priority]')]
      const now = grades.findIndex((one) => one.ariaPressed === 'true')
      grades[(now + 1) % grades.length]?.click()
      return true
    }
    const found = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
    if (!found) return false
    if (found instanceof HTMLSelectElement) found.focus()
    else found.click()
    return true
  }

  private clicked(event: Event): void {
    const button = (event.target as HTMLElement).closest<HTMLElement>('button')
    if (button?.dataset.choose !== undefined) {
      ;(document.getElementById(button.dataset.into!) as HTMLSelectElement).value = button.dataset.choose
    } else if (button?.dataset.cover !== undefined) {
      for (const id of ['t-public-title', 't-public-words']) {
        const field = document.getElementById(id) as HTMLInputElement | HTMLTextAreaElement
        const { selectionStart: start, selectionEnd: end } = field
        if (start !== null && end !== null && end > start) field.setRangeText(COVER, start, end, 'end')
      }
    }
  }

  private hold(event: SubmitEvent): void {
    event.preventDefault()
    if (this.held) return this.send()
    let left = HOLD_S
    const tell = (): void => {
      this.told.hidden = false
      this.told.textContent = this.root.dataset.hold!.replace('{n}', String(left))
    }
    tell()
    // A select would take the key that undoes for a search among its choices.
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
    this.held = window.setInterval(() => {
      left -= 1
      if (left > 0) tell()
      else this.send()
    }, 1000)
  }

  private release(): void {
    clearInterval(this.held)
    this.held = 0
    this.told.hidden = true
  }

  private send(): void {
    this.release()
    const named = document.createElement('input')
    Object.assign(named, { type: 'hidden', name: 'do', value: 'accept' })
    this.accept.append(named)
    this.accept.submit()
  }
}

export function startTriage(): void {
  const root = document.querySelector<HTMLElement>('[data-triage]')
  if (root) new Triage(root)
}
