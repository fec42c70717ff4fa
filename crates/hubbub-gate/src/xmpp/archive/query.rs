//! A question to an archive as a client writes it (XEP-0313 §4).

use hubbub_hub::{ArchiveAsk, MessageId};
use hubbub_xmpp::jid::Jid;
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::Node;

use super::{NS, NS_DATA, NS_PAGE, Whose};
use crate::xmpp::stamp;

/// Messages in a page, if the question does not say how many.
const PAGE: u32 = 50;
/// Most messages in a page, and most that are asked for by their ids at once.
pub(in crate::xmpp) const MOST: u32 = 100;

/// What is looked for, and how it is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::xmpp) struct Query {
    /// What the client calls this question in its answers (§4.2).
    pub(in crate::xmpp) id: Option<String>,
    /// With or of whom.
    pub(in crate::xmpp) with: Option<Jid>,
    /// When, where, and how many.
    pub(in crate::xmpp) ask: ArchiveAsk,
    /// The newest of a page comes first (§4.3.4).
    pub(in crate::xmpp) flipped: bool,
}

impl Query {
    /// Reads a `<query/>`.
    ///
    /// # Errors
    /// What answers it if nobody can write so: also `item-not-found` where it names a message by something that no message here is
    /// called by (§4.1.3, §4.3.2).
    pub(in crate::xmpp) fn read(query: Node<'_>, whose: Whose) -> Result<Self, Condition> {
        if query.attr("node").is_some_and(|node| !node.is_empty()) {
            // Nodes are pubsub's (XEP-0442).
            return Err(Condition::ItemNotFound);
        }
        let mut read = Self { id: query.attr("queryid").map(Into::into), ..Self::default() };
        read.ask.limit = PAGE;
        read.flipped = query.child("flip-page", NS).is_some();
        if let Some(form) = query.child("x", NS_DATA) {
            read.form(form, whose)?;
        }
        if let Some(page) = query.child("set", NS_PAGE) {
            read.page(page)?;
        }
        Ok(read)
    }

    fn form(&mut self, form: Node<'_>, whose: Whose) -> Result<(), Condition> {
        let mut is_ours = false;
        for field in form.children().filter(|child| child.is("field", NS_DATA)) {
            let var = field.attr("var").ok_or(Condition::BadRequest)?;
            let values = field.children().filter(|child| child.is("value", NS_DATA));
            // A field that nobody has filled in says nothing.
            let values: Vec<String> = values
                .map(|value| value.text().trim().to_owned())
                .filter(|value| !value.is_empty())
                .collect();
            let Some(value) = values.first() else { continue };
            match &*var {
                "FORM_TYPE" => is_ours = value == NS,
                "with" => self.with = Some(Jid::parse(value).map_err(|_| Condition::JidMalformed)?),
                "start" => self.ask.start_ms = Some(stamp::parse(value).ok_or(Condition::BadRequest)?),
                "end" => self.ask.end_ms = Some(stamp::parse(value).ok_or(Condition::BadRequest)?),
                "after-id" => self.ask.after.push(known(value)?),
                "before-id" => self.ask.before.push(known(value)?),
                "ids" if values.len() > MOST as usize => return Err(Condition::NotAcceptable),
                "ids" => {
                    self.ask.ids = Some(values.iter().map(|value| known(value)).collect::<Result<_, _>>()?);
                }
                "include-groupchat" if whose == Whose::Account => {}
                // §4.1.5.
                _ => return Err(Condition::FeatureNotImplemented),
            }
        }
        if is_ours { Ok(()) } else { Err(Condition::BadRequest) }
    }

    /// Which page (XEP-0059 §2).
    fn page(&mut self, page: Node<'_>) -> Result<(), Condition> {
        let text = |name| page.child(name, NS_PAGE).map(|one| one.text().trim().to_owned());
        if text("index").is_some() {
            // §2.4: pages are not counted.
            return Err(Condition::FeatureNotImplemented);
        }
        if let Some(most) = text("max") {
            self.ask.limit = most.parse::<u32>().map_err(|_| Condition::BadRequest)?.min(MOST);
        }
        if let Some(after) = text("after").filter(|after| !after.is_empty()) {
            self.ask.after.push(known(&after)?);
        }
        if let Some(before) = text("before") {
            self.ask.newest = true;
            if !before.is_empty() {
                self.ask.before.push(known(&before)?);
            }
        }
        Ok(())
    }
}

