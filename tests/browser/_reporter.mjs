// Prints a line for each test, what a failed one said, and the sum in the words that xtask reads.

export default async function* lines(events) {
  let [passed, failed] = [0, 0]
  for await (const { type, data } of events) {
    // A suite is no check of its own.
    if (data.details?.type === 'suite') continue
    if (type === 'test:pass') {
      passed += 1
      yield `ok     ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`
    } else if (type === 'test:fail') {
      failed += 1
      const { error } = data.details
      yield `FAILED ${data.name}\n${error?.cause?.stack ?? error?.cause ?? error}\n`
    }
  }
  yield `test result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed;\n`
}
