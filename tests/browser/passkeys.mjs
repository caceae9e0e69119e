// Passkeys and security keys in Chromium, by authenticators that it plays itself.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, describe, it } from 'node:test'

import { KEY, PLATFORM, authenticator } from './_authenticator.mjs'
import { accessible } from './_axe.mjs'
import { arrives, at, launch, within } from './_browser.mjs'
import { PASSWORD, start } from './_server.mjs'
import { LOGIN, accept, button, enrol, field, firstGate, save, secondGate, signOut } from './_steps.mjs'

let server, browser
// The same host, which is all that a passkey is bound to, and another port: another origin.
const elsewhere = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<title>Not us</title>'))
before(async () => {
  ;[server, browser] = await Promise.all([start(), launch()])
  elsewhere.listen(0, 'localhost')
  await once(elsewhere, 'listening')
  elsewhere.origin = `http://localhost:${elsewhere.address().port}`
})
after(async () => {
  elsewhere.closeAllConnections()
  elsewhere.close()
  await browser?.close()
  await server?.stop()
})

/** A new user whose second factor is what this page's authenticator makes; on the account page. */
async function enrolPasskey(page, name) {
  await accept(page, server, await server.invite(name))
  await page.getByRole('button', { name: /^Passkey/ }).click()
  await accessible(page, 'a new passkey')
  await create(page, `${name}s key`)
  await arrives(page, '/account/codes')
  const codes = await save(page)
  await arrives(page, '/account')
  return { name, codes, password: PASSWORD }
}

async function create(page, label) {
  await field(page, 'What to call it').fill(label)
  await button(page, 'Create passkey').click()
}

/** To the sign-in page and in by a passkey alone, by the button: this browser offers none by itself. */
async function byPasskey(page) {
  await page.addInitScript(() => {
    if (window.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false
  })
  await page.goto('/sign-in')
  await button(page, 'Sign in with a passkey').click()
}

// One after another: Chromium has one authenticator dialogue at a time, and that of the page in front.
describe('a passkey', () => {
  it('is made in an invite and is a whole login', () =>
    within(server, {}, async (page) => {
      const platform = await authenticator(page, PLATFORM)
      await enrolPasskey(page, 'pia')
      assert.equal((await platform.credentials()).length, 1)
      await signOut(page)
      await byPasskey(page)
      await arrives(page, '/account')
      assert.ok(await page.getByText('pias key').first().isVisible())
    }))

  it('is offered by the browser with a challenge that is never too old', () =>
    within(server, {}, async (page) => {
      await authenticator(page, PLATFORM)
      await page.clock.install()
      const asked = () => page.waitForResponse((answer) => /passkey\/options$/.test(answer.url()) && answer.ok())
      const [first] = await Promise.all([asked(), page.goto('/sign-in')])
      await page.clock.runFor('04:01')
      const [second] = await Promise.all([asked(), field(page, 'Password').focus()])
      const challenge = async (answer) => (await answer.json()).publicKey.challenge
      assert.notEqual(await challenge(first), await challenge(second))
    }))

  it('opens nothing where its device does not know its user', () =>
    within(server, {}, async (page) => {
      const platform = await authenticator(page, PLATFORM)
      await enrolPasskey(page, 'ute')
      await signOut(page)
      await platform.verifies(false)
      await page.goto('/sign-in')
      await button(page, 'Sign in with a passkey').click()
      await page.getByText('Nothing was confirmed.').or(page.getByText('That did not work.')).waitFor()
      await accessible(page, 'a passkey that was not confirmed')
      assert.equal(at(page), '/sign-in')
    }))

  it('is refused when it was copied', () =>
    within(server, {}, async (page) => {
      const platform = await authenticator(page, PLATFORM)
      await enrolPasskey(page, 'cleo')
      await signOut(page)
      await byPasskey(page)
      await arrives(page, '/account')
      await signOut(page)
      const [{ signCount, ...credential }] = await platform.credentials()
      assert.ok(signCount > 1)
      await platform.forget(credential.credentialId)
      await platform.add({ ...credential, signCount: 1 })
      await byPasskey(page)
      await page.locator('.reference code').waitFor()
      const reference = await page.locator('.reference code').innerText()
      assert.match(await server.command('explain', reference), /counter|factor\.copied/i)
      await accessible(page, 'a copied passkey')
      await page.goto('/account')
      await arrives(page, '/sign-in')
    }))

  it('is added beside an app, is renamed, and opens nothing once it is removed', () =>
    within(server, {}, async (page) => {
      const user = await enrol(page, server, 'rosa')
      await authenticator(page, PLATFORM)
      await button(page, 'Add a second factor').click()
      await arrives(page, '/account/step-up')
      await field(page, 'Password').fill(user.password)
      await button(page, 'Continue').click()
      await arrives(page, LOGIN)
      await secondGate(page, await user.app.code())
      await page.getByRole('button', { name: /^Passkey/ }).click()
      await create(page, 'Laptop')
      await page.getByRole('status').getByText('The second factor was added.').waitFor()
      await signOut(page)
      await byPasskey(page)
      await arrives(page, '/account')
      await page.locator('summary', { hasText: 'Change Laptop' }).click()
      await page.locator('details[open]').getByRole('button', { name: 'Remove' }).click()
      // The passkey itself confirms that it is to go.
      await arrives(page, '/account/step-up')
      await accessible(page, 'a step-up by passkey')
      await button(page, 'Use passkey or security key').click()
      await page.waitForURL((url) => url.pathname !== '/account/step-up')
      await byPasskey(page)
      await page.getByRole('alert').getByText('The passkey was not accepted.').waitFor()
      assert.equal(at(page), '/sign-in')
    }))

  it('that was made for us cannot be used through another origin', () =>
    within(server, { others: [elsewhere.origin] }, async (page) => {
      await authenticator(page, PLATFORM)
      await enrolPasskey(page, 'ines')
      const post = (path, body) =>
        fetch(server.issuer + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      const asked = async (where) => {
        const { login, publicKey } = await (await post('/v1/login/passkey/options', {})).json()
        await page.goto(where)
        const credential = await page.evaluate(async (options) => {
          const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
          return (await navigator.credentials.get({ publicKey })).toJSON()
        }, publicKey)
        return post('/v1/login/passkey', { login, credential, client: 'app' })
      }
      assert.equal((await asked(elsewhere.origin)).status, 401)
      assert.equal((await asked(`${server.issuer}/invite`)).status, 200)
    }))
})

it('a security key is a second factor after the password, and no login alone', () =>
  within(server, {}, async (page) => {
    const key = await authenticator(page, KEY)
    const user = await enrolPasskey(page, 'kurt')
    await signOut(page)
    await firstGate(page, user)
    await accessible(page, 'the second factor by key')
    await button(page, 'Use passkey or security key').click()
    await arrives(page, '/account')
    await signOut(page)
    await firstGate(page, user)
    // Without the key there is the recovery code, one click away.
    await key.remove()
    await page.getByText('Use a recovery code').click()
    await field(page, 'Recovery code').fill(user.codes[0])
    await page.locator('details[open] button').click()
    await arrives(page, '/account')
  }))

it('without scripts the page says that passkeys need them', () =>
  within(server, { javaScriptEnabled: false }, async (page) => {
    await page.goto('/sign-in')
    assert.match(await page.locator('main').innerText(), /Passkeys need JavaScript/)
    assert.equal(await button(page, 'Sign in with a passkey').count(), 0)
    await accessible(page, 'sign in without scripts')
  }))
