// The compiler of TypeScript reads the scripts of our pages, strictly, with the types of browsers alone.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = 'crates/server/assets'
const OPTIONS = [
  ...['--allowJs', '--checkJs', '--noEmit', '--strict', '--noUncheckedIndexedAccess', '--noImplicitReturns'],
  ...['--noUnusedLocals', '--noUnusedParameters', '--target', 'es2022', '--module', 'es2022'],
  ...['--moduleDetection', 'force', '--lib', 'es2022,dom,dom.iterable', '--types', ''],
]

const scripts = readdirSync(FOLDER).filter((name) => name.endsWith('.js')).map((name) => join(FOLDER, name))
const unchecked = scripts.filter((path) => !readFileSync(path, 'utf8').startsWith('// @ts-check\n'))
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))

if (scripts.length === 0 || unchecked.length > 0) {
  console.error(`not checked: ${unchecked.join(' ') || 'there is no script'}`)
  process.exit(1)
}
try {
  execFileSync(process.execPath, [compiler, ...OPTIONS, ...scripts], { stdio: 'inherit' })
} catch {
  process.exit(1)
}
console.log(`${scripts.length} scripts are well typed`)
