// openid-client signs a user in by OpenID Connect, as a relying party that checks everything the standards ask it to.

import assert from 'node:assert/strict'

import * as oidc from 'openid-client'

import { authorize, command, follow, published, within } from './_house.mjs'

const BACK = 'http://127.0.0.1:9/cb'

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

await within(async (first) => {
  for (const [alg, kind] of [['ES256', 'public'], ['EdDSA', 'confidential'], ['RS256', 'public']]) {
    const id = `rp-${alg.toLowerCase()}`
    const options = ['--scope', 'openid', '--scope', 'profile', '--redirect-uri', BACK, '--id-token-alg', alg]
    options.push('--post-logout-uri', 'http://127.0.0.1:9/bye')
    const made = JSON.parse(command('client', 'add', '--id', id, '--kind', kind, '--json', ...options))
    await published(first.issuer, alg)
    await judge(first, id, made.secret, alg)
    console.log(`${id}: signed in, renewed, and refused where it must be`)
  }
})
