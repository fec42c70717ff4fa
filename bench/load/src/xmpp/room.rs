//! A room (XEP-0045) as a way of speaking: what one occupant says, all hear.

use crate::failure::Result;
use crate::xmpp::piece;
use crate::xmpp::session::Session;

/// A room by its address.
pub(crate) struct Room {
    address: String,
}

impl Room {
    /// The room at `room@domain`.
    pub(crate) fn new(address: &str) -> Self {
        Self { address: address.to_owned() }
    }

    /// Client `n` comes in, without any history, and waits until it is there.
    pub(crate) fn enter(&self, n: usize, session: &mut Session) -> Result<()> {
        session.say(&format!(
            "<presence to='{}/n{n}'><x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/></x></presence>",
            self.address
        ))?;
        // The subject is what comes last (§7.2.15); from then on there is only what is said.
        session.until(|element| {
            element.starts_with(b"<message") && piece::between(element, b"<subject", b">").is_some()
        })
    }

    /// Appends the stanza that says `message` to all.
    pub(crate) fn say(&self, message: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"<message type='groupchat' to='");
        out.extend_from_slice(self.address.as_bytes());
        out.extend_from_slice(b"'><body>");
        out.extend_from_slice(message);
        out.extend_from_slice(b"</body></message>");
    }

    /// Calls `each` with every message in `bytes`; answers how much is used. Presence is no message.
    pub(crate) fn hear(
        &self,
        link: usize,
        bytes: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<usize> {
        piece::elements(link, bytes, |stanza| {
            if stanza.starts_with(b"<presence") {
                return Ok(());
            }
            let body = piece::body(stanza).filter(|_| piece::tag_has(stanza, b"groupchat"));
            each(body.ok_or_else(|| piece::unexpected("not said in a room", stanza))?)
        })
    }
}
