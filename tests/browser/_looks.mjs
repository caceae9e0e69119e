// Looks at a page as different people see it, has it judged, and keeps a picture of each look.

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { accessible } from './_axe.mjs'

const SHOTS = process.env.SHOTS
const SCHEMES = ['light', 'dark']
/** The narrowest screen that WCAG 2.2 asks for (1.4.10), and a usual wide one. */
const WIDTHS = [320, 1280]

mkdirSync(SHOTS, { recursive: true })
const seen = []

/** A state of a page, in every look. The page stays as it is: what it says once is still there. */
export async function look(page, name) {
  assert.ok(!seen.some((one) => one.name === name), `${name} was looked at before`)
  const pictures = []
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      await page.setViewportSize({ width, height: width === 320 ? 640 : 800 })
      await page.emulateMedia({ colorScheme })
      const where = `${name}, ${colorScheme}, ${width} px`
      await accessible(page, where)
      await fits(page, where)
      pictures.push(await shot(page, `${name}-${width}-${colorScheme}`))
    }
  }
  seen.push({ name, pictures })
  await page.emulateMedia({ colorScheme: 'light' })
}

/** The same with colours that the reader's system forces on every page. */
export async function forced(page, name) {
  await page.emulateMedia({ forcedColors: 'active' })
  await fits(page, `${name}, forced colours`)
  seen.push({ name: `${name} (forced colours)`, pictures: [await shot(page, `${name}-forced`)] })
  await page.emulateMedia({ forcedColors: 'none' })
}

async function shot(page, name) {
  const file = `${name}.png`
  await page.screenshot({ path: join(SHOTS, file), fullPage: true, animations: 'disabled' })
  return file
}

/** Nothing sticks out to the side: nobody has to scroll two ways (WCAG 2.2, 1.4.10). The body clips, so ask each part. */
async function fits(page, where) {
  const outside = await page.evaluate(() => {
    const decoration = (part) => part.closest('svg, .away, [hidden]')
    const out = (part) => part.getClientRects().length > 0 && part.getBoundingClientRect().right > innerWidth + 1
    const parts = [...document.body.querySelectorAll('*')].filter((part) => !decoration(part) && out(part))
    const scrolls = document.documentElement.scrollWidth > innerWidth ? [`the page is ${document.documentElement.scrollWidth} px`] : []
    return [...scrolls, ...parts.map((part) => part.outerHTML.slice(0, 120))]
  })
  assert.deepEqual(outside, [], `sticks out: ${where}`)
}

/** All pictures on one sheet, drawn by the same browser. */
export async function sheet(browser) {
  const figure = ({ name, pictures }) => {
    const images = pictures.map((file) => `<a href="${file}"><img src="${file}" alt=""></a>`).join('')
    return `<figure><figcaption>${name}</figcaption><div>${images}</div></figure>`
  }
  const style = `body { margin: 24px; background: #8a8f94; font: 16px system-ui; display: grid; gap: 24px;
    grid-template-columns: repeat(3, 1fr) } figure { margin: 0 } figcaption { font-weight: 600; margin-bottom: 6px }
    figure div { display: flex; gap: 6px; align-items: flex-start } a { flex: 0 1 auto; max-height: 420px; overflow: hidden }
    img { display: block; height: auto; max-width: 100% } a:nth-child(-n+2) { flex: 0 0 18% }`
  const html = `<!doctype html><meta charset="utf-8"><title>Contact sheet</title><style>${style}</style>${seen.map(figure).join('')}`
  const file = join(SHOTS, 'contact-sheet.html')
  writeFileSync(file, html)
  const page = await browser.newPage({ viewport: { width: 2400, height: 1200 } })
  await page.goto(pathToFileURL(file).href)
  await page.screenshot({ path: join(SHOTS, 'contact-sheet.png'), fullPage: true })
  await page.close()
  return seen.length
}
