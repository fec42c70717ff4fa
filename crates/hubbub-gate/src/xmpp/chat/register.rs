//! Registering with a room (XEP-0045 §7.10, by XEP-0077): it keeps a name for somebody, who is a member then.

use std::collections::VecDeque;
use std::sync::Arc;

use hubbub_hub::{AffairsSnapshot, Affiliation, Govern, RoomName};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::stream::NS_REGISTER;
use hubbub_xmpp::xml::Tag;

use super::config::{NS_DATA, field};
use super::describe::NS_INFO;
use super::{Chats, Line};
use crate::session::Cx;
use crate::xmpp::parcel::Parcel;

/// The namespace of such questions.
pub(super) const NS: &str = NS_REGISTER;
/// Which form it is.
pub(super) const FORM: &str = "http://jabber.org/protocol/muc#register";
/// Where one asks what the room calls oneself (§7.12).
pub(super) const NODE: &str = "x-roomuser-item";

/// The field that says which name.
const NAME: &str = "muc#register_roomnick";

/// Says what registering needs, or does it.
pub(super) fn answer(
    chats: &mut Chats,
    room: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    cx: &mut Cx<'_>,
) {
    if let Some(why) = refusal(affairs) {
        return line.refuse(parcel, why, None);
    }
    if &*parcel.kind_of() == "get" {
        return show(parcel, affairs, line);
    }
    match wanted(parcel, affairs) {
        Ok(deed) => chats.decide(room, parcel.clone(), VecDeque::from([deed]), line, cx),
        Err(why) => line.refuse(parcel, why, None),
    }
}

/// Why somebody has nothing to register here, if so.
fn refusal(affairs: &AffairsSnapshot) -> Option<Condition> {
    match affairs {
        AffairsSnapshot { exists: false, .. } => Some(Condition::ItemNotFound),
        AffairsSnapshot { destroyed: Some(_), .. } => Some(Condition::Gone),
        AffairsSnapshot { affiliation: Affiliation::Outcast, .. } => Some(Condition::Forbidden),
        _ => None,
    }
}

/// The form; or, for whoever is registered, under which name.
fn show(parcel: &Parcel, affairs: &AffairsSnapshot, line: &mut Line<'_>) {
    let query = Tag::new("query", NS);
    match &affairs.registered {
        Some(name) => {
            let registered = Tag::new("registered", NS);
            let name = Tag::new("username", NS).text(name);
            line.answer(parcel, Some(query.child(registered).child(name)));
        }
        None if affairs.may_register => line.answer(parcel, Some(query.child(form()))),
        None => line.refuse(parcel, Condition::NotAllowed, None),
    }
}

fn form() -> Tag {
    let name = Tag::new("field", NS_DATA)
        .attr("var", NAME)
        .attr("type", "text-single")
        .attr("label", "Name in the room")
        .child(Tag::new("required", NS_DATA));
    Tag::new("x", NS_DATA)
        .attr("type", "form")
        .child(Tag::new("title", NS_DATA).text("Registration with the room"))
        .child(field("FORM_TYPE", "hidden", "", FORM))
        .child(name)
}

/// What a form, or its opposite, asks for.
fn wanted(parcel: &Parcel, affairs: &AffairsSnapshot) -> Result<Govern, Condition> {
    if parcel.within(&[("query", NS), ("remove", NS)]).is_some() {
        // XEP-0077 §3.2: only who is registered ends that.
        let is_member = affairs.affiliation >= Affiliation::Member;
        return if is_member { Ok(Govern::Unregister) } else { Err(Condition::RegistrationRequired) };
    }
    let form = parcel.within(&[("query", NS), ("x", NS_DATA)]).ok_or(Condition::BadRequest)?;
    let value = |var: &str| {
        let mut fields = form.children().filter(|child| child.is("field", NS_DATA));
        let field = fields.find(|field| field.attr("var").as_deref() == Some(var))?;
        Some(field.child("value", NS_DATA)?.text().into_owned())
    };
    let (kind, name) = (value("FORM_TYPE"), value(NAME));
    if form.attr("type").as_deref() != Some("submit") || kind.as_deref() != Some(FORM) {
        return Err(Condition::BadRequest);
    }
    // Somebody who cannot come in under the name has no use for it.
    let name = parcel.to().bare().with_resource(&name.ok_or(Condition::BadRequest)?);
    let name = name.ok().and_then(|jid| jid.resource().map(Arc::from)).ok_or(Condition::BadRequest)?;
    Ok(Govern::Register(name))
}

/// What the room calls whoever asks (§7.12); nothing if it keeps no name for him.
pub(super) fn name(
    _: &mut Chats,
    _: &RoomName,
    parcel: &Parcel,
    affairs: &AffairsSnapshot,
    line: &mut Line<'_>,
    _: &mut Cx<'_>,
) {
    if !affairs.exists || affairs.destroyed.is_some() {
        return line.refuse(parcel, Condition::ItemNotFound, None);
    }
    let identity = affairs.registered.as_ref().map(|name| {
        Tag::new("identity", NS_INFO)
            .attr("category", "conference")
            .attr("type", "text")
            .attr("name", &**name)
    });
    line.answer(parcel, Some(Tag::new("query", NS_INFO).attr("node", NODE).children(identity)));
}
