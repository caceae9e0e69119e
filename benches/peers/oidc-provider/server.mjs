// A server of oidc-provider with one client and its key given, so that its start makes none: the least that it can be
// asked to do. Called by the bench: node server.mjs PORT
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import Provider from "oidc-provider";

const port = Number(process.argv[2]);
const issuer = `http://localhost:${port}`;

const provider = new Provider(issuer, {
  jwks: { keys: [await key()] },
  cookies: { keys: ["a key of the bench, which protects nothing"] },
  clients: [
    {
      client_id: "app",
      client_secret: "a secret of the bench, which protects nothing",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: [`${issuer}/back`],
      id_token_signed_response_alg: "ES256",
    },
  ],
});

provider.listen(port, "127.0.0.1");

// Made once and kept, as a server with data has it.
async function key() {
  const file = new URL("key.json", import.meta.url);
  if (!existsSync(file)) {
    const { webcrypto } = await import("node:crypto");
    const pair = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const { kty, crv, x, y, d } = await webcrypto.subtle.exportKey("jwk", pair.privateKey);
    writeFileSync(file, JSON.stringify({ kty, crv, x, y, d, use: "sig", alg: "ES256", kid: "bench" }));
  }
  return JSON.parse(readFileSync(file, "utf8"));
}
