// An authenticator app (RFC 6238), made from the link that a QR code holds.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { setTimeout as moments } from 'node:timers/promises'

const now = () => Math.floor(Date.now() / 30_000)

export class App {
  constructor(uri) {
    const { protocol, host, searchParams } = new URL(uri)
    assert.equal(`${protocol}//${host}`, 'otpauth://totp')
    this.uri = uri
    this.key = base32(searchParams.get('secret'))
    this.last = 0
  }

  /**
   * The next code that was not used yet. A code may be one step late, so that of two in a row the second needs no
   * wait; a third waits for its step to come.
   */
  async code() {
    const step = Math.max(this.last + 1, now() - 1)
    while (now() < step) await moments(50)
    this.last = step
    return this.at(step)
  }

  /** Where nothing is known of what was used before. */
  async fresh() {
    this.last = Math.max(this.last, now())
    return this.code()
  }

  /** Six digits that are no code of this hour. */
  wrong() {
    const near = new Set(Array.from({ length: 240 }, (_, index) => this.at(now() - 120 + index)))
    return ['000000', '111111', '222222', ...Array.from({ length: 240 }, (_, index) => String(300_000 + index))].find(
      (code) => !near.has(code),
    )
  }

  at(step) {
    const counter = Buffer.alloc(8)
    counter.writeBigUInt64BE(BigInt(step))
    const digest = createHmac('sha1', this.key).update(counter).digest()
    const offset = digest.at(-1) & 15
    return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
  }
}

function base32(text) {
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
  return Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)))
}
