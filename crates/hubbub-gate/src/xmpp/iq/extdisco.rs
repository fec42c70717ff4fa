//! Services beside XMPP: where STUN and TURN are, and by which credentials one uses them (XEP-0215).

use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{Node, Tag};

use super::{Answer, Asked, Feature};
use crate::ice::IceServer;
use crate::session::Cx;
use crate::xmpp::stamp;

pub(super) const NS: &str = "urn:xmpp:extdisco:2";

/// All there are, or those of a type (§3.1, §3.2).
pub(super) const SERVICES: Feature = Feature {
    ns: NS,
    name: "services",
    answer: |asked, cx| {
        let servers = servers(asked, cx)?;
        let wanted = asked.payload.attr("type");
        let shown =
            servers.iter().filter(|one| wanted.as_ref().is_none_or(|kind| *kind == one.service.scheme));
        Ok(Some(Tag::new("services", NS).attr_opt("type", wanted.as_ref()).children(shown.map(service))))
    },
};

/// Credentials for one that the client knows (§3.3).
pub(super) const CREDENTIALS: Feature = Feature { ns: NS, name: "credentials", answer: credentials };

/// Whether there is anything to tell.
pub(super) fn is_on(cx: &Cx<'_>) -> bool {
    !cx.settings.ice.is_empty()
}

fn credentials(asked: &Asked<'_>, cx: &Cx<'_>) -> Answer {
    let servers = servers(asked, cx)?;
    let wanted = asked.payload.child("service", NS).ok_or(Condition::BadRequest)?;
    let (Some(host), Some(kind)) = (wanted.attr("host"), wanted.attr("type")) else {
        return Err(Condition::BadRequest);
    };
    let is_meant = |one: &&IceServer| {
        one.service.host.eq_ignore_ascii_case(&host)
            && one.service.scheme == kind
            && says(wanted, "port", &one.service.port.to_string())
            && says(wanted, "transport", one.service.transport)
    };
    let found: Vec<_> = servers.iter().filter(is_meant).map(service).collect();
    if found.is_empty() {
        return Err(Condition::ItemNotFound);
    }
    Ok(Some(Tag::new("credentials", NS).children(found)))
}

/// Whether an attribute says this, or nothing.
fn says(node: Node<'_>, name: &str, value: &str) -> bool {
    node.attr(name).is_none_or(|said| *said == *value)
}

fn servers(asked: &Asked<'_>, cx: &Cx<'_>) -> Result<Vec<IceServer>, Condition> {
    match () {
        () if !is_on(cx) => Err(Condition::ServiceUnavailable),
        () if asked.set => Err(Condition::NotAllowed),
        () => {
            let from = asked.from.ok_or(Condition::ServiceUnavailable)?;
            Ok(cx.settings.ice.servers(asked.who, from, cx.now))
        }
    }
}

fn service(one: &IceServer) -> Tag {
    let IceServer { service, credentials } = one;
    let tag = Tag::new("service", NS)
        .attr("type", service.scheme)
        .attr("host", &service.host)
        .attr("port", service.port.to_string())
        .attr("transport", service.transport);
    let Some(known) = credentials else { return tag };
    let expires = known.expires_unix_s.map(|seconds| stamp::datetime(seconds * 1000));
    tag.attr("restricted", "1")
        .attr("username", &known.username)
        .attr("password", &known.password)
        .attr_opt("expires", expires)
}
