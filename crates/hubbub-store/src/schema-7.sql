-- When an account of this name was removed, in seconds since 1970: what was issued to it until then is good no more.
ALTER TABLE removed ADD COLUMN unix_s INTEGER NOT NULL DEFAULT 0;
-- Whether rooms' affairs have forgotten it.
ALTER TABLE removed ADD COLUMN swept INTEGER NOT NULL DEFAULT 0;
CREATE INDEX unswept ON removed (number) WHERE swept = 0;
