//! What time it is at the server (XEP-0202): always in UTC.

use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::Tag;

use super::Feature;
use crate::xmpp::stamp;

const NS: &str = "urn:xmpp:time";

/// The present moment (XEP-0082).
pub(super) const TIME: Feature = Feature {
    ns: NS,
    name: "time",
    answer: |asked, cx| {
        if asked.set {
            return Err(Condition::NotAllowed);
        }
        let said = |name, text: &str| Tag::new(name, NS).text(text);
        Ok(Some(
            Tag::new("time", NS)
                .child(said("tzo", "+00:00"))
                .child(said("utc", &stamp::datetime(cx.now.unix_ms))),
        ))
    },
};
