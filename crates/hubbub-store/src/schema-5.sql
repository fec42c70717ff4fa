-- How rooms' affairs stand: who owns them, who is banned, how they are set up. Beside the log of the same room.
CREATE TABLE affairs (
    room TEXT PRIMARY KEY,              -- prepared name
    affairs BLOB NOT NULL               -- JSON, as the hub writes it
) STRICT, WITHOUT ROWID;
