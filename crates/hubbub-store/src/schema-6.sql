-- Messages about messages, and archives: what a client calls its message, what it says of another, to whom it was said.
ALTER TABLE events ADD COLUMN own_id TEXT;
ALTER TABLE events ADD COLUMN about BLOB;       -- JSON, as the hub writes it
ALTER TABLE events ADD COLUMN original BLOB;    -- the id of the message that it edits or answers
ALTER TABLE events ADD COLUMN recipient TEXT;   -- bare address; of own copies in inboxes
ALTER TABLE events ADD COLUMN peer TEXT;        -- in inboxes: with whom the owner exchanged it

UPDATE events SET peer = user WHERE log IN (SELECT id FROM logs WHERE room >= '@' AND room < 'A');

CREATE INDEX events_by_id ON events (log, id);
CREATE INDEX events_by_peer ON events (log, peer, seq) WHERE peer IS NOT NULL;
CREATE INDEX events_by_original ON events (log, original) WHERE original IS NOT NULL;
