-- What a sender's protocol says beside the content: which form it has, and its bytes. Most rows have neither.
ALTER TABLE events ADD COLUMN carried_form TEXT;
ALTER TABLE events ADD COLUMN carried BLOB;
