// Copies what stands in an element: settings and lines that an installer takes along.
import { say } from './words'

const SHOWN_MS = 2_000

async function write(text: string): Promise<boolean> {
  // Browsers give the clipboard to secure pages alone; over plain HTTP in an office the old way still works.
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'tc-sr'
    document.body.append(area)
    area.select()
    const done = document.execCommand('copy')
    area.remove()
    return done
  }
}

async function copy(button: HTMLElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy!)
  if (!source) return
  const done = await write(source.textContent ?? '')
  button.focus()
  const words = button.querySelector('span')
  const before = words?.textContent ?? ''
  button.classList.toggle('is-done', done)
  if (words) words.textContent = say(done ? 'Copied' : 'Select it and copy')
  if (!done) getSelection()?.selectAllChildren(source)
  setTimeout(() => {
    button.classList.remove('is-done')
    if (words) words.textContent = before
  }, SHOWN_MS)
}

export function startCopy(): void {
  document.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-copy]')
    if (button) void copy(button)
  })
}
