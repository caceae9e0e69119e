// A small application that signs its users in with Poundlock: one link, one callback, one page.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

const random = () => randomBytes(32).toString('base64url')

/** Starts it at another site than the server's, so that cookies are met as a real application meets them. */
export async function shop(server, { scope = 'openid profile', id = 'shop', name = 'The Shop' } = {}) {
  const waiting = new Map()
  const http = createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1')
    const answer = { '/': link, '/cb': signedIn, '/bye': goodbye }[url.pathname]
    const said = answer ? answer(url) : Promise.reject(new Error('not here'))
    said.then(
      (body) => page(response, 200, body),
      (fault) => page(response, 500, String(fault)),
    )
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const origin = `http://127.0.0.1:${http.address().port}`
  const options = scope.split(' ').flatMap((word) => ['--scope', word])
  options.push('--redirect-uri', `${origin}/cb`, '--post-logout-uri', `${origin}/bye`)
  // With a secret, as a server's application has one: at an address of this machine others are asked about every time.
  options.push('--kind', 'confidential', '--json')
  const { secret } = JSON.parse(await server.command('client', 'add', '--id', id, '--name', name, ...options))

  async function link(url) {
    const [state, verifier] = [random(), random()]
    waiting.set(state, verifier)
    const asked = {
      client_id: id,
      response_type: 'code',
      scope,
      redirect_uri: `${origin}/cb`,
      state,
      nonce: random(),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      // Whatever else the test wants of the request.
      ...Object.fromEntries(url.searchParams),
    }
    return `<a href="${server.issuer}/oauth/authorize?${new URLSearchParams(asked).toString().replaceAll('&', '&amp;')}">Sign in</a>`
  }

  async function signedIn({ searchParams: back }) {
    const verifier = waiting.get(back.get('state'))
    assert.ok(verifier, 'a state of somebody else')
    assert.equal(back.get('iss'), server.issuer)
    if (back.has('error')) return `<h1>Not signed in: ${back.get('error')}</h1>`
    const form = { grant_type: 'authorization_code', client_id: id, client_secret: secret, code: back.get('code') }
    const body = new URLSearchParams({ ...form, redirect_uri: `${origin}/cb`, code_verifier: verifier })
    const tokens = await (await fetch(`${server.issuer}/oauth/token`, { method: 'POST', body })).json()
    assert.ok(tokens.access_token, JSON.stringify(tokens))
    const headers = { authorization: `Bearer ${tokens.access_token}` }
    const user = await (await fetch(`${server.issuer}/oidc/userinfo`, { headers })).json()
    const out = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `${origin}/bye` })
    const bare = new URLSearchParams({ client_id: id, post_logout_redirect_uri: `${origin}/bye` })
    const links = [['Sign out', out], ['Sign out, if you like', bare]].map(
      ([words, query]) => `<a href="${server.issuer}/oidc/logout?${query.toString().replaceAll('&', '&amp;')}">${words}</a>`,
    )
    return `<h1>Hello ${user.preferred_username}</h1>${links.join(' ')}`
  }

  const goodbye = async () => '<h1>Come again</h1>'
  const stop = () => new Promise((resolve) => http.close(resolve).closeAllConnections())
  return { origin, stop }
}

function page(response, status, body) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
  response.end(`<!doctype html><title>The Shop</title>${body}`)
}
