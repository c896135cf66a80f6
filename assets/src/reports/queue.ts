// Sends what waits, once: photos one by one, then the report. What the network lost is asked for again by the same
// keys, which the centre knows; several pages and the worker may be at it, one at a time.
import { dropWaiting, keepMine, keepWaiting, waiting, type Mine, type Waiting } from './store'
import { solve } from './puzzle'

const PATIENCE_MS = 60_000
export const TAG = 'reports'

export type Outcome = { state: 'sent'; mine: Mine } | { state: 'waits' } | { state: 'refused'; fault: string; code: string; units: Unit[] }
export interface Unit { code: string; name: string }
export interface Progress { key: string; state: 'sending' | 'working' }
interface Told { code?: string; title?: string; link?: string; detail?: string; keys?: string[]; puzzle?: string; bits?: number; wait?: number; units?: Unit[] }

async function post(path: string, body: BodyInit, language: string): Promise<Response> {
  const headers = { Accept: 'application/json', 'Accept-Language': language }
  return fetch(path, { method: 'POST', body, headers, credentials: 'same-origin', redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) })
}

/** Whether the centre has it; a text where it will never take it. */
async function photos(one: Waiting): Promise<true | string | null> {
  for (const photo of one.photos) {
    if (photo.sent) continue
    const body = new FormData()
    body.set('key', photo.key)
    body.set('photo', photo.blob, photo.name)
    const answer = await post('/reports/photos/', body, one.language)
    if (answer.status === 422 || answer.status === 413 || answer.status === 403) return ((await told(answer)).detail ?? '') || photo.name
    if (!answer.ok) return null
    photo.sent = true
    await keepWaiting(one)
  }
  return true
}

async function told(answer: Response): Promise<Told> {
  return (await answer.json().catch(() => ({}))) as Told
}

async function send(one: Waiting, progress: (said: Progress) => void): Promise<Outcome> {
  progress({ key: one.key, state: 'sending' })
  const done = await photos(one)
  if (done === null) return { state: 'waits' }
  if (done !== true) return { state: 'refused', fault: done, code: 'photo', units: [] }
  const fields = new URLSearchParams(one.fields)
  fields.set('key', one.key)
  for (const photo of one.photos) fields.append('photos', photo.key)
  if (one.solution) fields.set('solution', one.solution)
  const answer = await post('/reports/new/', fields, one.language)
  const said = await told(answer)
  if (answer.ok && said.link) {
    const mine = { link: said.link, code: said.code ?? '', title: said.title ?? '', at: one.at }
    await keepMine(mine)
    await dropWaiting(one.key)
    return { state: 'sent', mine }
  }
  if (answer.status === 429 && said.puzzle) {
    progress({ key: one.key, state: 'working' })
    one.solution = await solve(said.puzzle, said.bits ?? 0)
    await keepWaiting(one)
    return send(one, progress)
  }
  if (said.code === 'photos_missing') {
    for (const photo of one.photos) photo.sent = photo.sent && !said.keys?.includes(photo.key)
    await keepWaiting(one)
    return send(one, progress)
  }
  if (answer.status === 422 || answer.status === 403 || answer.status === 413) {
    return { state: 'refused', fault: said.detail ?? '', code: said.code ?? '', units: said.units ?? [] }
  }
  return { state: 'waits' }
}

async function all(progress: (said: Progress) => void): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>()
  for (const one of await waiting()) {
    if (one.fault !== undefined) continue
    const outcome = await send(one, progress).catch((): Outcome => ({ state: 'waits' }))
    outcomes.set(one.key, outcome)
    if (outcome.state === 'refused') await keepWaiting({ ...one, fault: outcome.fault })
  }
  return outcomes
}

/** Send everything that waits; null where another page is at it. */
export async function flush(progress: (said: Progress) => void = () => undefined): Promise<Map<string, Outcome> | null> {
  if (!navigator.locks) return all(progress)
  return navigator.locks.request('tc-reports', { ifAvailable: true }, async (lock) => (lock ? all(progress) : null))
}
