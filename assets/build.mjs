// Builds the front end into toancanh/web/static/web: hashed files, a manifest and compressed twins.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { PurgeCSS } from 'purgecss'
import { neighbours } from './neighbours.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const home = resolve(here, '../toancanh/web/static/web')
// Built beside and swapped in whole: neither a running site nor a second build ever sees half a build.
const out = join(here, `.build-${process.pid}`)
const target = ['chrome109', 'firefox115', 'safari16.4']
const common = { bundle: true, minify: true, target, legalComments: 'none', logLevel: 'warning', absWorkingDir: here }

// Classes that templates may use before any of them does; everything else of Tabler stays only when some
// template or script names it.
const families = [
  /^btn(-(primary|secondary|outline-primary|outline-secondary|danger|success|link|icon|sm|lg|close|list|group|action))?$/,
  /^card(-(body|header|footer|title|subtitle|table|actions|sm))?$/,
  /^table(-(responsive|vcenter|striped|hover|sm|bordered|borderless|nowrap))?$/,
  /^form-(control|select|label|hint|check|check-input|check-label|fieldset|footer)$/,
  /^(input-group|input-group-text|is-invalid|is-valid|invalid-feedback|required)$/,
  /^(nav|nav-item|nav-link|nav-tabs|tab-content|tab-pane|badge|alert|alert-(danger|warning|info|success|title))$/,
  /^(dropdown|dropdown-(menu|item|divider|header|menu-end)|modal|modal-(dialog|content|header|body|footer|title))$/,
  /^(list-unstyled|list-inline|list-inline-item|list-group|list-group-item|list-group-flush|container|container-fluid)$/,
  /^(pagination|page-item|page-link|breadcrumb|breadcrumb-item|progress|progress-bar|spinner-border|placeholder)$/,
  /^(row|row-cards|row-deck|col|col-auto|col-(\d+|(sm|md|lg|xl)(-(\d+|auto))?))$/,
  /^(d-(none|block|flex|grid|inline|inline-flex|(sm|md|lg)-(none|block|flex)))$/,
  /^([mp][trblxyse]?-([0-5]|auto))$|^(g|gx|gy|gap)-[0-5]$/,
  /^(w|h)-(100|50|auto)$|^fs-[1-6]$|^fw-(normal|medium|semibold|bold)$|^lh-/,
  /^num$/,
  /^text-(start|end|center|wrap|nowrap|break|truncate|reset|secondary|muted|danger|success|warning|primary|body)$/,
  /^(flex-(row|column|wrap|nowrap|fill|grow-1)|align-(items|self)-\w+|justify-content-\w+)$/,
  /^(border|border-(0|top|bottom|start|end)|rounded|visually-hidden|visually-hidden-focusable|sticky-top)$/,
  /^(overflow-(auto|hidden)|position-(relative|absolute)|active|show|fade|disabled|collaps(e|ing|ed))$/,
]

function hashed(name, content) {
  const dot = name.lastIndexOf('.')
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 10)
  return `${name.slice(0, dot)}-${digest}${name.slice(dot)}`
}

const manifest = {}
function emit(name, content) {
  const file = hashed(name, content)
  writeFileSync(join(out, file), content)
  manifest[name] = file
  return file
}

// `import css from './x.css?text'` gives the bundled sheet as a string: a lazily loaded element brings its own
// look in one request and adopts it without a <style> tag.
const cssText = {
  name: 'css-text',
  setup(b) {
    b.onResolve({ filter: /\.css\?text$/ }, (args) => ({
      path: resolve(args.resolveDir, args.path.replace('?text', '')),
      namespace: 'css-text',
    }))
    b.onLoad({ filter: /.*/, namespace: 'css-text' }, async (args) => {
      const made = await build({ ...common, entryPoints: [args.path], write: false, loader: { '.svg': 'dataurl' } })
      return { contents: made.outputFiles[0].text, loader: 'text', watchFiles: [args.path] }
    })
  },
}

async function worker(name, entry, format = 'iife', define = {}) {
  const made = await build({ ...common, entryPoints: [entry], format, define, write: false })
  return emit(name, made.outputFiles[0].contents)
}

