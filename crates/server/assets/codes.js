// @ts-check
// Copies, downloads and prints recovery codes. They never leave the page otherwise.

const list = document.querySelector('[data-codes]')
const tools = document.querySelector('[data-tools]')

if (list instanceof HTMLElement && tools instanceof HTMLElement) {
  const codes = Array.from(list.children, code => code.textContent ?? '')
  const text = [list.dataset.head ?? '', '', ...codes, ''].join('\n')

  /** @param {string} name @param {(button: HTMLButtonElement) => void} act */
  const on = (name, act) => {
    const button = tools.querySelector(name)
    if (button instanceof HTMLButtonElement) button.addEventListener('click', () => act(button))
  }

  on('[data-copy]', async button => {
    // Some browsers refuse: then the codes can still be marked and copied by hand.
    try { await navigator.clipboard.writeText(text) } catch { return }
    const said = document.querySelector('[data-status]')
    if (said) said.textContent = button.dataset.done ?? ''
    button.textContent = button.dataset.done ?? ''
  })

  on('[data-download]', () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }))
    link.download = list.dataset.file ?? 'codes.txt'
    link.click()
    URL.revokeObjectURL(link.href)
  })

  on('[data-print]', () => print())
  tools.hidden = false
}
