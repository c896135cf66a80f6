// SHA-256 of ASCII text, in the page itself: thousands of calls of the browser's own would each wait for a turn.
const FIRST = new Uint32Array([0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19])
const K = constants()

function constants(): Uint32Array {
  // The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  const found: number[] = []
  for (let number = 2; found.length < 64; number++) {
    let isPrime = true
    for (let by = 2; by * by <= number; by++) if (number % by === 0) isPrime = false
    if (isPrime) found.push(fraction(number))
  }
  return new Uint32Array(found)
}

function fraction(number: number): number {
  // By whole numbers: floating point loses the last bits.
  let low = 0n
  let high = 1n << 36n
  const wanted = BigInt(number) << 96n
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle * middle * middle <= wanted) low = middle
    else high = middle
  }
  return Number(low & 0xffffffffn)
}

const turn = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

export function sha256(text: string): Uint32Array {
  const length = text.length
  const blocks = ((length + 8) >> 6) + 1
  const words = new Uint32Array(blocks * 16)
  for (let at = 0; at < length; at++) words[at >> 2]! |= text.charCodeAt(at) << (24 - (at % 4) * 8)
  words[length >> 2]! |= 0x80 << (24 - (length % 4) * 8)
  words[words.length - 1] = length * 8
  const state = FIRST.slice()
  const w = new Uint32Array(64)
  for (let block = 0; block < blocks; block++) {
    w.set(words.subarray(block * 16, block * 16 + 16))
    for (let t = 16; t < 64; t++) {
      const a = w[t - 15]!
      const b = w[t - 2]!
      w[t] = w[t - 16]! + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[t - 7]! + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))
    }
    round(state, w)
  }
  return state
}

function round(state: Uint32Array, w: Uint32Array): void {
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number]
  for (let t = 0; t < 64; t++) {
    const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[t]! + w[t]!) | 0
    const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0]
  }
  ;[a, b, c, d, e, f, g, h].forEach((value, at) => (state[at] = state[at]! + value))
}
