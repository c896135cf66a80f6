// Brings readings from the centre: a stream, or polling where a proxy holds streams back.
export type Row = [code: string, series: string, time: number, value: number, quality: number, level: number]
export interface Note { kind: string; key: string; severity: number; state: string }
export interface Frame { cursor: number; readings: Row[]; notes?: Note[] }
export type State = 'live' | 'polling' | 'lost'
export type LiveMessage = { kind: 'readings'; rows: Row[]; notes: Note[] } | { kind: 'state'; state: State; again: boolean }

const SILENCE_MS = 20_000
const FIRST_LOOK_MS = 5_000
const POLL_MS = 5_000
const LONGEST_MS = 30_000
const STREAM_AGAIN_MS = 300_000

/** 1 s, 2 s, 4 s … 30 s, each with up to a half more, so that tabs do not return in step. */
export function backoff(attempt: number, chance = Math.random()): number {
  return Math.min(LONGEST_MS, 1000 * 2 ** Math.min(attempt, 10)) * (1 + chance / 2)
}

export class LiveSource {
  private stream: EventSource | null = null
  private cursor: number | null = null
  private attempt = 0
  private state: State | null = null
  private heard = false
  private opened = false
  private baseline: number | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private watchdog: ReturnType<typeof setTimeout> | undefined
  private stopped = false
  private pollingSince = 0

  constructor(private readonly url: string, private readonly tell: (message: LiveMessage) => void) {}

  start(): void {
    if (typeof EventSource === 'undefined') return this.poll()
    this.open()
  }

  stop(): void {
    this.stopped = true
    this.close()
    clearTimeout(this.timer)
  }

  /** The machine woke or the network returned: do not wait for the timer. */
  wake(): void {
    if (this.state !== 'lost' || this.stopped) return
    clearTimeout(this.timer)
    this.attempt = 0
    this.start()
  }

  private open(): void {
    this.close()
    this.heard = false
    this.opened = false
    this.baseline = null
    const stream = new EventSource(this.url)
    this.stream = stream
    this.watchdog = setTimeout(() => void this.probe(), FIRST_LOOK_MS)
    stream.addEventListener('readings', (event) => this.frame(JSON.parse((event as MessageEvent<string>).data) as Frame))
    stream.addEventListener('heartbeat', () => this.alive('live'))
    stream.onopen = () => {
      this.opened = true
      this.become('live')
    }
    stream.onerror = () => this.failed()
  }

  /**
   * Some proxies pass the head of a stream and hold its body back, and heartbeat comments never reach scripts.
   * So a silent stream is compared with a poll: when the centre moved on and the stream said nothing, poll.
   */
  private async probe(): Promise<void> {
    const stream = this.stream
    if (!this.heard) {
      const cursor = await this.centre()
      if (this.stream !== stream || this.stopped) return
      const moved = this.baseline !== null && cursor !== null && cursor !== this.baseline
      if (!this.heard && this.baseline !== null && (moved || !this.opened)) return this.fallBack()
      this.baseline = cursor ?? this.baseline ?? -1
    }
    this.heard = false
    this.watchdog = setTimeout(() => void this.probe(), SILENCE_MS - FIRST_LOOK_MS)
  }

  /** Where the centre stands now, or null when it cannot be asked. */
  private async centre(): Promise<number | null> {
    try {
      const answer = await fetch(`${this.url}/poll`, { cache: 'no-store' })
      return answer.ok ? ((await answer.json()) as Frame).cursor : null
    } catch {
      return null
    }
  }

  private close(): void {
    this.stream?.close()
    this.stream = null
    clearTimeout(this.watchdog)
  }

  private fallBack(): void {
    this.close()
    this.pollingSince = Date.now()
    this.poll()
  }

  private poll(): void {
    void this.pollOnce()
  }

  private async pollOnce(): Promise<void> {
    try {
      const since = this.cursor === null ? '' : `?since=${this.cursor}`
      const answer = await fetch(`${this.url}/poll${since}`, { cache: 'no-store' })
      if (!answer.ok) throw new Error(String(answer.status))
      this.frame((await answer.json()) as Frame, 'polling')
      const tryStream = typeof EventSource !== 'undefined' && Date.now() - this.pollingSince > STREAM_AGAIN_MS
      this.timer = setTimeout(() => (tryStream ? this.start() : this.poll()), POLL_MS)
    } catch {
      this.failed(() => this.poll())
    }
  }

  private failed(retry: () => void = () => this.open()): void {
    if (this.stopped) return
    this.close()
    this.become('lost')
    clearTimeout(this.timer)
    this.timer = setTimeout(retry, backoff(this.attempt++))
  }

  private alive(state: State): void {
    this.heard = true
    this.attempt = 0
    this.become(state)
  }

  private frame(frame: Frame, state: State = 'live'): void {
    this.cursor = frame.cursor
    this.alive(state)
    this.pass(frame)
  }

  private pass({ readings, notes = [] }: Frame): void {
    if (readings.length || notes.length) this.tell({ kind: 'readings', rows: readings, notes })
  }

  /** What arrived at the centre while the line was down. */
  private async catchUp(since: number): Promise<void> {
    try {
      const answer = await fetch(`${this.url}/poll?since=${since}`, { cache: 'no-store' })
      if (!answer.ok) return
      this.pass((await answer.json()) as Frame)
    } catch {
      // the line went again: the next return catches up
    }
  }

  private become(state: State): void {
    if (state === this.state) return
    const again = this.state === 'lost'
    this.state = state
    if (again && this.cursor !== null) void this.catchUp(this.cursor)
    this.tell({ kind: 'state', state, again })
  }
}
