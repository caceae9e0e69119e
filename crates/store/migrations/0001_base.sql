-- One series for both databases. BYTES, INT and STRICT are the three words that differ; the migrator puts in the right
-- ones. Times are milliseconds since 1970. Ids are 16 bytes, time-ordered.

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value BYTES NOT NULL
) STRICT;

CREATE TABLE data_key (
    number INT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    wrapped BYTES NOT NULL
) STRICT;

CREATE TABLE signing_key (
    kid TEXT NOT NULL PRIMARY KEY,
    alg TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'current', 'retired', 'gone')),
    version INT NOT NULL,
    sealed_public BYTES NOT NULL,
    sealed_private BYTES NOT NULL,
    made_at INT NOT NULL,
    current_at INT,
    retired_at INT,
    gone_at INT
) STRICT;
-- Two nodes rotating at once must not both make a current key.
CREATE UNIQUE INDEX signing_key_current ON signing_key (alg) WHERE state = 'current';

CREATE TABLE client (
    id TEXT NOT NULL PRIMARY KEY,
    version INT NOT NULL,
    spec TEXT NOT NULL,
    made_at INT NOT NULL
) STRICT;

CREATE TABLE audience (
    name TEXT NOT NULL PRIMARY KEY,
    alg TEXT NOT NULL,
    made_at INT NOT NULL
) STRICT;

CREATE TABLE account (
    id BYTES NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    version INT NOT NULL,
    password BYTES NOT NULL,
    personal_key BYTES NOT NULL,
    made_at INT NOT NULL,
    last_login_at INT
) STRICT;

-- A group's version moves with its membership: the guard of "not the last administrator".
CREATE TABLE user_group (
    name TEXT NOT NULL PRIMARY KEY,
    version INT NOT NULL
) STRICT;

CREATE TABLE membership (
    account BYTES NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    user_group TEXT NOT NULL REFERENCES user_group (name),
    PRIMARY KEY (account, user_group)
) STRICT;
CREATE INDEX membership_group ON membership (user_group);

CREATE TABLE totp (
    id BYTES NOT NULL PRIMARY KEY,
    account BYTES NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    sealed BYTES NOT NULL,
    last_step INT NOT NULL,
    drift INT NOT NULL,
    resync_offset INT,
    resync_step INT,
    held_until INT,
    made_at INT NOT NULL,
    used_at INT
) STRICT;
CREATE INDEX totp_account ON totp (account);

CREATE TABLE recovery_code (
    digest BYTES NOT NULL PRIMARY KEY,
    account BYTES NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    code_set BYTES NOT NULL,
    number INT NOT NULL,
    sealed BYTES NOT NULL,
    made_at INT NOT NULL,
    used_at INT
) STRICT;
-- Of two new sets made at once, one is refused: each would void the old codes only, and leave the other's alive.
CREATE UNIQUE INDEX recovery_code_number ON recovery_code (account, number);

CREATE TABLE device (
    id BYTES NOT NULL PRIMARY KEY,
    account BYTES NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    fails INT NOT NULL,
    made_at INT NOT NULL,
    used_at INT NOT NULL,
    revoked_at INT
) STRICT;
CREATE INDEX device_account ON device (account);

CREATE TABLE invite (
    id BYTES NOT NULL PRIMARY KEY,
    digest BYTES NOT NULL,
    sealed BYTES NOT NULL,
    made_at INT NOT NULL,
    expires_at INT NOT NULL,
    used_at INT
) STRICT;
CREATE INDEX invite_expires ON invite (expires_at);

CREATE TABLE login (
    id BYTES NOT NULL PRIMARY KEY,
    account BYTES NOT NULL,
    digest BYTES NOT NULL,
    version INT NOT NULL,
    expires_at INT NOT NULL,
    sealed BYTES NOT NULL
) STRICT;
CREATE INDEX login_expires ON login (expires_at);
CREATE INDEX login_account ON login (account);

CREATE TABLE status_list (
    list INT NOT NULL PRIMARY KEY,
    next INT NOT NULL,
    opened_at INT NOT NULL,
    last_exp INT NOT NULL
) STRICT;

-- A session outlives its account: its place in a status list must show as ended while a token of it may live, so no
-- deletion cascades here. A list in turn outlives its sessions: closing it is refused while one names it.
CREATE TABLE session (
    id BYTES NOT NULL PRIMARY KEY,
    account BYTES NOT NULL,
    client TEXT NOT NULL,
    factor BYTES,
    device BYTES,
    version INT NOT NULL,
    opened_at INT NOT NULL,
    used_at INT NOT NULL,
    idle_until INT NOT NULL,
    expires_at INT NOT NULL,
    ended_at INT,
    end_reason TEXT,
    status_list INT NOT NULL REFERENCES status_list (list),
    status_idx INT NOT NULL,
    sealed BYTES NOT NULL
) STRICT;
CREATE UNIQUE INDEX session_status ON session (status_list, status_idx);
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE refresh (
    id BYTES NOT NULL PRIMARY KEY,
    session BYTES NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    client TEXT NOT NULL,
    generation INT NOT NULL,
    current BYTES NOT NULL,
    previous BYTES,
    successor BYTES,
    rotated_at INT,
    rotated_source BYTES,
    retries INT NOT NULL,
    binding TEXT,
    ended_at INT,
    end_reason TEXT,
    sealed BYTES NOT NULL,
    UNIQUE (session, client)
) STRICT;

CREATE TABLE step_up (
    id BYTES NOT NULL PRIMARY KEY,
    digest BYTES NOT NULL UNIQUE,
    session BYTES NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    expires_at INT NOT NULL
) STRICT;
CREATE INDEX step_up_expires ON step_up (expires_at);

-- Attempts spent, by keyed pseudonym (HMAC): the rows tell nobody's name.
CREATE TABLE guard (
    counter BYTES NOT NULL PRIMARY KEY,
    tried INT NOT NULL,
    next_at INT NOT NULL
) STRICT;

CREATE TABLE audit_record (
    id BYTES NOT NULL PRIMARY KEY,
    node TEXT NOT NULL,
    account BYTES,
    event TEXT NOT NULL,
    at INT NOT NULL,
    body BYTES NOT NULL,
    sealed INT NOT NULL
) STRICT;
CREATE INDEX audit_unsealed ON audit_record (node, id) WHERE sealed = 0;

CREATE TABLE audit_link (
    chain TEXT NOT NULL,
    seq INT NOT NULL,
    record BYTES NOT NULL UNIQUE,
    previous BYTES NOT NULL,
    hash BYTES NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT;

-- Of two nodes that sign at once, one wins: a number stands once, and each checkpoint names the one before it.
CREATE TABLE audit_checkpoint (
    number INT NOT NULL PRIMARY KEY,
    at INT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX audit_checkpoint_at ON audit_checkpoint (at);

CREATE TABLE node (
    name TEXT NOT NULL PRIMARY KEY,
    seen_at INT NOT NULL
) STRICT;

-- Keys of the personal parts of records about nobody known, one a month; the sweep deletes them after retention.
CREATE TABLE audit_month (
    month TEXT NOT NULL PRIMARY KEY,
    sealed BYTES NOT NULL
) STRICT;
