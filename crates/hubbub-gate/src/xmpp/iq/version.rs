//! What software runs here (XEP-0092). The operating system is nobody's business.

use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::Tag;

use super::Feature;

const NS: &str = "jabber:iq:version";

/// Name and version.
pub(super) const VERSION: Feature = Feature {
    ns: NS,
    name: "query",
    answer: |asked, _| {
        if asked.set {
            return Err(Condition::NotAllowed);
        }
        let said = |name, text| Tag::new(name, NS).text(text);
        Ok(Some(
            Tag::new("query", NS)
                .child(said("name", "Hubbub"))
                .child(said("version", env!("CARGO_PKG_VERSION"))),
        ))
    },
};
