//! A POST whose body is still on its way. Its session is told, because it may have one at a time (EIO4 "Sending data").

use hubbub_hub::SessionKey;

use super::SESSION;
use super::letters::ToHost;
use crate::session::{Close, Cx, Input, Session};
use crate::session_id::SessionId;

/// Lasts as long as the body takes.
pub struct Coming {
    sid: String,
    host: Option<SessionKey>,
}

impl Coming {
    /// A body for the session of this id; nothing for a request that names none.
    #[must_use]
    pub fn of(query: &str) -> Option<Self> {
        let sid = query.split('&').find_map(|pair| pair.strip_prefix("sid="))?;
        Some(Self { sid: sid.to_owned(), host: None })
    }
}

impl Session for Coming {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                if let Some(SessionId { host, since_unix_ms: opened_unix_ms }) =
                    SessionId::unseal(&self.sid, SESSION, cx.doorman)
                {
                    self.host = Some(host);
                    cx.write_to(host, ToHost::Coming(opened_unix_ms));
                }
                Ok(())
            }
            Input::LinkLost => {
                if let Some(host) = self.host {
                    cx.write_to(host, ToHost::Come);
                }
                Err(Close::Done)
            }
            // What it comes to is said to the request that it belongs to.
            _ => Ok(()),
        }
    }
}
