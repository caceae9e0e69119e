// Reads a QR code off a picture of the screen, with a decoder that knows nothing of who drew it.

import assert from 'node:assert/strict'

import decode from 'jsqr'
import { PNG } from 'pngjs'

/** What the code says that a person would scan on this page. */
export async function scan(page) {
  const { data, width, height } = PNG.sync.read(await page.screenshot({ fullPage: true }))
  const found = decode(new Uint8ClampedArray(data), width, height)
  assert.ok(found, 'no QR code can be read off the screen')
  return found.data
}
