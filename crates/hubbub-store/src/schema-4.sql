-- Names whose account was removed: whoever has such a name next inherits nothing.
CREATE TABLE removed (
    user TEXT PRIMARY KEY,              -- prepared localpart
    epoch INTEGER NOT NULL,             -- the last that an inbox of this name has had, 0 if none; later ones have others
    number INTEGER NOT NULL UNIQUE      -- counts removals, so that a running server finds those that it has not seen
) STRICT, WITHOUT ROWID;
