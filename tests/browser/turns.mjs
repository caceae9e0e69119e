// Where people go astray: back, reload, a second tab, a page left open for too long, a browser that keeps no cookies.
// All of it has to lead somewhere sensible, and nobody is signed out or in by it.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { accessible } from './_axe.mjs'
import { arrives, at, launch, said, within, withoutCookies } from './_browser.mjs'
import { PASSWORD, start } from './_server.mjs'
import { LOGIN, button, enrol, field, firstGate, save, accept, enrolApp, secondGate, signIn } from './_steps.mjs'

let server, browser
before(async () => ([server, browser] = await Promise.all([start(), launch()])))
after(async () => {
  await browser?.close()
  await server?.stop()
})

describe('astray', { concurrency: 3 }, () => {
  it('back and reload while signing in', () =>
    within(server, {}, async (page) => {
      const user = await newUser('anna')
      await firstGate(page, user)
      const login = at(page)
      await page.reload()
      assert.equal(at(page), login)
      await page.goBack()
      await arrives(page, '/sign-in')
      // The form is there again and begins a login of its own.
      await firstGate(page, user)
      assert.notEqual(at(page), login)
      await secondGate(page, await user.app.code())
      await arrives(page, '/account')
      await page.reload()
      assert.equal(at(page), '/account')
      // Back into the login that is over: it says so, and leads on.
      await page.goBack()
      await leadsOn(page)
      await arrives(page, '/account')
    }))

  it('back and reload while enrolling', () =>
    within(server, {}, async (page) => {
      await accept(page, server, await server.invite('rene'))
      await page.goBack()
      await arrives(page, '/invite')
      await page.goForward()
      await arrives(page, LOGIN)
      await page.reload()
      await enrolApp(page)
      const codes = await page.locator('ol.codes li').allTextContents()
      await page.reload()
      assert.deepEqual(await page.locator('ol.codes li').allTextContents(), codes)
      // Leaving without saving: nothing is lost, the codes wait.
      await page.goto('/account')
      await page.goBack()
      await arrives(page, '/account/codes')
      assert.deepEqual(await save(page), codes)
      await arrives(page, '/account')
      await page.goBack()
      // Whatever the history shows, the codes are gone.
      await page.reload()
      await arrives(page, '/account')
      assert.equal(await page.locator('ol.codes').count(), 0)
    }))

  it('nothing of an account is kept for the back button after signing out', () =>
    within(server, {}, async (page) => {
      const user = await newUser('berta')
      await signIn(page, user)
      await button(page, 'Sign out').click()
      await button(page, 'Sign out').click()
      await arrives(page, '/sign-out/done')
      for (const _ of ['the question', 'the account']) await page.goBack()
      await arrives(page, '/sign-in')
      assert.equal(await said(page, 'You sign in as').count(), 0)
    }))

  it('two tabs sign in', () =>
    within(server, {}, async (page, { context }) => {
      const user = await newUser('clara')
      const second = await context.newPage()
      await firstGate(page, user)
      await firstGate(second, user)
      await secondGate(page, await user.app.code())
      await arrives(page, '/account')
      // The form of the other tab was made before; it still works.
      await secondGate(second, await user.app.code())
      await arrives(second, '/account')
      await page.reload()
      assert.equal(at(page), '/account')
    }))

  it('a tab left behind by signing out in another', () =>
    within(server, {}, async (page, { context }) => {
      const user = await newUser('dagmar')
      await signIn(page, user)
      const second = await context.newPage()
      await second.goto('/sign-out')
      await button(second, 'Sign out').click()
      await arrives(second, '/sign-out/done')
      await button(page, 'Change password').click()
      await page.getByRole('heading', { name: 'This page is out of date' }).waitFor()
      await accessible(page, 'a form of a session that has ended')
      await page.locator('main a.button').click()
      await arrives(page, '/sign-in')
    }))

  it('a login that was left open for too long', () =>
    within(server, {}, async (page, { context }) => {
      const user = await newUser('elke')
      await firstGate(page, user)
      // After ten minutes the browser itself forgets the cookie of a login.
      await context.clearCookies({ name: /pl_login_/ })
      await secondGate(page, user.app.wrong())
      await page.getByRole('heading', { name: 'This is over' }).waitFor()
      await accessible(page, 'a login that is over')
      await leadsOn(page)
      await arrives(page, '/sign-in')
    }))

  it('a session that an administrator ends', () =>
    within(server, {}, async (page) => {
      const user = await newUser('franka')
      await signIn(page, user)
      await server.command('session', 'end-all', user.name, '--yes')
      await page.reload()
      await arrives(page, '/sign-in')
      await signIn(page, user)
    }))

  it('the page that was asked for comes after signing in', () =>
    within(server, {}, async (page) => {
      const user = await newUser('gisela')
      await page.goto('/account/password/new')
      await arrives(page, '/sign-in')
      await firstGate(page, user)
      await secondGate(page, await user.app.code())
      await arrives(page, '/account/step-up')
    }))

  it('a browser that keeps no cookies is told so', () =>
    withoutCookies(server, async (page) => {
      await page.goto('/sign-in')
      await field(page, 'Name').fill('ada')
      await field(page, 'Password').fill(PASSWORD)
      await button(page, 'Continue').click()
      await page.getByRole('heading', { name: 'Your browser keeps no cookies' }).waitFor()
      await accessible(page, 'no cookies')
    }))

  it('addresses that are nowhere', () =>
    within(server, {}, async (page) => {
      for (const path of ['/nowhere', '/sign-in/lgn_nonsense', '/account/nowhere']) {
        await page.goto(path)
        await page.locator('main a.button').waitFor()
        await accessible(page, path)
      }
      await page.goto('/')
      await arrives(page, '/sign-in')
    }))
})

/** A user of its own for a test: no code of an app is good twice, and waiting for the next takes half a minute. */
async function newUser(name) {
  let made
  await within(server, {}, async (page) => (made = await enrol(page, server, name)))
  return made
}

/** The page has said that it is over; its one button leads on. */
async function leadsOn(page) {
  await page.getByRole('heading', { name: 'This is over' }).waitFor()
  await page.locator('main a.button').click()
}
