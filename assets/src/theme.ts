// Runs before the first paint so that a dark screen never flashes white; small and blocking on purpose.
const root = document.documentElement
const dark = matchMedia('(prefers-color-scheme: dark)')

function choice(): string {
  try {
    return localStorage.getItem('tc-theme') ?? 'auto'
  } catch {
    return 'auto' // storage refused (private window): follow the system
  }
}

function apply(): void {
  const wanted = root.hasAttribute('data-wall') ? 'dark' : choice()
  root.dataset.themeChoice = wanted
  root.dataset.bsTheme = wanted === 'auto' ? (dark.matches ? 'dark' : 'light') : wanted
}

apply()
dark.addEventListener('change', apply)
addEventListener('tc:theme', apply)
addEventListener('storage', (event) => event.key === 'tc-theme' && apply())
