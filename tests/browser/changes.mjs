// Changes of an account: each asks for both factors again, and ends what it has to end.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { accessible } from './_axe.mjs'
import { arrives, launch, said, within } from './_browser.mjs'
import { start } from './_server.mjs'
import { button, enrol, field, firstGate, save, secondGate, signIn, stepUp } from './_steps.mjs'

let server, browser
before(async () => ([server, browser] = await Promise.all([start(), launch()])))
after(async () => {
  await browser?.close()
  await server?.stop()
})

describe('an account', { concurrency: 3 }, () => {
  it('has its password changed, and other browsers are out', () =>
    within(server, {}, async (page) => {
      const user = await enrol(page, server, 'paula')
      await within(server, {}, async (other) => {
        await signIn(other, user)
        await button(page, 'Change password').click()
        await accessible(page, 'the step-up')
        await stepUp(page, user)
        await arrives(page, '/account/password/new')
        await accessible(page, 'a new password')
        const changed = { ...user, password: 'four unrelated words later' }
        await field(page, 'New password').fill(changed.password)
        await field(page, 'New password once more').fill(changed.password)
        await button(page, 'Change password').click()
        await page.getByRole('status').getByText('Your password was changed.').waitFor()
        await accessible(page, 'a changed password')
        await other.reload()
        await arrives(other, '/sign-in')
        await field(other, 'Name').fill(user.name)
        await field(other, 'Password').fill(user.password)
        await button(other, 'Continue').click()
        await other.getByRole('alert').waitFor()
        await signIn(other, changed)
      })
      // Said once.
      await page.reload()
      assert.equal(await page.getByRole('status').count(), 0)
    }))

  it('is left alone by a wrong password in the step-up', () =>
    within(server, {}, async (page) => {
      const user = await enrol(page, server, 'wilma')
      await button(page, 'Change password').click()
      await arrives(page, '/account/step-up')
      await field(page, 'Password').fill('somebody at an open screen')
      await button(page, 'Continue').click()
      await page.getByText('The password is wrong.').waitFor()
      assert.equal(await field(page, 'Password').getAttribute('aria-invalid'), 'true')
      await accessible(page, 'a wrong password in a step-up')
      await page.getByRole('link', { name: 'Cancel' }).click()
      await arrives(page, '/account')
      assert.ok(await said(page, `You sign in as ${user.name}.`).isVisible())
    }))

  it('gets new recovery codes, and the old ones are void', () =>
    within(server, {}, async (page) => {
      const user = await enrol(page, server, 'ruth')
      await button(page, 'Make new codes').click()
      await stepUp(page, user)
      await arrives(page, '/account/codes')
      const codes = await save(page)
      await arrives(page, '/account')
      assert.equal(codes.filter((code) => user.codes.includes(code)).length, 0)
      await within(server, {}, async (other) => {
        await firstGate(other, user)
        await recover(other, user.codes[0])
        await other.getByText('This recovery code is wrong or was used.').waitFor()
        await recover(other, codes[0])
        await arrives(other, '/account')
      })
      await page.reload()
      assert.ok(await said(page, '9 recovery codes are left.').isVisible())
    }))

  it('is opened by a recovery code, once, and an app can be added then', () =>
    within(server, {}, async (page) => {
      const user = await enrol(page, server, 'rita')
      await within(server, {}, async (other) => {
        await firstGate(other, user)
        await recover(other, user.codes[3])
        await arrives(other, '/account')
        await button(other, 'Add a second factor').click()
        await other.getByRole('heading', { name: 'Add a second factor' }).waitFor()
        await accessible(other, 'a second factor after a recovery')
      })
      await within(server, {}, async (other) => {
        await firstGate(other, user)
        await recover(other, user.codes[3])
        await other.getByText('This recovery code is wrong or was used.').waitFor()
      })
    }))

  it('shows its sessions and ends them', () =>
    within(server, {}, async (page) => {
      const user = await enrol(page, server, 'sara')
      await within(server, {}, async (other) => {
        await signIn(other, user)
        await page.reload()
        const sessions = page.getByRole('region', { name: 'Where you are signed in' })
        assert.equal(await sessions.getByRole('listitem').count(), 2)
        assert.equal(await sessions.getByText('This one').count(), 1)
        const theirs = sessions.getByRole('listitem').filter({ hasNotText: 'This one' })
        await theirs.getByRole('button', { name: /^End/ }).click()
        await page.getByRole('status').getByText('The session has ended.').waitFor()
        assert.equal(await sessions.getByRole('listitem').count(), 1)
        await other.reload()
        await arrives(other, '/sign-in')
        await signIn(other, user)
        await page.reload()
        await button(page, 'End all others').click()
        await page.getByRole('status').getByText('All other sessions have ended.').waitFor()
        await other.reload()
        await arrives(other, '/sign-in')
      })
      const devices = page.getByRole('region', { name: 'Known devices' })
      const known = await devices.getByRole('listitem').count()
      await devices.getByRole('button', { name: /^Forget/ }).first().click()
      await page.getByRole('status').getByText('The device was forgotten.').waitFor()
      assert.equal(await devices.getByRole('listitem').count(), known - 1)
    }))

  it('keeps its last second factor', () =>
    within(server, {}, async (page) => {
      await enrol(page, server, 'lasse')
      await page.locator('summary', { hasText: 'Change Phone' }).click()
      assert.ok(await page.getByText('The last one cannot be removed.').isVisible())
      assert.equal(await button(page, 'Remove').count(), 0)
      await accessible(page, 'a factor, opened')
    }))

  it('can do all that its buttons promise', () =>
    within(server, {}, async (page) => {
      // A form that leads nowhere is a promise not kept: each must have a handler that refuses or does.
      await enrol(page, server, 'bea')
      const forms = await page.locator('form').evaluateAll((all) => all.map(({ method, action }) => ({ method, action })))
      for (const { method, action } of forms.filter(({ method }) => method === 'post')) {
        const { status } = await page.evaluate(async (action) => {
          // Without its token nothing happens; an address without a handler is told from that.
          const answer = await fetch(action, { method: 'POST', headers: { accept: 'application/json' } })
          return { status: answer.status }
        }, action)
        assert.ok(status !== 404 && status !== 405, `${method} ${action}: ${status}`)
      }
    }))
})

async function recover(page, code) {
  const input = field(page, 'Recovery code')
  if (!(await input.isVisible())) await page.getByText('Use a recovery code').click()
  await input.fill(code)
  await page.locator('details[open] button, form[action$=recovery-code] button').first().click()
}
