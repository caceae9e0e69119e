// An application at another site signs its users in: the browser goes to and fro, through every page between, and the
// policy of those pages lets it.

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'

import { accessible } from './_axe.mjs'
import { arrives, launch, said, within } from './_browser.mjs'
import { start } from './_server.mjs'
import { shop } from './_shop.mjs'
import { button, enrol, field, secondGate, signIn, stepUp } from './_steps.mjs'

let server, browser, user, app
before(async () => {
  ;[server, browser] = await Promise.all([start(), launch()])
  app = await shop(server)
  await within(server, {}, async (page) => (user = await enrol(page, server, 'petra')))
})
after(async () => {
  await app?.stop()
  await browser?.close()
  await server?.stop()
})

const beside = (options, work) => within(server, { others: [app.origin], ...options }, work)

async function begin(page, query = '') {
  await page.goto(`${app.origin}/${query}`)
  await page.getByRole('link', { name: 'Sign in' }).click()
}

async function gates(page) {
  await arrives(page, '/sign-in')
  await said(page, 'The Shop asks you to sign in.').waitFor()
  await field(page, 'Name').fill(user.name)
  await field(page, 'Password').fill(user.password)
  await button(page, 'Continue').click()
  await secondGate(page, await user.app.code())
}

it('signs in, is refused once, is allowed once, and is remembered', () =>
  beside({}, async (page) => {
    await begin(page)
    await gates(page)
    await page.getByRole('heading', { name: /Allow .*The Shop.*?/ }).waitFor()
    await accessible(page, 'consent')
    assert.ok(await said(page, `You will be sent to ${new URL(app.origin).host}`).isVisible())
    assert.ok(await page.getByText('learn your name').isVisible())
    await button(page, 'Do not allow').click()
    await page.getByRole('heading', { name: 'Not signed in: access_denied' }).waitFor()
    // Signed in by now, and asked again.
    await begin(page)
    await button(page, 'Allow').click()
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
    await begin(page)
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
    // What was allowed is on the account page, and can be taken back there.
    await page.goto('/account')
    const apps = page.getByRole('region', { name: 'Apps' })
    await accessible(page, 'an account with an app')
    await apps.getByRole('button', { name: 'Withdraw The Shop' }).click()
    await page.getByRole('status').getByText('The app may no longer do this.').waitFor()
    assert.equal(await apps.getByText('The Shop').count(), 0)
    await begin(page)
    await button(page, 'Allow').click()
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
    // With an ID token of this session the end needs no question.
    await page.getByRole('link', { name: 'Sign out', exact: true }).click()
    await page.getByRole('heading', { name: 'Come again' }).waitFor()
    await page.goto('/account')
    await arrives(page, '/sign-in')
  }))

it('the same without scripts', () =>
  beside({ javaScriptEnabled: false }, async (page) => {
    await begin(page, '?prompt=consent')
    await gates(page)
    await button(page, 'Allow').click()
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
    await page.getByRole('link', { name: 'Sign out, if you like' }).click()
    await said(page, 'The Shop asks for this.').waitFor()
    await accessible(page, 'signing out for an app')
    await button(page, 'Sign out').click()
    await page.getByRole('link', { name: /Back to .*The Shop/ }).click()
    await page.getByRole('heading', { name: 'Come again' }).waitFor()
  }))

it('back from the application, and reload of the question', () =>
  beside({}, async (page) => {
    await signIn(page, user)
    await begin(page, '?prompt=consent')
    await button(page, 'Allow').waitFor()
    await page.reload()
    await button(page, 'Allow').click()
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
    await page.goBack()
    // Wherever it leads, a code that was used signs nobody in again, and there is a way on.
    await page.locator('h1').waitFor()
    await page.goto(`${app.origin}/`)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
  }))

it('an application that wants a fresh login gets one', () =>
  beside({}, async (page) => {
    await signIn(page, user)
    await begin(page, '?prompt=login')
    await gates(page)
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
    await begin(page, '?max_age=0')
    if (new URL(page.url()).pathname === '/account/step-up') await stepUp(page, user)
    else await gates(page)
    await page.getByRole('heading', { name: 'Hello petra' }).waitFor()
  }))

it('a request that is wrong stays here and says so', () =>
  beside({}, async (page) => {
    await begin(page, '?redirect_uri=https%3A%2F%2Fevil.example%2Fcb')
    await page.getByRole('heading', { name: 'The app asked for something that does not work' }).waitFor()
    await accessible(page, 'a wrong request')
    await begin(page, '?prompt=none')
    await page.getByRole('heading', { name: 'Not signed in: login_required' }).waitFor()
  }))
