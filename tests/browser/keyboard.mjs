// Nothing but a keyboard: every field and button is reached by Tab, in the order of the page, and shows that it is.

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'

import { App } from './_app.mjs'
import { arrives, launch, within } from './_browser.mjs'
import { scan } from './_qr.mjs'
import { PASSWORD, start } from './_server.mjs'
import { LOGIN, open } from './_steps.mjs'

let server, browser
before(async () => ([server, browser] = await Promise.all([start(), launch()])))
after(async () => {
  await browser?.close()
  await server?.stop()
})

it('an invite is accepted, an app enrolled, and the account reached', () =>
  within(server, {}, async (page) => {
    await open(page, await server.invite('kim'))
    await to(page, 'new_password')
    await page.keyboard.type(PASSWORD)
    // The button that shows the password: it answers to the space bar, and is left as it was found.
    await to(page, 'Show New password')
    await page.keyboard.press('Space')
    assert.equal(await page.locator('#new_password').getAttribute('type'), 'text')
    await page.keyboard.press('Space')
    assert.equal(await page.locator('#new_password').getAttribute('type'), 'password')
    await to(page, 'repeat')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await arrives(page, LOGIN)

    await to(page, 'Authenticator app')
    await page.keyboard.press('Enter')
    await page.locator('svg.qr').waitFor()
    const app = new App(await scan(page))
    // Without a camera: the seed opens by the keyboard, and is the one in the picture.
    await to(page, 'No camera?')
    await page.keyboard.press('Enter')
    const typed = (await page.locator('.secret').innerText()).replace(/\s/g, '')
    assert.equal(typed, new URL(app.uri).searchParams.get('secret'))
    await to(page, 'code')
    await page.keyboard.type(await app.code())
    await to(page, 'label')
    await page.keyboard.type('Keys only')
    await page.keyboard.press('Enter')
    await arrives(page, '/account/codes')

    await to(page, 'saved')
    await page.keyboard.press('Space')
    await to(page, 'Continue')
    await page.keyboard.press('Enter')
    await arrives(page, '/account')
    assert.ok(await page.getByText('Keys only').first().isVisible())

    await to(page, 'Sign out')
    await page.keyboard.press('Enter')
    await arrives(page, '/sign-out')
    await to(page, 'Sign out')
    await page.keyboard.press('Space')
    await arrives(page, '/sign-out/done')

    await to(page, 'Sign in again')
    await page.keyboard.press('Enter')
    await arrives(page, '/sign-in')
    // The first field has the focus already.
    assert.equal(await focused(page), 'name')
    await page.keyboard.type('kim')
    await to(page, 'password')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await arrives(page, LOGIN)
    await to(page, 'code')
    await page.keyboard.type(await app.code())
    await page.keyboard.press('Enter')
    await arrives(page, '/account')
  }))

it('what is wrong has the focus', () =>
  within(server, {}, async (page) => {
    await page.goto('/sign-in')
    await page.keyboard.type('nobody')
    await to(page, 'password')
    await page.keyboard.type('not the password at all')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    assert.equal(await focused(page), 'password')
    assert.equal(await page.locator('#name').inputValue(), 'nobody')
  }))

/** Presses Tab until the thing of this id or text has the focus, which must be seen. A page has fewer than forty stops. */
async function to(page, wanted) {
  const passed = []
  for (let stops = 0; stops < 40; stops += 1) {
    const now = await focused(page)
    if (now === wanted || now.startsWith(wanted)) {
      // As when the focus came by itself, at the start of the page.
      if (stops > 0) await isSeen(page, wanted)
      return
    }
    passed.push(now)
    await page.keyboard.press('Tab')
  }
  assert.fail(`Tab does not lead to ${wanted}, but to ${passed.join(', ')}`)
}

async function focused(page) {
  return page.evaluate(() => {
    const at = document.activeElement
    return at?.id || at?.textContent?.replace(/\s+/g, ' ').trim() || at?.getAttribute('name') || ''
  })
}

async function isSeen(page, what) {
  const { outline, inside } = await page.evaluate(() => {
    const at = document.activeElement
    const style = getComputedStyle(at)
    const { top, bottom } = at.getBoundingClientRect()
    return { outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, inside: top < innerHeight && bottom > 0 }
  })
  assert.ok(outline && inside, `nothing shows that ${what} has the focus`)
}
