// Every page in every state that can be reached, light and dark, narrow and wide: axe-core finds nothing, nothing sticks
// out, and a picture of each goes to the contact sheet.

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'

import { arrives, launch, open as browserOf, within } from './_browser.mjs'
import { forced, look, sheet } from './_looks.mjs'
import { PASSWORD, start } from './_server.mjs'
import { shop } from './_shop.mjs'
import { LOGIN, accept, button, enrol, enrolApp, field, firstGate, open, save, secondGate, signIn } from './_steps.mjs'
import { WORDS } from './_words.mjs'

let server, browser, user, app
before(async () => {
  ;[server, browser] = await Promise.all([start(), launch()])
  app = await shop(server)
  await within(server, {}, async (page) => (user = await enrol(page, server, 'vera')))
})
after(async () => {
  await app?.stop()
  await browser?.close()
  await server?.stop()
})

const novalidate = (page) => page.locator('main form').first().evaluate((form) => form.setAttribute('novalidate', ''))

async function passwords(page, first, second = first) {
  await novalidate(page)
  await field(page, 'New password').fill(first)
  await field(page, 'New password once more').fill(second)
}

it('signing in', () =>
  within(server, { others: [app.origin] }, async (page) => {
    await page.goto('/sign-in')
    await look(page, 'sign-in')
    await forced(page, 'sign-in')
    await field(page, 'Name').fill('nobody')
    await field(page, 'Password').fill('not this one')
    await button(page, 'Show Password').click()
    await look(page, 'sign-in-shown')
    await button(page, 'Continue').click()
    await page.getByRole('alert').waitFor()
    await look(page, 'sign-in-wrong')
    await forced(page, 'sign-in-wrong')
    await page.goto(app.origin)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await look(page, 'sign-in-for-app')
    await firstGate(page, user)
    await look(page, 'second-factor')
    await page.getByText('Use a recovery code').click()
    await look(page, 'second-factor-ways')
    await secondGate(page, user.app.wrong())
    await page.getByText('This code is wrong').waitFor()
    await look(page, 'second-factor-wrong')
    await secondGate(page, await user.app.code())
    await button(page, 'Allow').waitFor()
    await look(page, 'consent')
    await forced(page, 'consent')
  }))

it('an invite', () =>
  within(server, {}, async (page) => {
    await page.goto('/invite')
    await look(page, 'invite')
    await open(page, await server.invite('ottilie'))
    await look(page, 'invite-link')
    await passwords(page, 'short')
    await button(page, 'Continue').click()
    await page.getByText('Too short').waitFor()
    await look(page, 'invite-weak')
    await passwords(page, PASSWORD, 'another')
    await button(page, 'Continue').click()
    await page.getByText('do not match').waitFor()
    await look(page, 'invite-differs')
    await passwords(page, PASSWORD)
    await button(page, 'Continue').click()
    await arrives(page, LOGIN)
    await look(page, 'enrol-choice')
    await page.getByRole('button', { name: WORDS.en.app }).click()
    await page.locator('svg.qr').waitFor()
    await look(page, 'enrol-app')
    await forced(page, 'enrol-app')
    await page.getByText('No camera?').click()
    await look(page, 'enrol-app-typed')
    await field(page, 'Six-digit code').fill('000000')
    await field(page, 'What to call it').fill('Phone')
    await button(page, 'Confirm').click()
    await page.getByText('This code is wrong').waitFor()
    await look(page, 'enrol-app-wrong')
  }))

it('recovery codes and an account', () =>
  within(server, {}, async (page) => {
    await accept(page, server, await server.invite('karoline', '--group', 'staff', '--display-name', 'Karoline Rösler'))
    const codes = await enrolApp(page)
    await look(page, 'recovery-codes')
    await novalidate(page)
    await button(page, 'Continue').click()
    await page.getByText('Save the codes first').waitFor()
    await look(page, 'recovery-codes-not-saved')
    await save(page)
    await arrives(page, '/account')
    await look(page, 'account')
    await forced(page, 'account')
    await within(server, {}, (other) => signIn(other, { name: 'karoline', password: PASSWORD, app: codes }))
    await page.reload()
    await page.locator('summary', { hasText: 'Change Phone' }).click()
    await look(page, 'account-two-sessions')
    await button(page, 'End all others').click()
    await page.getByRole('status').waitFor()
    await look(page, 'account-notice')
    await button(page, 'Sign out').click()
    await arrives(page, '/sign-out')
    await look(page, 'sign-out')
    await button(page, 'Sign out').click()
    await arrives(page, '/sign-out/done')
    await look(page, 'signed-out')
  }))

