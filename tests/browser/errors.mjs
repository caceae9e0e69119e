// What is said when something is wrong: beside the field it is about, tied to it, first in the title, and no more than
// a stranger may know.

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'

import { accessible } from './_axe.mjs'
import { arrives, launch, plain, within } from './_browser.mjs'
import { PASSWORD, start } from './_server.mjs'
import { LOGIN, button, enrol, field, firstGate, open, secondGate } from './_steps.mjs'
import { WORDS } from './_words.mjs'

let server, browser, user
before(async () => {
  ;[server, browser] = await Promise.all([start(), launch()])
  await within(server, {}, async (page) => (user = await enrol(page, server, 'frida')))
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

async function tries(page, name, password, words = WORDS.en) {
  await field(page, words.name).fill(name)
  await field(page, words.password).fill(password)
  await button(page, words.go).click()
}

it('a wrong password and an unknown name are told alike, in the language of the page', async () => {
  for (const [language, locale] of [['en', 'en-GB'], ['de', 'de-DE']]) {
    await within(server, { locale }, async (page) => {
      const words = WORDS[language]
      const told = []
      for (const name of [user.name, 'nobody-of-this-name']) {
        await page.goto('/sign-in')
        await tries(page, name, 'certainly another', words)
        await page.getByRole('alert').getByText(words.wrong).waitFor()
        assert.match(await page.title(), language === 'de' ? /^Fehler: / : /^Error: /)
        // The name is still there, the password is not, and both point at what is said.
        assert.equal(await field(page, words.name).inputValue(), name)
        assert.equal(await field(page, words.password).inputValue(), '')
        for (const one of [words.name, words.password]) await pointsAt(field(page, one), page, words.wrong)
        await accessible(page, `a wrong password, ${language}`)
        const reference = await page.locator('.reference code').innerText()
        const told_to_operator = await server.command('explain', reference)
        assert.ok(told_to_operator.length > 0)
        told.push((await page.locator('main').innerText()).replace(reference, '').replaceAll(name, ''))
      }
      assert.equal(told[0], told[1])
    })
  }
})

it('a wrong code, and one that was used', () =>
  within(server, {}, async (page) => {
    await firstGate(page, user)
    const login = page.url()
    await secondGate(page, user.app.wrong())
    await page.getByText('This code is wrong or was used.').waitFor()
    assert.equal(page.url(), login)
    await pointsAt(field(page, 'Six-digit code'), page, 'This code is wrong or was used.')
    assert.match(await page.title(), /^Error: /)
    await accessible(page, 'a wrong code')
    // Letters and spaces of a copied code are no error.
    const code = await user.app.code()
    await field(page, 'Six-digit code').pressSequentially(`${code.slice(0, 3)} ${code.slice(3)}`)
    await button(page, 'Continue').click()
    await arrives(page, '/account')
    await within(server, {}, async (page) => {
      await firstGate(page, user)
      await secondGate(page, code)
      await page.getByText('This code is wrong or was used.').waitFor()
    })
  }))

it('a wrong recovery code is told beside its own field', () =>
  within(server, {}, async (page) => {
    await firstGate(page, user)
    await page.getByText('Use a recovery code').click()
    await field(page, 'Recovery code').fill('nonsense')
    await page.locator('details button').click()
    const said = page.getByText('This recovery code is wrong or was used.')
    await said.waitFor()
    // It is told where it was typed: that way is open again.
    assert.ok(await field(page, 'Recovery code').isVisible())
    await pointsAt(field(page, 'Recovery code'), page, 'This recovery code is wrong or was used.')
    await accessible(page, 'a wrong recovery code')
  }))

it('passwords that will not do', () =>
  within(server, {}, async (page) => {
    const invite = await server.invite('wendelin')
    const choose = async (password, repeat = password) => {
      await field(page, 'New password').fill(password)
      await field(page, 'New password once more').fill(repeat)
      // The browser would not even send one that is too short.
      await page.locator('main form').evaluate((form) => form.setAttribute('novalidate', ''))
      await button(page, 'Continue').click()
    }
    await open(page, invite)
    const wrong = [
      [['short'], 'New password', 'Too short'],
      [['passwordpassword'], 'New password', 'Among the passwords that are tried first'],
      [['wendelin wendelin'], 'New password', 'Made from something others know about you'],
      [[PASSWORD, `${PASSWORD}!`], 'New password once more', 'The two do not match'],
    ]
    for (const [typed, label, said] of wrong) {
      await choose(...typed)
      await page.getByText(said).waitFor()
      await pointsAt(field(page, label), page, said)
      await accessible(page, said)
    }
    await choose(PASSWORD)
    await arrives(page, LOGIN)
  }))

it('an invite that never was', () =>
  within(server, {}, async (page) => {
    await page.goto('/invite')
    await field(page, 'Invite').fill('pli_nothing-that-was-ever-made')
    await field(page, 'New password').fill(PASSWORD)
    await field(page, 'New password once more').fill(PASSWORD)
    await button(page, 'Continue').click()
    await page.getByText('This invite was used, has expired, or never was.').waitFor()
    await pointsAt(field(page, 'Invite'), page, 'This invite was used')
    await accessible(page, 'an unknown invite')
  }))

it('too many attempts wait, and say how long', () =>
  within(server, {}, async (page) => {
    const name = 'guessed-at'
    await page.goto('/sign-in')
    let told = ''
    for (let count = 0; count < 12 && !told.includes('Too many attempts'); count += 1) {
      const before = await page.locator('.reference code').allInnerTexts()
      await tries(page, name, `wrong number ${count}`)
      // Each answer has a reference of its own.
      await page.waitForFunction(
        (before) => document.querySelector('.reference code') && document.querySelector('.reference code').textContent !== before,
        before[0] ?? '',
      )
      told = plain(await page.getByRole('alert').innerText())
    }
    assert.match(told, /Too many attempts\. Wait (one second|\d+ seconds) and try again; this attempt was not checked/)
    await accessible(page, 'too many attempts')
  }))

/** The field is invalid, and what describes it says so. */
async function pointsAt(input, page, words) {
  assert.equal(await input.getAttribute('aria-invalid'), 'true')
  const ids = (await input.getAttribute('aria-describedby')).split(' ').filter(Boolean)
  assert.ok(ids.length > 0, 'nothing describes the field')
  const texts = await Promise.all(ids.map((id) => page.locator(`[id="${id}"]`).innerText()))
  assert.ok(texts.some((text) => text.includes(words)), texts.join(' | '))
}
