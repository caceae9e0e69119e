// Checks Poundlock access tokens in Node. Needs jose: npm install jose
//
// Only the public keys and, if wanted, the status list are fetched, now and then; no request asks the server.

import { inflateSync } from 'node:zlib'

import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

export function verifier(issuer, audience) {
  // Fetched when a token names a key that is not known yet.
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
  const algorithms = ['ES256', 'RS256', 'EdDSA']
  const kept = new Map()

  // Gives the claims, or throws.
  async function check(token) {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms,
      typ: 'at+jwt', // tokens of other kinds are signed with the same keys
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
      clockTolerance: 30,
    })
    // A token that is bound to a key is worth nothing to whoever only found it.
    if (payload.cnf) throw new errors.JWTInvalid('bound to a key that was not proved')
    return payload
  }

  // Tells ended sessions from live ones, by lists that are kept for as long as they say.
  async function isEnded(claims) {
    const { uri, idx } = claims.status.status_list
    const bits = await list(uri)
    return ((bits[idx >> 3] >> (idx & 7)) & 1) === 1
  }

  async function list(uri) {
    const had = kept.get(uri)
    if (had && performance.now() < had.until) return had.bits
    if (!uri.startsWith(`${issuer}/status/`)) throw new errors.JWTInvalid('a status list of somebody else')
    const answer = await fetch(uri, { signal: AbortSignal.timeout(5000) })
    if (!answer.ok) throw new errors.JWTInvalid(`the status list answers ${answer.status}`)
    const { payload } = await jwtVerify(await answer.text(), keys, {
      algorithms,
      subject: uri,
      typ: 'statuslist+jwt',
      requiredClaims: ['exp'],
      clockTolerance: 30,
    })
    const bits = inflateSync(Buffer.from(payload.status_list.lst, 'base64url'), { maxOutputLength: 1024 * 1024 })
    kept.set(uri, { bits, until: performance.now() + payload.ttl * 1000 })
    return bits
  }

  return { check, isEnded }
}
