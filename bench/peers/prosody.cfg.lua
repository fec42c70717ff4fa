-- Prosody for XMPP's scenarios: everything it writes under @DIR@. The driver fills in what stands between @ signs.
run_as_root = true
daemonize = false
pidfile = "@DIR@/prosody.pid"
data_path = "@DATA@"
log = { error = "*console" }
interfaces = { "127.0.0.1" }
c2s_ports = { @PLAIN@ }
c2s_direct_tls_ports = { @TLS@ }
s2s_ports = { }
ssl = { key = "@KEY@", certificate = "@CERTIFICATE@" }
c2s_require_encryption = false
authentication = "internal_hashed"
-- SASL without TLS: all servers are asked in clear where TLS is not what is measured.
allow_unencrypted_plain_auth = true
-- Many small packets, each waiting for the one before it to be confirmed, would make pages 40 ms slow.
network_settings = { tcp_backlog = 4096, nagle = false }
-- Accounts and what belongs to them as Prosody keeps them by default; archives where its manual advises for many messages.
storage = { archive = "internal", muc_log = "sql" }
sql = { driver = "SQLite3", database = "@SQLITE@" }
archive_expires_after = "never"
default_archive_policy = true
muc_log_expires_after = "never"
max_archive_query_results = 50
-- A page does not say how many messages there are in all, as nobody must (XEP-0059 section 2.6): counting a million takes longer.
muc_log_include_total = false
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "presence", "message", "iq", @ARCHIVE@ }
modules_disabled = { "s2s", "offline" }

VirtualHost "localhost"

VirtualHost "guest.localhost"
  authentication = "anonymous"

Component "rooms.localhost" "muc"
  modules_enabled = { @ROOM_ARCHIVE@ }
  muc_room_locking = false
  -- With the last occupant of another room its archive would go.
  muc_room_default_persistent = true
  -- Nobody is told who comes and goes: with 10,000 occupants that would be 50 million stanzas before the first message.
  muc_room_default_presence_broadcast = { visitor = false, participant = false, moderator = false }
  muc_tombstones = false
