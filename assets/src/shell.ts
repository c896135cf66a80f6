// The bar around every page: clock of Việt Nam, theme, menus, keyboard, offline banner.
import { clock } from './time'
import { say } from './words'

function tick(): void {
  const now = clock(Date.now())
  for (const element of document.querySelectorAll('[data-clock]')) {
    const time = element.querySelector('b')
    const date = element.querySelector('small')
    if (time) time.textContent = now.time
    if (date && date.textContent !== now.date) date.textContent = now.date
  }
}

function markTheme(): void {
  const chosen = document.documentElement.dataset.themeChoice ?? 'auto'
  for (const button of document.querySelectorAll<HTMLElement>('[data-theme-set]')) {
    button.setAttribute('aria-pressed', String(button.dataset.themeSet === chosen))
  }
}

function chooseTheme(value: string): void {
  try {
    localStorage.setItem('tc-theme', value)
  } catch {
    document.documentElement.dataset.bsTheme = value === 'auto' ? 'light' : value // this page only
  }
  dispatchEvent(new Event('tc:theme'))
  markTheme()
}

function closeMenus(except?: Element | null): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.tc-menu[open]')) {
    if (menu !== except) menu.open = false
  }
}

/** A long row of boxes is chosen, or cleared, by one button. */
function checkAll(button: HTMLElement): void {
  for (const box of button.closest('form')!.querySelectorAll<HTMLInputElement>(`input[name="${button.dataset.checkName}"]`)) {
    box.checked = button.dataset.check === 'all'
  }
}

/** Small screens show the first pages of the rail; this shows the others, or hides them again. */
function openRail(open: boolean): void {
  document.querySelector('.tc-rail')?.toggleAttribute('data-open', open)
  document.querySelector('[data-rail-more]')?.setAttribute('aria-expanded', String(open))
}

export function showBanner(text: string | null): void {
  const banner = document.querySelector<HTMLElement>('[data-banner]')
  if (!banner) return
  const words = banner.querySelector('[data-banner-text]') ?? banner
  if (text !== null) words.textContent = text
  banner.hidden = text === null
}

export function startShell(): void {
  tick()
  setInterval(tick, 1000)
  markTheme()
  for (const button of document.querySelectorAll<HTMLElement>('[data-check]')) button.hidden = false
  document.addEventListener('click', (event) => {
    const target = event.target as Element
    const theme = target.closest<HTMLElement>('[data-theme-set]')
    if (theme) chooseTheme(theme.dataset.themeSet ?? 'auto')
    if (target.closest('[data-print]')) print()
    const check = target.closest<HTMLElement>('[data-check]')
    if (check) checkAll(check)
    const more = target.closest('[data-rail-more]')
    if (more) openRail(more.getAttribute('aria-expanded') !== 'true')
    if (target.closest('[data-reload]')) location.reload()
    closeMenus(target.closest('details.tc-menu'))
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    if (document.querySelector('.tc-rail[data-open]')) {
      openRail(false)
      document.querySelector<HTMLElement>('[data-rail-more]')?.focus()
    }
    const menu = document.querySelector<HTMLDetailsElement>('details.tc-menu[open]')
    if (!menu) return
    menu.open = false
    menu.querySelector('summary')?.focus()
  })
  addEventListener('offline', () => showBanner(say('You are offline. The figures shown are the last ones received.')))
  addEventListener('online', () => showBanner(null))
}