async function styles() {
  const made = await build({
    ...common,
    entryPoints: { app: 'css/app.css' },
    outdir: out,
    assetNames: '[name]-[hash]',
    loader: { '.woff2': 'file', '.svg': 'dataurl' },
    write: false,
    metafile: true,
  })
  for (const file of made.outputFiles) {
    if (!file.path.endsWith('.woff2')) continue
    writeFileSync(file.path, file.contents)
    manifest[basename(file.path).replace(/-[A-Z0-9]{8}(\.woff2)$/, '$1')] = basename(file.path)
  }
  const css = made.outputFiles.find((file) => file.path.endsWith('.css')).text
  const [purged] = await new PurgeCSS().purge({
    content: [join(here, '../toancanh/**/*.html'), join(here, 'src/**/*.ts')],
    css: [{ raw: css }],
    safelist: { standard: families, greedy: [/data-bs-theme/, /^tc-/], variables: [/^--tc-/] },
    variables: true,
  })
  emit('app.css', purged.css)
}

async function scripts(defines) {
  const made = await build({
    ...common,
    entryPoints: { app: 'src/app.ts' },
    outdir: out,
    format: 'esm',
    splitting: true,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    define: { ...defines, 'process.env.NODE_ENV': '"production"' },
    loader: { '.svg': 'dataurl' },
    plugins: [cssText],
    metafile: true,
  })
  for (const [path, info] of Object.entries(made.metafile.outputs)) {
    const file = basename(path)
    // Chunks name each other; only what a template names is listed.
    if (info.entryPoint === 'src/app.ts') manifest['app.js'] = file
  }
}

function compress() {
  const sizes = []
  for (const file of readdirSync(out)) {
    if (!/\.(js|css|json|svg)$/.test(file) || file === 'manifest.json') continue
    const content = readFileSync(join(out, file))
    const gz = gzipSync(content, { level: 9 })
    const br = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
    writeFileSync(join(out, `${file}.gz`), gz)
    writeFileSync(join(out, `${file}.br`), br)
    sizes.push([file, content.length, gz.length, br.length])
  }
  return sizes
}

async function main() {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const mapWorker = await worker('map-worker.js', 'node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs', 'esm')
  const liveWorker = await worker('live-worker.js', 'src/live-worker.ts')
  await worker('theme.js', 'src/theme.ts')
  emit('logo.svg', readFileSync(join(here, 'src/logo.svg')))
  const icons = [192, 512].map((size) => emit(`icon-${size}.png`, readFileSync(join(here, `src/icon-${size}.png`))))
  await worker('sw.js', 'src/sw.ts', 'iife', { ICON: JSON.stringify(`/static/web/${icons[0]}`) })
  await worker('console-sw.js', 'src/console-sw.ts', 'iife', { ICON: JSON.stringify(`/static/web/${icons[0]}`) })
  emit('neighbours.json', JSON.stringify(neighbours()))
  await styles()
  await scripts({
    MAP_WORKER: JSON.stringify(mapWorker),
    LIVE_WORKER: JSON.stringify(liveWorker),
    NEIGHBOURS: JSON.stringify(manifest['neighbours.json']),
  })
  const sizes = compress()
  // Last, so that a manifest never names a file that is not there yet.
  writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest, Object.keys(manifest).sort(), 1))
  rmSync(home, { recursive: true, force: true })
  mkdirSync(dirname(home), { recursive: true })
  renameSync(out, home)
  console.log('file raw gzip brotli (bytes)')
  for (const row of sizes) console.log(row.join(' '))
}

async function tests() {
  const dir = join(here, '.test')
  rmSync(dir, { recursive: true, force: true })
  const entryPoints = readdirSync(join(here, 'test')).map((file) => join(here, 'test', file))
  await build({
    entryPoints, outdir: dir, bundle: true, format: 'esm', platform: 'node', outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  })
  console.log(`bundled ${entryPoints.length} test files into ${relative(here, dir)}`)
}

await (process.argv.includes('--test') ? tests() : main())
