// Loads the heavy elements when a page has one and it comes near the screen.
const LOADERS: Record<string, () => Promise<unknown>> = {
  'tc-map': () => import('./map/element'),
  'tc-chart': () => import('./chart/element'),
}

function watch(root: ParentNode): void {
  for (const [tag, load] of Object.entries(LOADERS)) {
    if (customElements.get(tag)) continue
    for (const element of root.querySelectorAll(tag)) observer.observe(element)
  }
}

const observer = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue
      observer.unobserve(entry.target)
      void LOADERS[entry.target.localName]?.()
    }
  },
  { rootMargin: '200px' },
)

export function startElements(): void {
  watch(document)
  // Tabler's menus, tabs and dialogs weigh more than the rest of this file together: only pages that use them.
  if (document.querySelector('[data-bs-toggle], [data-tblr-toggle]')) void import('./tabler.js')
}
