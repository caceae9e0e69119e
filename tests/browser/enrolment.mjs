// From an invite to the account and back out, in both languages, with scripts and without: the whole way of a new user.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'

import { accessible } from './_axe.mjs'
import { arrives, at, launch, said, within } from './_browser.mjs'
import { PASSWORD, start } from './_server.mjs'
import { accept, button, enrolApp, firstGate, open, save, secondGate, signOut } from './_steps.mjs'
import { WORDS } from './_words.mjs'

let server, browser
before(async () => ([server, browser] = await Promise.all([start(), launch()])))
after(async () => {
  await browser?.close()
  await server?.stop()
})

const WAYS = [
  { name: 'erika', language: 'en', locale: 'en-GB', scripts: true },
  { name: 'emil', language: 'en', locale: 'en-GB', scripts: false },
  { name: 'dora', language: 'de', locale: 'de-DE', scripts: true },
  { name: 'doris', language: 'de', locale: 'de-DE', scripts: false },
]

describe('a new user', { concurrency: 2 }, () => {
  for (const { name, language, locale, scripts } of WAYS) {
    it(`${language}, ${scripts ? 'with' : 'without'} scripts: invite, app, codes, sign in, sign out`, () =>
      within(server, { locale, javaScriptEnabled: scripts }, async (page) => {
        const words = WORDS[language]
        const invite = await server.invite(name)
        await accept(page, server, invite, { words, scripts })
        await accessible(page, 'the choice of a factor')
        const app = await enrolApp(page, words)
        assert.ok(decodeURIComponent(app.uri).includes(name), app.uri)
        await accessible(page, 'the recovery codes')
        await save(page, words)
        await arrives(page, '/account')
        await isAccount(page, name, words, language)
        const year = new Date().getFullYear()
        const moment = { 'en-GB': `\\d+ \\w+ ${year}, \\d\\d:\\d\\d`, 'de-DE': `\\d\\d\\.\\d\\d\\.${year}, \\d\\d:\\d\\d` }[locale]
        if (scripts) assert.match(await page.locator('time').first().innerText(), new RegExp(`^${moment}$`))
        await accessible(page, 'the account')
        await signOut(page, words)
        assert.equal(await page.locator('h1').innerText(), words.signedOut)
        // What was the account's address is nobody's now.
        await page.goto('/account')
        await arrives(page, '/sign-in')
        await firstGate(page, { name, password: PASSWORD }, words)
        await accessible(page, 'the second factor')
        await secondGate(page, await app.code(), words)
        await arrives(page, '/account')
        await isAccount(page, name, words, language)
      }))
  }
})

it('the codes can be copied, downloaded and printed', () =>
  within(server, { permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true }, async (page) => {
    await page.addInitScript(() => (window.print = () => (document.title = 'printed')))
    await accept(page, server, await server.invite('carl'))
    await enrolApp(page)
    const codes = await page.locator('ol.codes li').allTextContents()
    await button(page, 'Copy').click()
    await page.getByRole('status').getByText('Copied').waitFor({ state: 'attached' })
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    const [download] = await Promise.all([page.waitForEvent('download'), button(page, 'Download').click()])
    assert.equal(download.suggestedFilename(), 'recovery-codes-carl.txt')
    const saved = readFileSync(await download.path(), 'utf8')
    for (const text of [copied, saved]) assert.deepEqual(text.split('\n').slice(2, 12), codes)
    await button(page, 'Print').click()
    await page.waitForFunction(() => document.title === 'printed')
    // A printed sheet has the codes and whose they are, and no buttons.
    await page.emulateMedia({ media: 'print' })
    assert.ok(await page.getByText(codes[0]).isVisible())
    assert.ok(await page.locator('.print-only').isVisible())
    assert.ok(await button(page, 'Continue').isHidden())
  }))

it('codes that were not saved hold the user where they are', () =>
  within(server, { javaScriptEnabled: false }, async (page) => {
    await accept(page, server, await server.invite('nina'), { scripts: false })
    await enrolApp(page)
    const codes = await page.locator('ol.codes li').allTextContents()
    await page.getByRole('checkbox').evaluate((box) => box.form.setAttribute('novalidate', ''))
    await button(page, 'Continue').click()
    await page.getByText('Save the codes first').waitFor()
    assert.equal(await page.getByRole('checkbox').getAttribute('aria-invalid'), 'true')
    assert.deepEqual(await page.locator('ol.codes li').allTextContents(), codes)
    await accessible(page, 'codes not saved')
    // Seen and saved once, they are never shown again.
    await save(page)
    await arrives(page, '/account')
    await page.goto('/account/codes')
    await arrives(page, '/account')
  }))

it('a language chosen on a page stays', () =>
  within(server, {}, async (page) => {
    await page.goto('/sign-in')
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    await page.getByRole('link', { name: 'Deutsch' }).click()
    await page.getByRole('heading', { name: WORDS.de.title }).waitFor()
    await page.goto('/invite')
    assert.equal(await page.locator('html').getAttribute('lang'), 'de')
    await page.getByRole('link', { name: 'English' }).click()
    await page.waitForFunction(() => document.documentElement.lang === 'en')
    assert.equal(at(page), '/invite')
  }))

it('an invite is good once', () =>
  within(server, {}, async (page) => {
    const invite = await server.invite('otto')
    await accept(page, server, invite)
    await enrolApp(page)
    await within(server, {}, async (page) => {
      await open(page, invite)
      await page.getByText('This invite was used').waitFor()
      await accessible(page, 'a spent invite')
    })
  }))

async function isAccount(page, name, words, language) {
  assert.equal(await page.locator('html').getAttribute('lang'), language)
  assert.ok((await page.locator('main').innerText()).includes(name))
  assert.ok(await said(page, words.codesLeft).isVisible())
}
