// Times and numbers as people read them; the same words as toancanh/web/formats.py.
import { language as pageLanguage } from './words'

export type Language = 'vi' | 'en'
const ZONE = 'Asia/Ho_Chi_Minh'
// Việt Nam has had one offset since 1975 and no summer time: arithmetic spares a formatter call in every label.
const OFFSET_MS = 7 * 3_600_000
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number): string => String(value).padStart(2, '0')

export interface Parts { year: number; month: number; day: number; hour: number; minute: number; second: number; weekday: number }

export function parts(ms: number): Parts {
  const local = new Date(ms + OFFSET_MS)
  return {
    year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate(),
    hour: local.getUTCHours(), minute: local.getUTCMinutes(), second: local.getUTCSeconds(), weekday: local.getUTCDay(),
  }
}

/** Start of the local day that holds this time. */
export function dayStart(ms: number): number {
  return Math.floor((ms + OFFSET_MS) / 86_400_000) * 86_400_000 - OFFSET_MS
}

export function hourMinute(ms: number): string {
  const at = parts(ms)
  return `${two(at.hour)}:${two(at.minute)}`
}

export function dayMonth(ms: number, language: Language = pageLanguage): string {
  const at = parts(ms)
  return language === 'en' ? `${at.day} ${MONTHS[at.month - 1]}` : `${two(at.day)}/${two(at.month)}`
}

export function moment(ms: number, language: Language = pageLanguage): string {
  const at = parts(ms)
  const date = language === 'en' ? `${at.day} ${MONTHS[at.month - 1]} ${at.year}` : `${two(at.day)}/${two(at.month)}/${at.year}`
  return `${date} ${hourMinute(ms)}`
}

/** 14:05 today, otherwise with the date. */
export function since(ms: number, now = Date.now(), language: Language = pageLanguage): string {
  return dayStart(ms) === dayStart(now) ? hourMinute(ms) : moment(ms, language)
}

const STEPS: [number, string, string][] = [[86_400, 'ngày', 'day'], [3_600, 'giờ', 'hour'], [60, 'phút', 'minute']]

export function age(seconds: number, language: Language = pageLanguage): string {
  const whole = Math.floor(Math.abs(seconds))
  if (whole < 45) return language === 'en' ? 'just now' : 'vừa xong'
  const [size, vietnamese, word] = STEPS.find(([length]) => whole >= length) ?? STEPS[2]!
  const count = Math.max(1, Math.floor(whole / size))
  if (language === 'en') {
    const span = `${count} ${word}${count === 1 ? '' : 's'}`
    return seconds >= 0 ? `${span} ago` : `in ${span}`
  }
  return seconds >= 0 ? `${count} ${vietnamese} trước` : `sau ${count} ${vietnamese}`
}

const formatters = new Map<string, Intl.NumberFormat>()

export function number(value: number | null | undefined, decimals?: number, language: Language = pageLanguage): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '—'
  const key = `${language}/${decimals ?? ''}`
  let formatter = formatters.get(key)
  if (!formatter) {
    const digits = decimals === undefined ? { maximumFractionDigits: 6 } : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
    formatter = new Intl.NumberFormat(language === 'en' ? 'en-GB' : 'vi-VN', digits)
    formatters.set(key, formatter)
  }
  const text = formatter.format(value)
  return /^-[0.,]*$/.test(text) ? text.slice(1) : text
}

export function clock(ms: number, language: Language = pageLanguage): { time: string; date: string } {
  const locale = language === 'en' ? 'en-GB' : 'vi-VN'
  const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: ZONE }).format(ms)
  const at = parts(ms)
  const date = language === 'en' ? `${at.day} ${MONTHS[at.month - 1]} ${at.year}` : `${two(at.day)}/${two(at.month)}/${at.year}`
  return { time: `${hourMinute(ms)}:${two(at.second)}`, date: `${weekday}, ${date}` }
}

/** A reading is stale when it is older than twice the period of its station. */
export function isStale(timeMs: number | null, periodSeconds: number, now = Date.now()): boolean {
  return timeMs === null || now - timeMs > 2000 * periodSeconds
}
