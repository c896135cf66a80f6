// What the service workers share: a push is shown, its link opened, and the centre told that it was seen.
declare const ICON: string

interface Told { id: string; receipt?: string; key: string; title: string; body: string; link: string; urgency: string; language: string; expires: string }

const SPREAD_MS = 5_000

/** The centre's receipt: not all browsers at once, no cookie, and never tried again. */
async function report(told: Told): Promise<void> {
  if (!told.receipt) return
  await new Promise((resolve) => setTimeout(resolve, Math.random() * SPREAD_MS))
  const body = JSON.stringify({ id: told.id, token: told.receipt })
  await fetch('/warnings/shown', { method: 'POST', body, credentials: 'omit', cache: 'no-store', keepalive: true, referrerPolicy: 'no-referrer' })
}

/** Show what comes; `home` is where a push without a link of its own leads, `after` what else is done with one. */
export function showPushes(worker: ServiceWorkerGlobalScope, home: (language: string) => string, after: () => Promise<void>): void {
  worker.addEventListener('push', (event) => {
    const told = event.data?.json() as Told
    const shown = worker.registration.showNotification(told.title, {
      body: told.body,
      tag: told.key,
      lang: told.language,
      icon: ICON,
      badge: ICON,
      requireInteraction: told.urgency === 'high',
      data: { link: told.link || home(told.language), home: home(told.language) },
    })
    const reported = shown.then(() => report(told)).catch(() => undefined)
    event.waitUntil(Promise.all([reported, shown.then(after)]))
  })

  worker.addEventListener('notificationclick', (event) => {
    event.notification.close()
    const said = event.notification.data as { link: string; home: string }
    const link = new URL(said.link, location.origin)
    // A push leads to our own pages alone.
    const url = link.origin === location.origin ? link.href : new URL(said.home, location.origin).href
    event.waitUntil(
      worker.clients.matchAll({ type: 'window' }).then((open) => {
        const there = open.find((client) => client.url === url)
        return there ? there.focus() : worker.clients.openWindow(url)
      }),
    )
  })
}
