// Asks axe-core, an independent judge of accessibility, and looks for what it cannot see.

import assert from 'node:assert/strict'

import axe from 'axe-core'

import { protocol, withoutScripts } from './_browser.mjs'

/** Fails on any violation on the page as it stands. */
export async function accessible(page, where) {
  // By the protocol and not as a script of the page: its policy forbids that, and axe has to run under that policy.
  const session = await protocol(page)
  const off = withoutScripts.has(page.context())
  try {
    // Where scripts are off it needs them for a moment. Those of the page were passed over, and stay so.
    if (off) for (const value of [true, false]) await session.send('Emulation.setScriptExecutionDisabled', { value })
    await evaluated(session, axe.source)
    const options = JSON.stringify({ resultTypes: ['violations'] })
    const found = await evaluated(session, `axe.run(document, ${options}).then(({ violations }) => violations)`)
    const said = found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`)
    assert.deepEqual(said, [], `axe on ${where}`)
  } finally {
    if (off) await session.send('Emulation.setScriptExecutionDisabled', { value: true })
  }
}

async function evaluated(session, expression) {
  const options = { expression, awaitPromise: true, returnByValue: true }
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', options)
  assert.ok(!exceptionDetails, exceptionDetails?.exception?.description ?? exceptionDetails?.text)
  return result.value
}
