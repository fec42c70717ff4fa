-- Small things that owners keep beside their messages. Read by shelf, in the order of the keys' bytes.
CREATE TABLE papers (
    owner TEXT NOT NULL,                -- prepared localpart
    shelf TEXT NOT NULL,                -- which kind of thing
    key TEXT NOT NULL,                  -- which of its kind
    value BLOB NOT NULL,
    PRIMARY KEY (owner, shelf, key)
) STRICT, WITHOUT ROWID;
