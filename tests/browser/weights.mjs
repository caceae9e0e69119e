// What pages weigh, to the byte, and how soon their first byte comes. Documentation cites what is printed here.

import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'

import { arrives, launch, within } from './_browser.mjs'
import { PASSWORD, start } from './_server.mjs'
import { accept, button, enrolApp, firstGate, save } from './_steps.mjs'
import { WORDS } from './_words.mjs'

const LOADS = 20

let server, browser
before(async () => ([server, browser] = await Promise.all([start(), launch()])))
after(async () => {
  await browser?.close()
  await server?.stop()
})

it('pages are light, and come at once', () =>
  within(server, {}, async (page) => {
    const rows = [['page', 'document', 'with its files', 'files', 'first byte']]
    const weigh = async (name) => rows.push([name, ...(await weighed(page))])
    await page.goto('/sign-in')
    await weigh('sign in')
    await accept(page, server, await server.invite('gerda'))
    await weigh('choice of a factor')
    const choice = page.url()
    const app = await enrolApp(page)
    await weigh('recovery codes')
    await save(page)
    await arrives(page, '/account')
    await weigh('account')
    await page.goto('/sign-out')
    await weigh('sign out')
    await button(page, WORDS.en.signOut).click()
    await firstGate(page, { name: 'gerda', password: PASSWORD, app })
    assert.notEqual(page.url(), choice)
    await weigh('second factor')
    for (const [name, ...cells] of rows) console.log(name.padEnd(20) + cells.map((cell) => String(cell).padStart(15)).join(''))
    const total = Number(rows.find(([name]) => name === 'sign in')[2])
    assert.ok(total < 20_000, `the sign-in page weighs ${total} bytes`)
    for (const [name, , whole] of rows.slice(1)) assert.ok(whole < 40_000, `${name} weighs ${whole} bytes`)
  }))

/** Bytes of the document, of it with all files that it names, how many those are, and the median first byte in ms. */
async function weighed(page) {
  const [document, files] = await page.evaluate(() => {
    const named = [...window.document.querySelectorAll('link[rel=stylesheet], link[rel=icon], script[src], img[src]')]
    const [{ decodedBodySize }] = performance.getEntriesByType('navigation')
    return [decodedBodySize, [...new Set(named.map(({ href, src }) => href || src))]]
  })
  const sizes = await Promise.all(files.map(async (file) => (await (await fetch(file)).arrayBuffer()).byteLength))
  const first = []
  for (let load = 0; load < LOADS; load += 1) {
    await page.reload()
    first.push(
      await page.evaluate(() => {
        const [{ requestStart, responseStart }] = performance.getEntriesByType('navigation')
        return responseStart - requestStart
      }),
    )
  }
  const median = first.sort((one, other) => one - other)[LOADS / 2]
  return [document, sizes.reduce((sum, one) => sum + one, document), files.length, `${median.toFixed(1)} ms`]
}
