-- Everything that outlives the process. Numbers that the server counts in u64 are kept in SQLite's i64.

-- One row for each durable log.
CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    room TEXT NOT NULL UNIQUE,          -- prepared name: 'lobby', '@alice'
    epoch INTEGER NOT NULL,
    head INTEGER NOT NULL,              -- last sequence number; outlives the message itself
    oldest INTEGER NOT NULL,            -- oldest kept by the policy; rows before it wait to be deleted
    bytes INTEGER NOT NULL,             -- weight of oldest..=head
    keep_count INTEGER NOT NULL,        -- the policy's limits, as of the last opening
    keep_bytes INTEGER NOT NULL,
    keep_age_ms INTEGER NOT NULL
) STRICT;

-- One row for each message. `weight` stands before `content`, so that trimming never touches a content's pages.
CREATE TABLE events (
    log INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,                   -- 16 bytes, big-endian
    unix_ms INTEGER NOT NULL,
    weight INTEGER NOT NULL,
    user TEXT NOT NULL,                 -- bare address of the sender
    name TEXT NOT NULL,                 -- his name as shown
    event TEXT NOT NULL,
    kind INTEGER NOT NULL,              -- 0 text, 1 JSON, 2 binary
    key TEXT,                           -- idempotency key
    content BLOB NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

-- Serves the one question that is asked of keys: which were used in this log since then?
CREATE INDEX keyed_events ON events (log, unix_ms) WHERE key IS NOT NULL;

CREATE TABLE accounts (
    user TEXT PRIMARY KEY,              -- prepared localpart
    name TEXT NOT NULL                  -- as typed when added
) STRICT, WITHOUT ROWID;

-- What RFC 5802 section 3 lets a server keep instead of a password.
CREATE TABLE verifiers (
    user TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    mechanism TEXT NOT NULL,            -- 'SCRAM-SHA-1', 'SCRAM-SHA-256'
    salt BLOB NOT NULL,
    iterations INTEGER NOT NULL,
    stored_key BLOB NOT NULL,
    server_key BLOB NOT NULL,
    PRIMARY KEY (user, mechanism)
) STRICT, WITHOUT ROWID;

-- The server's own secrets, made once.
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
