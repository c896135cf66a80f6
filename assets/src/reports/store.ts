// What lies on the phone: a draft, reports that wait for the network, and where those that were sent can be seen.
// Used by pages and by the service worker alike.
export interface Photo { key: string; name: string; blob: Blob; sent?: boolean }
export interface Waiting {
  key: string
  language: string
  fields: Record<string, string>
  photos: Photo[]
  at: number
  /** Why the centre did not take it; until the sender has seen to it, it is not sent again. */
  fault?: string
  solution?: string
}
export interface Mine { link: string; code: string; title: string; at: number }
type Name = 'drafts' | 'waiting' | 'mine'

const NAME = 'toancanh-reports'

let opened: Promise<IDBDatabase> | null = null

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1)
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore('drafts')
      asked.result.createObjectStore('waiting', { keyPath: 'key' })
      asked.result.createObjectStore('mine', { keyPath: 'link' })
    }
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
  return opened
}

async function run<T>(name: Name, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await database()).transaction(name, mode, { durability: 'strict' })
  return new Promise((resolve, reject) => {
    const asked = work(transaction.objectStore(name))
    transaction.oncomplete = () => resolve(asked.result)
    transaction.onerror = transaction.onabort = () => reject(transaction.error)
  })
}

export const draft = (): Promise<Waiting | undefined> => run('drafts', 'readonly', (store) => store.get('now'))
export const keepDraft = (one: Waiting): Promise<unknown> => run('drafts', 'readwrite', (store) => store.put(one, 'now'))
export const dropDraft = (): Promise<unknown> => run('drafts', 'readwrite', (store) => store.delete('now'))

export const waiting = (): Promise<Waiting[]> => run('waiting', 'readonly', (store) => store.getAll())
export const mine = (): Promise<Mine[]> => run('mine', 'readonly', (store) => store.getAll())
export const keepMine = (one: Mine): Promise<unknown> => run('mine', 'readwrite', (store) => store.put(one))
export const dropWaiting = (key: string): Promise<unknown> => run('waiting', 'readwrite', (store) => store.delete(key))

export const keepWaiting = (one: Waiting): Promise<unknown> => run('waiting', 'readwrite', (store) => store.put(one))
