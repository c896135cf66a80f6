// Copies the drawings named in icons.txt out of @tabler/icons (MIT) into the package, without their <svg> frame.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const target = resolve(here, '../toancanh/web/icons')
mkdirSync(target, { recursive: true })
for (const name of readFileSync(join(here, 'icons.txt'), 'utf8').split('\n').filter(Boolean)) {
  const svg = readFileSync(join(here, 'node_modules/@tabler/icons/icons/outline', `${name}.svg`), 'utf8')
  const body = svg.replace(/^[\s\S]*?<svg[^>]*>/, '').replace('</svg>', '').replace(/\s*\n\s*/g, '').replace(/ \/>/g, '/>')
  writeFileSync(join(target, `${name}.svg`), `${body}\n`)
}
