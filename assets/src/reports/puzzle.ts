// The work that is asked of a phone which sends more than people do: a number whose digest begins with zeros.
import { sha256 } from './sha256'

const SLICE = 4_000

export function zeros(digest: Uint32Array): number {
  let found = 0
  for (const word of digest) {
    if (word === 0) {
      found += 32
      continue
    }
    return found + Math.clz32(word)
  }
  return found
}

export async function solve(puzzle: string, bits: number): Promise<string> {
  for (let number = 0; ; number++) {
    const text = `${puzzle}/${number}`
    if (zeros(sha256(text)) >= bits) return text
    // The page goes on answering fingers meanwhile.
    if (number % SLICE === SLICE - 1) await new Promise((resolve) => setTimeout(resolve))
  }
}
