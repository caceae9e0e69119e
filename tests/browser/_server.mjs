// A Poundlock server of its own for one script: on a free loopback port, in a temporary folder, ended by its own id.

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

export const PASSWORD = 'walk the lake at dawn'

/** Starts one. Its first user is `ada`, whose authenticator app `first.totp_uri` describes. */
export async function start(settings = '') {
  const folder = mkdtempSync(join(tmpdir(), 'browser-'))
  const data = join(folder, 'data')
  const config = join(folder, 'poundlock.toml')
  writeFileSync(join(folder, 'password'), PASSWORD)
  // All people of a script sit behind one address and sign in within seconds.
  writeFileSync(config, `[guard.sources]\nloopback_unlimited = true\n${settings}`)
  const place = ['--config', config, '--data', data]
  const words = ['up', '--json', ...place, '--listen', '127.0.0.1:0', '--name', 'ada']
  const child = spawn(process.env.POUNDLOCK, [...words, '--password-file', join(folder, 'password')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (part) => (log += part))
  const gone = new Promise((resolve) => child.once('close', resolve))
  const stop = async () => {
    child.kill()
    await gone
    rmSync(folder, { recursive: true })
  }
  const line = await Promise.race([new Promise((resolve) => createInterface(child.stdout).once('line', resolve)), gone])
  if (typeof line !== 'string') {
    await stop()
    throw new Error(`the server did not come up: ${log}`)
  }
  const first = JSON.parse(line)

  /** Runs a command of the same binary on this server. */
  const command = async (...words) => (await run(process.env.POUNDLOCK, [...words, ...place])).stdout
  return {
    issuer: first.issuer,
    first,
    stop,
    command,
    /** The secret of an invite for a new user. */
    async invite(name, ...options) {
      const invite = (await command('user', 'invite', name, ...options)).trim()
      assert.match(invite, /^pli_/)
      return invite
    },
    /** What the server logged. */
    log: () => log,
  }
}
