// A field of station codes with a search beside it: what is found is added to the list that is sent.
import { say } from './words'

const WAIT_MS = 250

interface Hit { code: string; title: string; text: string }

async function find(query: string): Promise<Hit[]> {
  const answer = await fetch(`/console/search?q=${encodeURIComponent(query)}`, { headers: { Accept: 'text/html' } })
  if (!answer.ok || answer.redirected) return []
  const found = new DOMParser().parseFromString(await answer.text(), 'text/html')
  return [...found.querySelectorAll<HTMLAnchorElement>('a[href^="/console/things/"]')].map((line) => ({
    code: line.getAttribute('href')!.split('/')[3]!,
    title: line.querySelector('span')?.textContent ?? '',
    text: line.querySelector('small')?.textContent ?? '',
  }))
}

function begin(box: HTMLElement): void {
  const list = box.querySelector('textarea')!
  const search = document.createElement('input')
  Object.assign(search, { type: 'search', className: 'form-control', placeholder: say('Find a station'), autocomplete: 'off' })
  search.setAttribute('aria-label', say('Find a station'))
  const hits = document.createElement('div')
  hits.className = 'tc-hits'
  hits.setAttribute('role', 'status')
  list.before(search, hits)
  let timer = 0
  const show = async (): Promise<void> => {
    const query = search.value.trim()
    const found = query ? await find(query) : []
    if (query !== search.value.trim()) return
    hits.replaceChildren(
      ...found.map((hit) => {
        const button = document.createElement('button')
        Object.assign(button, { type: 'button', className: 'tc-tool', textContent: `+ ${hit.title}` })
        const under = document.createElement('small')
        under.textContent = `${hit.code} · ${hit.text}`
        button.append(under)
        button.addEventListener('click', () => {
          const codes = list.value.split(/[\s,;]+/).filter(Boolean)
          if (!codes.includes(hit.code)) list.value = [...codes, hit.code].join('\n')
          search.value = ''
          hits.replaceChildren()
          search.focus()
        })
        return button
      }),
    )
    if (query && !found.length) hits.textContent = say('Nothing found for “{query}”.', { query })
  }
  search.addEventListener('input', () => {
    clearTimeout(timer)
    timer = window.setTimeout(() => void show(), WAIT_MS)
  })
  // Enter looks for the station; it must not send the form half filled.
  search.addEventListener('keydown', (event) => event.key === 'Enter' && !event.isComposing && event.preventDefault())
  const radios = box.closest('form')!.querySelectorAll<HTMLInputElement>('input[name="everything"]')
  const match = (): void => { box.hidden = [...radios].some((radio) => radio.checked && radio.value === '1') }
  radios.forEach((radio) => radio.addEventListener('change', match))
  match()
}

export function startThingsField(): void {
  document.querySelectorAll<HTMLElement>('[data-things]').forEach(begin)
}
