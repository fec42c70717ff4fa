//! Is the server there? (XEP-0199.)

use super::Feature;

/// A ping is answered by an empty result.
pub(super) const PING: Feature = Feature { ns: "urn:xmpp:ping", name: "ping", answer: |_, _| Ok(None) };
