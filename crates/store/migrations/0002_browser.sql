-- The session of a browser: what its cookie is compared with, and what is shown to it once.

CREATE TABLE browser (
    session BYTES NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    digest BYTES NOT NULL,
    sealed BYTES NOT NULL,
    shown BYTES,
    shown_until INT
) STRICT;
CREATE INDEX browser_shown ON browser (shown_until) WHERE shown IS NOT NULL;
