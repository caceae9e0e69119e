// @ts-check
// Passkeys. A form with `data-passkey` fetches its options, asks the authenticator, and is then sent like any other
// form, with what the authenticator said in `credential` and the server's own note in `state`.

/** @typedef {{ publicKey: any, state?: string }} Options */

/** @param {string} text @returns {ArrayBuffer} */
const bytes = text => {
  const raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(raw, letter => letter.charCodeAt(0)).buffer
}

/** @param {ArrayBuffer | null | undefined} buffer */
const text = buffer => buffer
  ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  : undefined

/** @param {any} options @param {boolean} creates */
const parsed = (options, creates) => {
  const own = /** @type {any} */ (PublicKeyCredential)
  const parse = creates ? own.parseCreationOptionsFromJSON : own.parseRequestOptionsFromJSON
  if (parse) return parse.call(own, options)
  const list = (/** @type {any[]} */ all = []) => all.map(one => ({ ...one, id: bytes(one.id) }))
  const user = options.user && { ...options.user, id: bytes(options.user.id) }
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(creates ? { user, excludeCredentials: list(options.excludeCredentials) } : { allowCredentials: list(options.allowCredentials) }),
  }
}

/** @param {any} credential */
const json = credential => {
  if (credential.toJSON) return credential.toJSON()
  const { response } = credential
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle),
      transports: response.getTransports?.(),
    },
  }
}

/** Only one ceremony may wait at a time: a new one ends the one before. */
let waiting = new AbortController()

/**
 * What the browser offers by itself waits for as long as the page is open, and its challenge dies after five minutes. Who
 * comes back to the page later gets another one; a clock would take the dialogue away from who is in it.
 */
const OLD_MS = 4 * 60 * 1000
let asked = 0

/**
 * @param {HTMLFormElement} form
 * @param {'conditional' | undefined} mediation
 */
const run = async (form, mediation) => {
  asked = Date.now()
  waiting.abort()
  waiting = new AbortController()
  const { signal } = waiting
  const creates = form.dataset.passkey === 'create'
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form)))
  const answer = await fetch(form.dataset.options ?? '', { method: 'POST', body, signal, headers: { accept: 'application/json' } })
  // The session is over: the page to sign in is where it leads. What the browser offers by itself leads nobody away.
  if (answer.redirected && !mediation) return location.assign(answer.url)
  if (!answer.ok) throw new Error(String(answer.status))
  const options = /** @type {Options} */ (await answer.json())
  const publicKey = parsed(options.publicKey, creates)
  const credential = creates
    ? await navigator.credentials.create({ publicKey, signal })
    : await navigator.credentials.get({ publicKey, signal, mediation })
  const fields = /** @type {any} */ (form.elements)
  fields.credential.value = JSON.stringify(json(credential))
  fields.state.value = options.state ?? ''
  form.submit()
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-passkey]'))) {
  const button = form.querySelector('button')
  const said = form.querySelector('[data-said]')
  if (!button || !(said instanceof HTMLElement)) continue

  /** @param {string | undefined} words */
  const say = words => {
    said.textContent = words ?? ''
    said.hidden = !words
  }
  if (!window.PublicKeyCredential) {
    say(form.dataset.unable)
    continue
  }
  button.hidden = false
  form.addEventListener('submit', async event => {
    event.preventDefault()
    say('')
    button.setAttribute('aria-busy', 'true')
    try {
      await run(form, undefined)
    } catch (fault) {
      // NotAllowedError is all that a browser tells of a refusal, a timeout or a closed window.
      say(fault instanceof DOMException && fault.name === 'NotAllowedError' ? form.dataset.stopped : form.dataset.failed)
      button.removeAttribute('aria-busy')
    }
  })
  if (form.dataset.passkey === 'sign-in') {
    // The browser offers passkeys in the list of the name's field, quietly; whatever goes wrong there is not told.
    const offer = () => void run(form, 'conditional').catch(() => {})
    const again = () => document.visibilityState === 'visible' && Date.now() - asked > OLD_MS && offer()
    PublicKeyCredential.isConditionalMediationAvailable?.().then(can => {
      if (!can) return
      offer()
      for (const back of ['focus', 'visibilitychange', 'focusin', 'pointerdown']) window.addEventListener(back, again)
    }).catch(() => {})
  }
}
