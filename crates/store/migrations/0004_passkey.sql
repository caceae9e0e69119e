-- Passkeys and security keys. Credential and handle are for the look-up; the seal holds the public key and the counter.
CREATE TABLE passkey (
    id BYTES NOT NULL PRIMARY KEY,
    account BYTES NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    credential BYTES NOT NULL UNIQUE,
    handle BYTES NOT NULL,
    version INT NOT NULL,
    sealed BYTES NOT NULL,
    held_until INT,
    made_at INT NOT NULL,
    used_at INT NOT NULL
) STRICT;
CREATE INDEX passkey_account ON passkey (account);

-- Challenges that a client carried and that were answered: each once. Gone by itself when the challenge is too old.
CREATE TABLE passkey_challenge (
    id BYTES NOT NULL PRIMARY KEY,
    expires_at INT NOT NULL
) STRICT;
CREATE INDEX passkey_challenge_expires ON passkey_challenge (expires_at);

-- Notices that wait to be sent.
CREATE TABLE outbox (
    id BYTES NOT NULL PRIMARY KEY,
    account BYTES NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    sealed BYTES NOT NULL,
    made_at INT NOT NULL
) STRICT;
CREATE INDEX outbox_account ON outbox (account);
