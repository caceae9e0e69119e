-- OpenID Connect: what a client was granted inside a session that others share, codes, consent, clients' secrets, and
-- whom to tell of a session's end.

ALTER TABLE refresh ADD COLUMN audience TEXT;
ALTER TABLE refresh ADD COLUMN scope TEXT;
-- When the client is next to be told that the session has ended; empty where nobody waits for word.
ALTER TABLE refresh ADD COLUMN logout_due INT;
ALTER TABLE refresh ADD COLUMN logout_tries INT NOT NULL DEFAULT 0;
CREATE INDEX refresh_logout ON refresh (logout_due) WHERE logout_due IS NOT NULL;

-- A code stays after its use, so that a second use is seen.
CREATE TABLE code (
    digest BYTES NOT NULL PRIMARY KEY,
    session BYTES NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    expires_at INT NOT NULL,
    family BYTES,
    sealed BYTES NOT NULL
) STRICT;
CREATE INDEX code_session ON code (session);
CREATE INDEX code_expires ON code (expires_at);

CREATE TABLE consent (
    account BYTES NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    client TEXT NOT NULL,
    scope TEXT NOT NULL,
    audiences TEXT NOT NULL,
    given_at INT NOT NULL,
    PRIMARY KEY (account, client)
) STRICT;

CREATE TABLE client_secret (
    digest BYTES NOT NULL PRIMARY KEY,
    client TEXT NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    made_at INT NOT NULL,
    expires_at INT
) STRICT;
CREATE INDEX client_secret_client ON client_secret (client);
