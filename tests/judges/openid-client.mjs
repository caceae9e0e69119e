// openid-client signs a user in by OpenID Connect, as a relying party that checks everything the standards ask it to.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import * as oidc from 'openid-client'

const PASSWORD = 'walk the lake at dawn'
const BACK = 'http://127.0.0.1:9/cb'
const folder = mkdtempSync(join(tmpdir(), 'judge-'))
const words = ['up', '--json', '--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--name', 'ada']
writeFileSync(join(folder, 'password'), PASSWORD)

const server = spawn(process.env.POUNDLOCK, [...words, '--password-file', join(folder, 'password')], {
  stdio: ['ignore', 'pipe', 'pipe'],
})
let log = ''
server.stderr.on('data', (part) => (log += part))
const gone = new Promise((resolve) => server.once('close', resolve))

// A person with a browser and an authenticator app.
const cookies = new Map()
let page = ''
let at = ''
let used = Math.floor(Date.now() / 30_000)

try {
  const line = await new Promise((resolve, reject) => {
    createInterface(server.stdout).once('line', resolve)
    gone.then(() => reject(new Error(`the server did not come up: ${log}`)))
  })
  const first = JSON.parse(line)
  for (const [alg, kind] of [['ES256', 'public'], ['EdDSA', 'confidential'], ['RS256', 'public']]) {
    const id = `rp-${alg.toLowerCase()}`
    const options = ['--scope', 'openid', '--scope', 'profile', '--redirect-uri', BACK, '--id-token-alg', alg]
    options.push('--post-logout-uri', 'http://127.0.0.1:9/bye')
    const made = JSON.parse(command('client', 'add', '--id', id, '--kind', kind, '--json', ...options))
    await published(first.issuer, alg)
    await judge(first, id, made.secret, alg)
    console.log(`${id}: signed in, renewed, and refused where it must be`)
  }
} finally {
  server.kill()
  await gone
  rmSync(folder, { recursive: true })
}

async function judge(first, id, secret, alg) {
  const authentication = secret ? oidc.ClientSecretPost(secret) : oidc.None()
  const execute = [oidc.allowInsecureRequests]
  const metadata = { id_token_signed_response_alg: alg }
  const config = await oidc.discovery(new URL(first.issuer), id, metadata, authentication, { execute })
  assert.equal(config.serverMetadata().issuer, first.issuer)
  const verifier = oidc.randomPKCECodeVerifier()
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()]
  const parameters = {
    redirect_uri: BACK,
    scope: 'openid profile',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    max_age: '3600',
  }
  const back = new URL(await authorize(first, oidc.buildAuthorizationUrl(config, parameters).href))
  const expected = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, maxAge: 3600 }

  // RFC 9207: an answer without its issuer, or with another one, is refused by the library.
  for (const iss of [undefined, 'https://evil.example']) {
    const mixed = new URL(back)
    iss ? mixed.searchParams.set('iss', iss) : mixed.searchParams.delete('iss')
    await assert.rejects(oidc.authorizationCodeGrant(config, mixed, expected), undefined, `iss ${iss}`)
  }
  const wrong = { ...expected, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }
  await assert.rejects(oidc.authorizationCodeGrant(config, back, wrong), { error: 'invalid_grant' })

  const tokens = await oidc.authorizationCodeGrant(config, back, expected)
  const claims = tokens.claims()
  assert.equal(claims.acr, 'aal2')
  assert.equal(claims.azp, id)
  const told = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)
  assert.equal(told.preferred_username, 'ada')
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token)
  assert.equal(renewed.claims().sub, claims.sub)
  await assert.rejects(oidc.fetchUserInfo(config, tokens.id_token, claims.sub), undefined, 'an ID token')
  await assert.rejects(oidc.authorizationCodeGrant(config, back, expected), { error: 'invalid_grant' })
  await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' })

  const bye = { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'http://127.0.0.1:9/bye', state: 's' }
  const left = await follow(first.issuer, oidc.buildEndSessionUrl(config, bye).href)
  assert.equal(left, 'http://127.0.0.1:9/bye?state=s')
}

async function authorize(first, url) {
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

async function follow(issuer, url) {
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

// Waits for a key of this algorithm: RSA keys are made in the background.
async function published(issuer, alg) {
  const end = performance.now() + 60_000
  for (;;) {
    const { keys } = await (await fetch(`${issuer}/.well-known/jwks.json`)).json()
    if (keys.some((key) => key.alg === alg)) return
    assert.ok(performance.now() < end, `no ${alg} key within a minute`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function command(...words) {
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }
  return execFileSync(process.env.POUNDLOCK, [...words, '--data', join(folder, 'data')], options)
}
