// Whether this page of the console has to do with pushes to its browser at all: nearly none has.
const KNOWN = 'tc-officer-push'
const LOOKED = 'tc-officer-push-looked'

/** Once a session, where this browser was switched on. */
function isDue(): boolean {
  try {
    if (!document.querySelector('.tc-console') || !localStorage.getItem(KNOWN) || sessionStorage.getItem(LOOKED)) return false
    sessionStorage.setItem(LOOKED, '1')
    return true
  } catch {
    return false // a private window remembers nothing
  }
}

export function startOfficerPushes(): void {
  const box = document.querySelector<HTMLElement>('[data-officer-push]')
  if (box) void import('./officer-push').then(({ startOfficerPush }) => startOfficerPush(box))
  else if (isDue()) void import('./officer-push').then(({ renew }) => renew()).catch(() => undefined)
}