it('changes', () =>
  within(server, {}, async (page) => {
    await signIn(page, user)
    await button(page, 'Change password').click()
    await arrives(page, '/account/step-up')
    await look(page, 'step-up')
    await field(page, 'Password').fill('not this one')
    await button(page, 'Continue').click()
    await page.getByText('The password is wrong.').waitFor()
    await look(page, 'step-up-wrong')
    await field(page, 'Password').fill(user.password)
    await button(page, 'Continue').click()
    await arrives(page, LOGIN)
    await look(page, 'second-factor-for-a-change')
    await secondGate(page, await user.app.code())
    await arrives(page, '/account/password/new')
    await look(page, 'change-password')
    await passwords(page, PASSWORD, 'another')
    await button(page, 'Change password').click()
    await page.getByText('do not match').waitFor()
    await look(page, 'change-password-differs')
  }))

it('after a loss', () =>
  within(server, {}, async (page) => {
    const lost = await elsewhere('lotte')
    const ticket = (await server.command('user', 'ticket', lost.name)).trim()
    await open(page, ticket)
    await page.getByRole('heading', { name: 'Set up a new second factor' }).waitFor()
    await look(page, 'ticket')
    await page.goto('/sign-in')
    await firstGate(page, lost)
    await page.getByText('Use a recovery code').click()
    await field(page, 'Recovery code').fill(lost.codes[0])
    await page.locator('details[open] button').click()
    await arrives(page, '/account')
    await look(page, 'account-recovered')
  }))

it('pages that refuse', async () => {
  await within(server, { others: [app.origin] }, async (page, { context }) => {
    await page.goto('/nowhere')
    await look(page, 'error-nowhere')
    await firstGate(page, user)
    await context.clearCookies({ name: /pl_login_/ })
    await page.reload()
    await look(page, 'error-over')
    await page.goto('/sign-in')
    await page.locator('input[name=csrf]').first().evaluate((input) => (input.value = 'of-another-page'))
    await field(page, 'Name').fill('ada')
    await field(page, 'Password').fill('whatever')
    await button(page, 'Continue').click()
    await look(page, 'error-stale-form')
    await page.goto(`${app.origin}/?redirect_uri=https%3A%2F%2Fevil.example`)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await look(page, 'error-app')
  })
  const { page, context, done } = await browserOf(server)
  await page.goto('/sign-in')
  await context.clearCookies()
  await page.goto('/sign-in/lgn_00000000000000000000000000000001')
  await look(page, 'error-no-login')
  await done()
})

it('the longest words: German', () =>
  within(server, { locale: 'de-DE', others: [app.origin] }, async (page) => {
    const words = WORDS.de
    await accept(page, server, await server.invite('wolfgang-amadeus.von-und-zu-hohenfels'), { words })
    await look(page, 'de-enrol-choice')
    await enrolApp(page, words)
    await look(page, 'de-recovery-codes')
    await save(page, words)
    await arrives(page, '/account')
    await look(page, 'de-account')
    await page.goto(`${app.origin}/`)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await look(page, 'de-consent')
    await page.goto('/sign-out')
    await button(page, words.signOut).click()
    await page.goto('/sign-in')
    await field(page, words.name).fill('x')
    await field(page, words.password).fill('y')
    await button(page, words.go).click()
    await page.getByRole('alert').waitFor()
    await look(page, 'de-sign-in-wrong')
  }))

it('all of it on one sheet', async () => assert.ok((await sheet(browser)) >= 35))

/** A user made in another browser. */
async function elsewhere(name) {
  let made
  await within(server, {}, async (page) => (made = await enrol(page, server, name)))
  return made
}
