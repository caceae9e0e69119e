// Passkeys in Chromium, by authenticators that it plays itself.

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'

import { KEY, PLATFORM, authenticator } from './_authenticator.mjs'
import { launch, within } from './_browser.mjs'
import { start } from './_server.mjs'

let server, browser
before(async () => ([server, browser] = await Promise.all([start(), launch()])))
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Asks for a new credential as a script of the page would. */
const creates = (page, rp, userVerification) =>
  page.evaluate(
    async ([rp, userVerification]) => {
      const bytes = () => crypto.getRandomValues(new Uint8Array(32))
      const publicKey = {
        rp: { id: rp, name: 'Poundlock' },
        user: { id: bytes(), name: 'ada', displayName: 'ada' },
        challenge: bytes(),
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        authenticatorSelection: { userVerification },
      }
      try {
        const { type } = await navigator.credentials.create({ publicKey })
        return type
      } catch (refused) {
        return refused.name
      }
    },
    [rp, userVerification],
  )

it('our pages may ask for one, for our own name alone', () =>
  within(server, {}, async (page) => {
    const platform = await authenticator(page, PLATFORM)
    await page.goto('/sign-in')
    assert.equal(await creates(page, 'localhost', 'required'), 'public-key')
    assert.equal((await platform.credentials()).length, 1)
    assert.equal(await creates(page, 'evil.example', 'required'), 'SecurityError')
    await platform.verifies(false)
    assert.equal(await creates(page, 'localhost', 'required'), 'NotAllowedError')
  }))

it('a key that cannot know its user is no passkey', () =>
  within(server, {}, async (page) => {
    const key = await authenticator(page, KEY)
    await page.goto('/sign-in')
    assert.equal(await creates(page, 'localhost', 'required'), 'NotAllowedError')
    assert.equal(await creates(page, 'localhost', 'discouraged'), 'public-key')
    await key.remove()
  }))
