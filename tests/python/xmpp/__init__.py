"""A small XMPP client that shows every stanza it sends and gets, and the sentences of the stories in `tests/scenarios/xmpp`."""