/// What is not an id of ours is the id of no message.
fn known(id: &str) -> Result<MessageId, Condition> {
    id.parse().map_err(|_| Condition::ItemNotFound)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;
    use hubbub_xmpp::xml::{Limits, parse};

    const ID: &str = "019aaaac-2600-7000-8000-000000000001";

    fn read_by(whose: Whose, inside: &str) -> Result<Query, Condition> {
        let xml = format!("<query xmlns='urn:xmpp:mam:2' queryid='q'>{inside}</query>");
        Query::read(parse(xml.as_bytes(), &Limits::default()).unwrap().root(), whose)
    }

    fn read(inside: &str) -> Result<Query, Condition> {
        read_by(Whose::Account, inside)
    }

    fn form(fields: &[(&str, &[&str])]) -> String {
        let field = |(var, values): &(&str, &[&str])| {
            let values: String = values.iter().map(|value| format!("<value>{value}</value>")).collect();
            format!("<field var='{var}'>{values}</field>")
        };
        let fields: String = [("FORM_TYPE", [NS].as_slice())].iter().chain(fields).map(field).collect();
        format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>")
    }

    fn set(inside: &str) -> String {
        format!("<set xmlns='http://jabber.org/protocol/rsm'>{inside}</set>")
    }

    #[test]
    fn what_is_not_said_does_not_limit() {
        let plain = read("").unwrap();
        assert_eq!(plain.id.as_deref(), Some("q"));
        assert_eq!(plain.ask, ArchiveAsk { limit: PAGE, ..ArchiveAsk::default() });
        assert_eq!(read(&form(&[("with", &[]), ("start", &[""])])).unwrap(), plain);
    }

    #[test]
    fn fields_and_pages_are_read_together() {
        let fields: [(&str, &[&str]); 5] = [
            ("with", &["Bo@Example.org"]),
            ("start", &["1970-01-01T00:00:01Z"]),
            ("end", &["1970-01-01T01:00:02+01:00"]),
            ("after-id", &[ID]),
            ("ids", &[ID, ID]),
        ];
        let read =
            read(&format!("{}{}<flip-page/>", form(&fields), set("<max>1000</max><before/>"))).unwrap();
        let id: MessageId = ID.parse().unwrap();
        assert_eq!(read.with.unwrap().as_str(), "bo@example.org");
        assert!(read.flipped);
        let ask = ArchiveAsk {
            start_ms: Some(1000),
            end_ms: Some(2000),
            after: vec![id],
            ids: Some(vec![id, id]),
            newest: true,
            limit: MOST,
            ..ArchiveAsk::default()
        };
        assert_eq!(read.ask, ask);
    }

    #[test]
    fn pages_both_ways() {
        let id: MessageId = ID.parse().unwrap();
        let after = read(&set(&format!("<max>3</max><after>{ID}</after>"))).unwrap().ask;
        assert_eq!((after.after, after.newest, after.limit), (vec![id], false, 3));
        let before = read(&set(&format!("<before>{ID}</before>"))).unwrap().ask;
        assert_eq!((before.before, before.newest, before.limit), (vec![id], true, PAGE));
    }

    #[test]
    fn what_nobody_can_write_so() {
        let many = vec![ID; MOST as usize + 1];
        let cases: [(String, Condition); 10] = [
            ("<x xmlns='jabber:x:data' type='submit'/>".into(), Condition::BadRequest),
            (form(&[("FORM_TYPE", &["jabber:iq:search"])]), Condition::BadRequest),
            (form(&[("start", &["yesterday"])]), Condition::BadRequest),
            (form(&[("with", &["@"])]), Condition::JidMalformed),
            (form(&[("{urn:x}text", &["love"])]), Condition::FeatureNotImplemented),
            (form(&[("before-id", &["1"])]), Condition::ItemNotFound),
            (form(&[("ids", &many)]), Condition::NotAcceptable),
            (set("<max>many</max>"), Condition::BadRequest),
            (set("<index>3</index>"), Condition::FeatureNotImplemented),
            (set("<after>1</after>"), Condition::ItemNotFound),
        ];
        for (inside, why) in cases {
            assert_eq!(read(&inside), Err(why), "{inside}");
        }
    }

    #[test]
    fn only_accounts_are_asked_to_leave_rooms_out() {
        let asked = form(&[("include-groupchat", &["false"])]);
        assert!(read(&asked).is_ok());
        assert_eq!(read_by(Whose::Room { sees: true }, &asked), Err(Condition::FeatureNotImplemented));
    }
}
