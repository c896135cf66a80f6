// Sound and title for alerts that nobody has acknowledged: read off the bell, which is a part of every page.
const PREFERENCE = 'tc-sound'
const EVERY_MS: Record<number, number> = { 2: 6_000, 3: 2_500 }
const TITLE = document.title

let audio: AudioContext | null = null
let isOn = read()
let timer = 0
// One tab of a browser sounds, where the browser can tell its tabs apart.
let isFirst = typeof navigator.locks === 'undefined'

function read(): boolean {
  try {
    return localStorage.getItem(PREFERENCE) === 'on'
  } catch {
    return false
  }
}

function keep(): void {
  try {
    localStorage.setItem(PREFERENCE, isOn ? 'on' : 'off')
  } catch {
    // this page only
  }
}

/** Two tones, higher and closer together for the worst. */
function sound(worst: number): void {
  if (!audio || audio.state !== 'running' || !isFirst) return
  const tones = worst >= 3 ? [880, 1175, 880] : [660, 880]
  tones.forEach((frequency, number) => {
    const at = audio!.currentTime + number * 0.22
    const tone = audio!.createOscillator()
    const volume = audio!.createGain()
    tone.frequency.value = frequency
    volume.gain.setValueAtTime(0.0001, at)
    volume.gain.exponentialRampToValueAtTime(0.3, at + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2)
    tone.connect(volume).connect(audio!.destination)
    tone.start(at)
    tone.stop(at + 0.21)
  })
  document.documentElement.dataset.sounded = String(Number(document.documentElement.dataset.sounded ?? 0) + 1)
}

function show(bell: HTMLElement): void {
  const open = Number(bell.dataset.open ?? 0)
  const sounding = Number(bell.dataset.sounding ?? 0)
  const worst = Number(bell.dataset.worst ?? 0)
  document.title = open ? `(${open}) ${TITLE}` : TITLE
  const silent = isOn && audio?.state !== 'running'
  for (const button of document.querySelectorAll<HTMLElement>('[data-sound]')) {
    button.setAttribute('aria-pressed', String(isOn))
    // Asked for once, but this page has not been touched yet: browsers keep it silent until it is.
    button.toggleAttribute('data-waits', silent)
    button.toggleAttribute('data-wanted', sounding > 0 && (!isOn || silent))
  }
  clearInterval(timer)
  if (!isOn || !sounding) return
  sound(worst)
  timer = window.setInterval(() => sound(worst), EVERY_MS[worst] ?? 6_000)
}

async function wake(bell: HTMLElement): Promise<void> {
  audio ??= new AudioContext()
  if (audio.state !== 'running') await audio.resume()
  show(bell)
}

export function startBell(): void {
  const bell = document.getElementById('bell')
  if (!bell) return
  if (!isFirst) void navigator.locks.request('tc-sound', () => new Promise<never>(() => { isFirst = true }))
  new MutationObserver(() => show(bell)).observe(bell, { attributes: true })
  for (const button of document.querySelectorAll<HTMLElement>('[data-sound]')) {
    button.addEventListener('click', (event) => {
      event.stopPropagation()
      isOn = !(isOn && audio?.state === 'running')
      keep()
      if (isOn) void wake(bell)
      else show(bell)
    })
  }
  const touched = (): void => void (isOn && audio?.state !== 'running' && wake(bell))
  document.addEventListener('pointerup', touched)
  document.addEventListener('keydown', touched)
  // A browser that was told to allow it sounds without being touched.
  if (isOn) void wake(bell)
  show(bell)
}
