// What the words of a report say: likely categories, and whether the law has another door for it. The same rules as
// `domains/reports/tokens.py`, on the phone, so that such words never leave it.
export interface Marker { kind: string; phrase: string; certain: boolean; plain: boolean }
interface Token { bare: string; made: string }

const sorted = (text: string): string => [...text].sort().join('')

function bare(word: string): string {
  return word.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[đð]/g, 'd')
}

export function tokens(text: string): Token[] {
  const words = text.normalize('NFC').toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean)
  return words.map((word) => ({ bare: bare(word), made: sorted(word.normalize('NFD')) }))
}

const isBare = (token: Token): boolean => token.made === sorted(token.bare)
const like = (a: Token, b: Token): boolean => a.bare === b.bare && (a.made === b.made || isBare(a))
const same = (a: Token, b: Token): boolean => a.bare === b.bare && a.made === b.made

export function holds(text: Token[], phrase: Token[], exact: boolean): boolean {
  const fits = exact ? same : like
  if (!phrase.length) return false
  for (let at = 0; at + phrase.length <= text.length; at++) {
    if (phrase.every((token, n) => fits(text[at + n]!, token))) return true
  }
  return false
}

export function recognised(words: string, markers: Marker[]): Marker | null {
  const said = tokens(words)
  const plain = said.every(isBare)
  const found = markers.filter((one) => (!plain || one.plain) && holds(said, tokens(one.phrase), !plain))
  found.sort((a, b) => Number(b.certain) - Number(a.certain) || Number(b.kind === 'secret') - Number(a.kind === 'secret'))
  return found[0] ?? null
}

export function proposed(words: string, keywords: Record<string, string[]>): string[] {
  const said = tokens(words.slice(0, 2000))
  const scores: [string, number][] = Object.entries(keywords).map(([code, phrases]) => [
    code,
    phrases.map(tokens).reduce((sum, phrase) => sum + (holds(said, phrase, false) ? phrase.length ** 1.5 : 0), 0),
  ])
  return scores.filter(([, score]) => score > 0).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([code]) => code)
}
