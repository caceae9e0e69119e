// oauth4webapi signs a user in step by step, each answer checked to the letter, and judges access tokens as a service.

import assert from 'node:assert/strict'

import * as oauth from 'oauth4webapi'

import { authorize, command, follow, published, within } from './_house.mjs'

const BACK = 'http://127.0.0.1:9/cb'
const plain = { [oauth.allowInsecureRequests]: true }

async function judge(first, id, secret, alg) {
  const issuer = new URL(first.issuer)
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain))
  // RFC 8414 beside OpenID Connect's own place: the same document.
  const beside = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain })
  assert.deepEqual(await oauth.processDiscoveryResponse(issuer, beside), as)
  const client = { client_id: id, id_token_signed_response_alg: alg }
  const proof = secret ? oauth.ClientSecretBasic(secret) : oauth.None()
  const [verifier, state, nonce] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState(), oauth.generateRandomNonce()]
  const asked = new URL(as.authorization_endpoint)
  asked.search = new URLSearchParams({
    client_id: id, redirect_uri: BACK, response_type: 'code', scope: 'openid profile', state, nonce, max_age: '3600',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  })
  const back = new URL(await authorize(first, asked.href))
  assert.throws(() => oauth.validateAuthResponse(as, client, back, oauth.generateRandomState()), undefined, 'state')
  assert.throws(() => oauth.validateAuthResponse({ ...as, issuer: 'https://evil.example' }, client, back, state))
  const answer = oauth.validateAuthResponse(as, client, back, state)

  const exchange = (how, by = verifier, to = BACK) =>
    oauth.authorizationCodeGrantRequest(as, client, how, answer, to, by, plain)
  const read = (response) =>
    oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, maxAge: 3600, requireIdToken: true })
  await refused(read(await exchange(proof, oauth.generateRandomCodeVerifier())), 'invalid_grant')
  await refused(read(await exchange(proof, verifier, `${BACK}/`)), 'invalid_grant')
  if (secret) await refused(read(await exchange(oauth.ClientSecretPost(`${secret}x`))), 'invalid_client')
  const response = await exchange(proof)
  const tokens = await read(response)
  await oauth.validateApplicationLevelSignature(as, response, plain)
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  assert.equal(claims.acr, 'aal2')

  const asks = await oauth.userInfoRequest(as, client, tokens.access_token, plain)
  assert.equal((await oauth.processUserInfoResponse(as, client, claims.sub, asks)).preferred_username, 'ada')
  await atService(as, tokens, first.issuer)

  const renewal = await oauth.refreshTokenGrantRequest(as, client, proof, tokens.refresh_token, plain)
  const renewed = await oauth.processRefreshTokenResponse(as, client, renewal)
  await oauth.validateApplicationLevelSignature(as, renewal, plain)
  assert.equal(oauth.getValidatedIdTokenClaims(renewed).sub, claims.sub)
  // A code that comes again ends what it has become.
  await refused(read(await exchange(proof)), 'invalid_grant')
  const late = await oauth.refreshTokenGrantRequest(as, client, proof, renewed.refresh_token, plain)
  await refused(oauth.processRefreshTokenResponse(as, client, late), 'invalid_grant')
  const out = new URL(as.end_session_endpoint)
  out.search = new URLSearchParams({ id_token_hint: tokens.id_token })
  assert.equal(await follow(first.issuer, out.href), undefined, 'a page, and nowhere else')
}

/** RFC 9068, as a service reads it: for this audience, and an ID token is none. */
async function atService(as, tokens, issuer) {
  const at = (token) => new Request('http://127.0.0.1:9/', { headers: { authorization: `Bearer ${token}` } })
  const { aud } = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url'))
  const read = await oauth.validateJwtAccessToken(as, at(tokens.access_token), aud, plain)
  assert.equal(read.iss, issuer)
  await assert.rejects(oauth.validateJwtAccessToken(as, at(tokens.access_token), 'billing', plain))
  await assert.rejects(oauth.validateJwtAccessToken(as, at(tokens.id_token), aud, plain))
}

const refused = (work, error) => assert.rejects(work, (fault) => fault.error === error || assert.fail(fault))

await within(async (first) => {
  for (const [alg, kind] of [['ES256', 'confidential'], ['EdDSA', 'public']]) {
    const id = `rp-${alg.toLowerCase()}`
    const options = ['--scope', 'openid', '--scope', 'profile', '--redirect-uri', BACK, '--id-token-alg', alg]
    const made = JSON.parse(command('client', 'add', '--id', id, '--kind', kind, '--json', ...options))
    await published(first.issuer, alg)
    await judge(first, id, made.secret, alg)
    console.log(`${id}: signed in, read at a service, renewed, and refused where it must be`)
  }
})
