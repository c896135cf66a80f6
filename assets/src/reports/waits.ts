// Whether reports wait on this phone: a note so small that every page can look at it.
const FLAG = 'tc-reports'

export function somethingWaits(): void {
  try {
    localStorage.setItem(FLAG, '1')
  } catch {
    // in a worker, or a private window: the next form that is opened looks anyway
  }
}

export function mayWait(): boolean {
  try {
    return localStorage.getItem(FLAG) === '1'
  } catch {
    return false
  }
}

export function nothingWaits(): void {
  try {
    localStorage.removeItem(FLAG)
  } catch {
    // nothing was noted either
  }
}
