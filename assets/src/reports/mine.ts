// Reports of this device: those that wait for the network or for their sender, and links to those that were sent.
import { say } from '../words'
import { flush } from './queue'
import { dropWaiting, keepDraft, mine, waiting, type Waiting } from './store'
import { nothingWaits } from './waits'

const SHOWN = 30

export async function showWaiting(except = ''): Promise<void> {
  const box = document.querySelector<HTMLElement>('[data-report-waiting]')
  const rows = await waiting()
  if (!rows.length) nothingWaits()
  if (!box) return
  const shown = rows.filter((one) => one.key !== except)
  box.hidden = !shown.length
  box.replaceChildren(...shown.map(card))
}

function card(one: Waiting): HTMLElement {
  const note = document.createElement('div')
  note.className = 'tc-note'
  note.dataset.tone = 'watch'
  const text = document.createElement('p')
  const what = (one.fields.words ?? '').slice(0, 80)
  text.textContent = one.fault === undefined ? say('Waits for the network: “{what}”', { what }) : `${one.fault} “${what}”`
  note.append(text)
  if (one.fault !== undefined) note.append(button(say('Change and send'), () => void change(one)))
  note.append(button(say('Do not send'), () => void drop(one)))
  return note
}

function button(text: string, work: () => void): HTMLElement {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = 'btn btn-outline-primary'
  made.textContent = text
  made.addEventListener('click', work)
  return made
}

async function change(one: Waiting): Promise<void> {
  await keepDraft(one)
  await dropWaiting(one.key)
  location.assign('/reports/new/')
}

async function drop(one: Waiting): Promise<void> {
  if (!confirm(say('This report is then gone from the phone and was never sent. Sure?'))) return
  await dropWaiting(one.key)
  await showWaiting()
}

async function showMine(): Promise<void> {
  const box = document.querySelector<HTMLElement>('[data-report-mine]')
  if (!box) return
  const rows = (await mine()).sort((a, b) => b.at - a.at).slice(0, SHOWN)
  box.hidden = !rows.length
  box.querySelector('ul')!.replaceChildren(
    ...rows.map((row) => {
      const item = document.createElement('li')
      const link = document.createElement('a')
      link.href = row.link
      link.textContent = `${row.code} · ${row.title}`
      item.append(link)
      return item
    }),
  )
}

/** On any page of the portal: send what waits, and show what there is to show. */
export async function startMine(): Promise<void> {
  const send = async (): Promise<void> => {
    await flush()
    await Promise.all([showWaiting(), showMine()])
  }
  addEventListener('online', () => void send().catch(() => undefined))
  await Promise.all([showWaiting(), showMine()])
  await send()
}
