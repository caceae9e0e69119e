// For judges in JavaScript: a Poundlock server of its own, and a person with a browser and an authenticator app.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const PASSWORD = 'walk the lake at dawn'
const folder = mkdtempSync(join(tmpdir(), 'judge-'))

// A person with a browser and an authenticator app.
const cookies = new Map()
let page = ''
let at = ''
let used = Math.floor(Date.now() / 30_000)

/** Runs `work` with what `up --json` printed; the server is ended by its own id. */
export async function within(work) {
  const words = ['up', '--json', '--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--name', 'ada']
  writeFileSync(join(folder, 'password'), PASSWORD)
  const server = spawn(process.env.POUNDLOCK, [...words, '--password-file', join(folder, 'password')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  server.stderr.on('data', (part) => (log += part))
  const gone = new Promise((resolve) => server.once('close', resolve))
  try {
    const line = await new Promise((resolve, reject) => {
      createInterface(server.stdout).once('line', resolve)
      gone.then(() => reject(new Error(`the server did not come up: ${log}`)))
    })
    await work(JSON.parse(line))
  } finally {
    server.kill()
    await gone
    rmSync(folder, { recursive: true })
  }
}

/** From an application's link back to it: signs in and consents where that is asked. */
export async function authorize(first, url) {
  let back = await follow(first.issuer, url)
  if (!back && at.includes('/sign-in')) {
    await submit(first.issuer, '/sign-in', { name: 'ada', password: PASSWORD })
    assert.ok(at.includes('/sign-in/lgn_'), page)
    back = await submit(first.issuer, `${new URL(at).pathname}/totp`, { code: await code(first.totp_uri) })
  }
  if (!back && page.includes('name="answer"')) {
    back = await submit(first.issuer, '/oauth/authorize/consent', { answer: 'allow' })
  }
  assert.ok(back, `${at} ${page}`)
  return back
}

/** Goes on while it leads on; gives the address of an application, or none where a page stands. */
export async function follow(issuer, url) {
  while (url?.startsWith(issuer)) url = await send(url)
  return url
}

async function submit(issuer, path, fields) {
  const hidden = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  // Two forms of a page carry the same fields.
  const form = new URLSearchParams([...new Map(hidden.map(([, name, value]) => [name, value]))])
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return follow(issuer, await send(issuer + path, form))
}

// One request; where it leads, if it leads on.
async function send(url, form) {
  const headers = { accept: 'text/html', cookie: [...cookies].map((pair) => pair.join('=')).join('; ') }
  // What a browser says of a form of the same page.
  if (form) {
    const kind = 'application/x-www-form-urlencoded'
    Object.assign(headers, { 'sec-fetch-site': 'same-origin', origin: new URL(url).origin, 'content-type': kind })
  }
  const body = form?.toString()
  const answer = await fetch(url, { method: form ? 'POST' : 'GET', headers, body, redirect: 'manual' })
  for (const line of answer.headers.getSetCookie()) {
    const [pair] = line.split(';')
    const name = pair.slice(0, pair.indexOf('='))
    line.includes('Max-Age=0') ? cookies.delete(name) : cookies.set(name, pair.slice(name.length + 1))
  }
  page = await answer.text()
  at = url
  const onward = answer.headers.get('location') ?? answer.headers.get('refresh')?.split('url=')[1]
  return onward && new URL(onward, url).href
}

// The next code of the app that was not used yet.
async function code(uri) {
  while (Math.floor(Date.now() / 30_000) <= used) await new Promise((resolve) => setTimeout(resolve, 100))
  used = Math.floor(Date.now() / 30_000)
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(used))
  const digest = createHmac('sha1', base32(new URL(uri).searchParams.get('secret'))).update(counter).digest()
  const offset = digest.at(-1) & 15
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

function base32(text) {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
  return Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)))
}

/** Waits for a key of this algorithm: RSA keys are made in the background. */
export async function published(issuer, alg) {
  const end = performance.now() + 60_000
  for (;;) {
    const { keys } = await (await fetch(`${issuer}/.well-known/jwks.json`)).json()
    assert.ok(keys.every((key) => !('d' in key)), 'a private key is published')
    if (keys.some((key) => key.alg === alg)) return
    assert.ok(performance.now() < end, `no ${alg} key within a minute`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Runs a command of the same binary on this server. */
export const command = (...words) => said('', ...words)

/** The same, with `input` on its standard input. */
export function said(input, ...words) {
  const options = { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'inherit'] }
  return execFileSync(process.env.POUNDLOCK, [...words, '--data', join(folder, 'data')], options)
}
