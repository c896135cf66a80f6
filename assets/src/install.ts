// The portal as an app: its service worker, where the browser allows one.
export function startInstall(): void {
  if (!document.querySelector('link[rel="manifest"]') || !isSecureContext || !navigator.serviceWorker) return
  addEventListener('load', () => {
    navigator.serviceWorker.register('/sw.js').catch(() => undefined) // without it the pages work all the same
  })
}
