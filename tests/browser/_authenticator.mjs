// Authenticators that Chromium plays itself (CDP, domain WebAuthn): a platform's own, and a key to plug in.

import { protocol } from './_browser.mjs'

/** Fingerprint or PIN of this device: keeps passkeys and checks its user. */
export const PLATFORM = { transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true }

/** A security key of the second factor: keeps no passkey and asks for a touch alone. */
export const KEY = { transport: 'usb', hasResidentKey: false, hasUserVerification: false, isUserVerified: false }

/** Gives this page's browser an authenticator; its person is at hand and touches it. */
export async function authenticator(page, kind) {
  const session = await protocol(page)
  await session.send('WebAuthn.enable')
  const options = { protocol: 'ctap2', automaticPresenceSimulation: true, ...kind }
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options })
  const send = (method, more = {}) => session.send(`WebAuthn.${method}`, { authenticatorId, ...more })
  return {
    /** What it keeps: id, counter, private key. */
    credentials: async () => (await send('getCredentials')).credentials,
    /** Puts a credential into it, as a thief does with a copy. */
    add: (credential) => send('addCredential', { credential }),
    /** Loses one. */
    forget: (credentialId) => send('removeCredential', { credentialId }),
    /** Whether its user is recognised from now on. */
    verifies: (isUserVerified) => send('setUserVerified', { isUserVerified }),
    /** Whether anybody touches it. */
    present: (enabled) => send('setAutomaticPresenceSimulation', { enabled }),
    /** Unplugs it. */
    remove: () => send('removeVirtualAuthenticator'),
  }
}
