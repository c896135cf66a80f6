// Every sentence that scripts say is in the Vietnamese dictionary, and nothing in it is dead.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { knownSentences } from '../src/words'

function sources(dir: string): string[] {
  return readdirSync(dir).flatMap((name) => {
    const path = join(dir, name)
    if (statSync(path).isDirectory()) return sources(path)
    return name.endsWith('.ts') && name !== 'words.ts' ? [readFileSync(path, 'utf8')] : []
  })
}

test('the dictionary and the scripts name the same sentences', () => {
  const text = sources('src').join('\n')
  const said = [...text.matchAll(/say\(\s*'([^']+)'/g)].map((found) => found[1]!)
  const missing = said.filter((sentence) => !knownSentences.includes(sentence))
  assert.deepEqual(missing, [])
  assert.deepEqual(knownSentences.filter((sentence) => !text.includes(`'${sentence}'`)), [])
})
