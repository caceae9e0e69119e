// What people do on the pages, by the labels that they read: each step ends when its page is there.

import assert from 'node:assert/strict'

import { App } from './_app.mjs'
import { arrives, at } from './_browser.mjs'
import { scan } from './_qr.mjs'
import { PASSWORD } from './_server.mjs'
import { WORDS } from './_words.mjs'

export const LOGIN = /^\/sign-in\/lgn_/

/** A field by its label, exactly: “Password” is not “New password”. */
export const field = (page, label) => page.getByLabel(label, { exact: true })
export const button = (page, name) => page.getByRole('button', { name, exact: true })

/** Follows the link of an invite: what stands behind # is sent once, by a form, and the page then knows whose it is. */
export async function open(page, invite) {
  await page.goto(`/invite#${invite}`)
  await page.locator('input[type=hidden][name=invite]').or(page.locator('#invite-error')).first().waitFor({ state: 'attached' })
}

/** Follows the link of an invite and chooses a password; ends at the choice of a factor. */
export async function accept(page, server, invite, { words = WORDS.en, scripts = true } = {}) {
  if (scripts) {
    await open(page, invite)
  } else {
    await page.goto('/invite')
    await field(page, words.invite).fill(`${server.issuer}/invite#${invite}`)
  }
  assert.equal(new URL(page.url()).hash, '')
  await field(page, words.newPassword).fill(PASSWORD)
  await field(page, words.repeat).fill(PASSWORD)
  await button(page, words.go).click()
  await arrives(page, LOGIN)
}

/** Chooses the authenticator app, reads the picture, confirms; ends at the recovery codes. */
export async function enrolApp(page, words = WORDS.en) {
  await page.getByRole('button', { name: words.app }).click()
  await page.locator('svg.qr').waitFor()
  const app = new App(await scan(page))
  await field(page, words.code).fill(await app.code())
  await field(page, words.label).fill('Phone')
  await button(page, words.confirm).click()
  await arrives(page, '/account/codes')
  return app
}

/** Reads the recovery codes and says that they are saved; ends where the login was to lead. */
export async function save(page, words = WORDS.en) {
  const codes = await page.locator('ol.codes li').allTextContents()
  assert.equal(codes.length, 10)
  assert.equal(new Set(codes).size, 10)
  await page.getByRole('checkbox', { name: words.saved }).check()
  await button(page, words.go).click()
  return codes
}

/** A new user with an authenticator app, on the account page. */
export async function enrol(page, server, name) {
  await accept(page, server, await server.invite(name))
  const app = await enrolApp(page)
  const codes = await save(page)
  await arrives(page, '/account')
  return { name, app, codes, password: PASSWORD }
}

/** Name and password on the sign-in page; ends at the second factor. */
export async function firstGate(page, user, words = WORDS.en) {
  if (at(page) !== '/sign-in') await page.goto('/sign-in')
  await field(page, words.name).fill(user.name)
  await field(page, words.password).fill(user.password)
  await button(page, words.go).click()
  await arrives(page, LOGIN)
}

/** A code of the app; ends elsewhere. */
export async function secondGate(page, code, words = WORDS.en) {
  await field(page, words.code).fill(code)
  // Other ways below may be open, each with a button of its own.
  await button(page, words.go).first().click()
}

/** Both gates; ends on the account page. */
export async function signIn(page, user, words = WORDS.en) {
  await firstGate(page, user, words)
  await secondGate(page, await user.app.code(), words)
  await arrives(page, '/account')
}

export async function signOut(page, words = WORDS.en) {
  await button(page, words.signOut).click()
  await arrives(page, '/sign-out')
  await button(page, words.signOut).click()
  await arrives(page, '/sign-out/done')
}

/** A form again: password, then code, for a change that the account page asks for. */
export async function stepUp(page, user) {
  await arrives(page, '/account/step-up')
  await field(page, 'Password').fill(user.password)
  await button(page, 'Continue').click()
  await arrives(page, LOGIN)
  await secondGate(page, await user.app.code())
}
