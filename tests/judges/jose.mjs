// jose verifies access tokens from the key set alone, and refuses altered ones.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'

import { decodeProtectedHeader, SignJWT } from 'jose'

import { command, published, said, within } from './_house.mjs'
import { verifier } from './_verify.mjs'

const ALGORITHMS = ['ES256', 'RS256', 'EdDSA']

// An audience whose tokens are signed so, and which the first client may have.
function audienceOf(alg) {
  const audience = `service-${alg.toLowerCase()}`
  command('audience', 'set', audience, '--alg', alg)
  const client = JSON.parse(command('client', 'show', 'app'))
  client.audiences.push(audience)
  said(JSON.stringify(client), 'client', 'change', '-')
  return audience
}

// The example of the documentation accepts the token, and nothing that differs from it in one thing.
async function judge(first, token, audience) {
  const { check, isEnded } = verifier(first.issuer, audience)
  const claims = await check(token)
  assert.equal(claims.iss, first.issuer)
  assert.equal(claims.aud, audience)
  assert.equal(claims.acr, 'aal2')
  assert.deepEqual(claims.amr, ['pwd', 'otp', 'mfa'])
  assert.equal(claims.exp - claims.iat, 300)
  assert.equal(await isEnded(claims), false)
  const header = decodeProtectedHeader(token)
  assert.deepEqual(Object.keys(header).sort(), ['alg', 'kid', 'typ'])
  assert.equal(header.typ, 'at+jwt')

  const [head, body, signature] = token.split('.')
  const secret = new TextEncoder().encode('0'.repeat(64))
  const list = await fetch(claims.status.status_list.uri)
  const altered = {
    'another subject': [head, encoded({ ...claims, sub: 'sub_other' }), signature].join('.'),
    'a stronger login': [head, encoded({ ...claims, acr: 'phrh' }), signature].join('.'),
    'a cut signature': [head, body, signature.slice(0, -4)].join('.'),
    'no signature': [encoded({ ...header, alg: 'none' }), body, ''].join('.'),
    'another key': await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(secret),
    'a token of another kind': await list.text(),
  }
  for (const [what, text] of Object.entries(altered)) await assert.rejects(check(text), undefined, what)
  await assert.rejects(verifier(first.issuer, `${audience}x`).check(token), undefined, 'another audience')
  // The same keys under another name.
  const elsewhere = first.issuer.replace('localhost', '127.0.0.1')
  await assert.rejects(verifier(elsewhere, audience).check(token), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
}

// The block of the README works as it stands, and refuses a token for another service.
async function judgeReadme(issuer, token, audience) {
  const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8')
  const block = new URL('./_readme.mjs', import.meta.url)
  writeFileSync(block, readme.match(/```js\n(.*?)```/s)[1])
  Object.assign(globalThis, { issuer, audience, token })
  await import(`${block}?of=${audience}`)
  globalThis.audience = `${audience}x`
  await assert.rejects(import(`${block}?of=${audience}x`), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' })
}

async function post(url, body) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  const read = await answer.json()
  assert.equal(answer.status, 200, JSON.stringify(read))
  return read
}

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

await within(async (first) => {
  let refresh = first.tokens.refresh_token
  for (const alg of ALGORITHMS) {
    const audience = audienceOf(alg)
    await published(first.issuer, alg)
    const answer = await post(`${first.issuer}/v1/session/refresh`, { refresh_token: refresh, audience })
    refresh = answer.refresh_token
    assert.equal(decodeProtectedHeader(answer.access_token).alg, alg)
    await judge(first, answer.access_token, audience)
    await judgeReadme(first.issuer, answer.access_token, audience)
    console.log(`${alg}: verified, and refused where it must be`)
  }
})
