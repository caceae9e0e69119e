// @ts-check
// What makes a page handier. Each page works without it.

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-peek]'))) {
  const input = document.getElementById(button.dataset.peek ?? '')
  if (!(input instanceof HTMLInputElement)) continue
  button.hidden = false
  button.addEventListener('click', () => {
    const shows = input.type === 'password'
    input.type = shows ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(shows))
  })
  // A password that is shown must not be kept by the browser as an entry of a text field.
  input.form?.addEventListener('submit', () => { input.type = 'password' })
}

// A code is often copied with a space in it.
for (const input of document.querySelectorAll('input[data-digits]')) {
  input.addEventListener('input', () => {
    if (input instanceof HTMLInputElement) input.value = input.value.replace(/\D/g, '').slice(0, 6)
  })
}

// An invite stands after the # of its link: that part is never sent, so it is in no log.
const invite = document.getElementById('invite')
const take = () => {
  if (!(invite instanceof HTMLInputElement) || !location.hash.startsWith('#pli_')) return
  invite.value = location.hash.slice(1)
  history.replaceState(null, '', location.pathname + location.search)
  // The server knows whose it is and what has to be asked: a new password, or the one that there is.
  invite.form?.submit()
}
take()
// A link that is pasted over the address of this very page loads nothing.
addEventListener('hashchange', take)

// Moments in the reader's own time zone, as the reader's country writes them in the language of the page.
const { lang } = document.documentElement
const country = navigator.languages.find(tag => tag.split('-')[0] === lang) ?? lang
const local = new Intl.DateTimeFormat(country, { dateStyle: 'medium', timeStyle: 'short' })
for (const time of document.querySelectorAll('time')) {
  const moment = new Date(time.dateTime)
  if (!Number.isNaN(moment.getTime())) {
    time.title = time.textContent ?? ''
    time.textContent = local.format(moment)
  }
}

// One press is one attempt. Coming back to the page gives the button back.
/** @type {WeakSet<HTMLFormElement>} */
const sent = new WeakSet()
for (const form of document.forms) {
  form.addEventListener('submit', event => {
    if (sent.has(form)) event.preventDefault()
    else if (!event.defaultPrevented) sent.add(form)
  })
}
addEventListener('pageshow', () => { for (const form of document.forms) sent.delete(form) })
