// The list of work by keyboard: j and k move, Enter opens, x chooses, / searches; never in the way of Telex.
import { composing, typing } from './palette'

export function startQueue(): void {
  const list = document.getElementById('work')
  if (!list) return
  const rows = (): HTMLTableRowElement[] => [...list.querySelectorAll<HTMLTableRowElement>('tbody tr[data-key]')]
  const here = (): HTMLTableRowElement | undefined => rows().find((row) => row.hasAttribute('data-here'))
  const bar = document.querySelector<HTMLElement>('[data-work-bar]')

  function count(): void {
    const chosen = list!.querySelectorAll<HTMLInputElement>('input[name="case"]:checked').length
    if (!bar) return
    bar.querySelector('[data-chosen]')!.textContent = String(chosen)
    bar.querySelector('button')!.disabled = !chosen
  }

  function go(step: number): void {
    const all = rows()
    const at = all.findIndex((row) => row.hasAttribute('data-here'))
    const next = all[Math.max(0, Math.min(all.length - 1, at + step))]
    for (const row of all) row.toggleAttribute('data-here', row === next)
    next?.querySelector<HTMLAnchorElement>('th a')?.focus()
    next?.scrollIntoView({ block: 'nearest' })
  }

  document.addEventListener('keydown', (event) => {
    if (composing(event) || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const box = event.target instanceof HTMLInputElement && event.target.type === 'checkbox'
    if ((typing(event.target) && !box) || document.querySelector('dialog[open]')) return
    if (event.key === 'j') go(1)
    else if (event.key === 'k') go(-1)
    else if (event.key === 'x') here()?.querySelector<HTMLInputElement>('input[name="case"]')?.click()
    else if (event.key === '/') document.querySelector<HTMLInputElement>('[data-work-search]')?.select()
    else return
    event.preventDefault()
    // The palette listens for "/" as well.
    event.stopImmediatePropagation()
  }, { capture: true })
  list.addEventListener('focusin', (event) => {
    const row = (event.target as Element).closest('tr')
    for (const one of rows()) one.toggleAttribute('data-here', one === row)
  })
  list.addEventListener('change', (event) => {
    const all = event.target as HTMLInputElement
    if (all.matches('[data-all]')) for (const box of list.querySelectorAll<HTMLInputElement>('input[name="case"]')) box.checked = all.checked
    count()
  })
  count()
}
