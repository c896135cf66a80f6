// Judges and tells a reading against its limits by the rule of the centre: the value as printed is what counts.
import { number } from './time'
import { language, say } from './words'

export interface Limit { name: string; value: number; verified: boolean }

/** How many limits the printed value has reached; -1 where there is nothing to judge by. */
export function rankOf(value: number, precision: number, limits: Limit[]): number {
  const shown = Number(value.toFixed(precision))
  return limits.length ? limits.filter((limit) => shown >= limit.value).length : -1
}

/** "5,16 m, trên BĐ3 1,16 m", the words of toancanh/domains/flood/bulletin.py, for readings that arrive live. */
export function sentence(value: number, unit: string, precision: number, limits: Limit[], lang: 'vi' | 'en' = language): string {
  const shown = Number(value.toFixed(precision))
  const said = `${number(shown, precision, lang)} ${unit}`
  if (!limits.length) return said
  const reached = rankOf(value, precision, limits)
  const limit = limits[Math.max(0, reached - 1)]!
  const apart = Number(Math.abs(shown - limit.value).toFixed(precision))
  if (reached && apart === 0) return `${said}, ${lang === 'en' ? 'at' : 'bằng'} ${limit.name}`
  const far = `${number(apart, precision, lang)} ${unit}`
  if (lang === 'en') return `${said}, ${far} ${reached ? 'above' : 'below'} ${limit.name}`
  return `${said}, ${reached ? 'trên' : 'dưới'} ${limit.name} ${far}`
}

/** The name of a level as badges bear it: the limit reached, or that the first is not; empty without limits. */
export function levelTitle(level: number, limits: Limit[]): string {
  if (level < 0 || !limits.length) return ''
  return level === 0 ? say('Below {limit}', { limit: limits[0]!.name }) : limits[Math.min(level, limits.length) - 1]!.name
}

/** Whether the limit that gives a level its name was checked against its source. */
export function levelVerified(level: number, limits: Limit[]): boolean {
  return level < 0 || !limits.length || limits[Math.max(0, Math.min(level, limits.length) - 1)]!.verified
}
