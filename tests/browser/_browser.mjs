// One Chromium for a script, and browsers in it that share nothing: each has its own cookies.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { chromium } from 'playwright-core'

/** No step of a person takes so long that a test of them needs more, in ms. */
const DEADLINE = 240_000

let running

/** How Chromium is started. It has no sandbox for root; what it opens here is our own server alone. */
const how = () => ({
  executablePath: path(process.env.BROWSER),
  args: process.getuid() === 0 ? ['--no-sandbox'] : [],
})

/** Those whose reader has turned scripts off. */
export const withoutScripts = new WeakSet()

export async function launch() {
  running = await chromium.launch(how())
  return running
}

/** Runs `work` in a browser whose owner has forbidden all cookies in its settings. */
export async function withoutCookies(server, work) {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'))
  mkdirSync(join(folder, 'Default'))
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } }
  writeFileSync(join(folder, 'Default', 'Preferences'), JSON.stringify(settings))
  const context = await chromium.launchPersistentContext(folder, { ...how(), baseURL: server.issuer, locale: 'en-GB' })
  try {
    await work(await context.newPage())
  } finally {
    await context.close()
    rmSync(folder, { recursive: true, maxRetries: 5 })
  }
}

/**
 * A browser of its own with one page. `done` closes it and says what went wrong on the way: a script that threw, what
 * a policy has blocked, a request to another host than ours.
 */
export async function open(server, options = {}) {
  const context = await running.newContext({ baseURL: server.issuer, locale: 'en-GB', ...options })
  if (options.javaScriptEnabled === false) withoutScripts.add(context)
  context.setDefaultTimeout(15_000)
  const faults = []
  const allowed = [server.issuer, ...(options.others ?? [])].map((address) => new URL(address).origin)
  context.on('weberror', (fault) => faults.push(String(fault.error())))
  context.on('console', (message) => {
    // A page that refuses is an error to Chromium's console as well.
    const status = message.text().startsWith('Failed to load resource')
    if (message.type() === 'error' && !status) faults.push(message.text())
  })
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol.startsWith('http') && !allowed.includes(origin)) faults.push(`a request to ${request.url()}`)
  })
  const page = await context.newPage()
  const done = async () => {
    await context.close()
    assert.deepEqual(faults, [])
  }
  return { context, page, faults, done }
}

/** Runs `work` in a browser of its own. */
export async function within(server, options, work) {
  const browser = await open(server, options)
  // Whatever waits in a browser that is closed, waits no longer.
  const deadline = setTimeout(() => browser.context.close(), DEADLINE)
  let kept = false
  try {
    await work(browser.page, browser)
    kept = true
  } finally {
    clearTimeout(deadline)
    // What the work itself has to complain of comes first.
    await (kept ? browser.done() : browser.context.close())
  }
}

/**
 * A text of a page. Fluent puts marks around what it fills in, so that a name in another direction stays in its place;
 * readers do not see them.
 */
export const said = (page, text) => {
  const letters = [...text].map((letter) => letter.replace(/[.*+?^${}()|[\]\\]/, '\\$&'))
  return page.getByText(new RegExp(letters.join('[\u2066-\u2069]*')))
}

/** A text without those marks. */
export const plain = (text) => text.replace(/[\u2066-\u2069]/g, '')

const sessions = new WeakMap()

/**
 * The one session of the protocol with a page, which ends with it. A second one would take the authenticators of the
 * first away when it is given up.
 */
export async function protocol(page) {
  if (!sessions.has(page)) sessions.set(page, await page.context().newCDPSession(page))
  return sessions.get(page)
}

/** The address of a page without its host. */
export const at = (page) => new URL(page.url()).pathname

/** Waits until the page at a path, or at one that fits a pattern, stands there. */
export async function arrives(page, wanted) {
  const fits = (url) => (wanted instanceof RegExp ? wanted.test(url.pathname) : url.pathname === wanted)
  try {
    await page.waitForURL(fits, { timeout: 15_000 })
  } catch {
    const said = await page.locator('main').innerText().catch(() => 'no page')
    assert.fail(`expected ${wanted}, but it is ${page.url()}: ${said}`)
  }
}

function path(name) {
  const found = process.env.PATH.split(':').map((folder) => join(folder, name)).find(existsSync)
  assert.ok(found, `no ${name} in PATH`)
  return found
}
