//! What an occupant is told of what happens in a room.

use bytes::Bytes;
use hubbub_hub::presence::{Movement, Person, PresenceChange, PresenceView};
use hubbub_hub::{Affair, Affiliation, Change, Happening, Role, UserAddress, Whois};
use hubbub_xmpp::stream::Pieces;
use hubbub_xmpp::xml::{CLIENT, Tag, escape_attr};

use super::people::{USER, View};
use super::{Chat, Line, form};

impl Chat {
    /// What has just happened; `piece` is what all occupants share of it.
    pub(super) fn tell(&mut self, what: &Happening, piece: &Bytes, line: &mut Line<'_>) {
        match what {
            Happening::Presence(change) => self.tell_presence(change, piece, line),
            Happening::Affair(affair) => self.tell_affair(affair, piece, line),
            Happening::Event(_) | Happening::Emission(_) | Happening::Passing(_) => {
                self.tell_message(piece, line);
            }
        }
    }

    fn tell_message(&self, piece: &Bytes, line: &mut Line<'_>) {
        if !piece.is_empty() {
            line.out.push(self.addressed(line.heads.message, piece.clone(), line));
        }
    }

    /// What was said before the client came (XEP-0203 says when). The subject comes by itself, and at last.
    pub(super) fn remind(&self, what: &Happening, line: &mut Line<'_>) {
        let Happening::Event(event) = what else { return };
        if event.body.event.is_subject() || event.unix_ms < self.since_ms {
            return;
        }
        let mut rest = Vec::new();
        form::event(&self.view(line), event, Some(event.unix_ms), &mut rest);
        line.out.push(self.addressed(line.heads.message, rest.into(), line));
    }

    fn tell_presence(&mut self, change: &PresenceChange, piece: &Bytes, line: &mut Line<'_>) {
        let Some((person, movement)) = &change.who else { return };
        let mine = self.is_me(&person.who.user);
        match movement {
            Movement::Rename { former } => {
                let codes: &[&str] = if mine { &["303", "110"] } else { &["303"] };
                let gone = self.view(line).renamed(former, person, codes);
                self.tell_of(gone, line);
                if mine {
                    self.me = Some(person.who.clone());
                }
                self.tell_of_person(person, mine, line);
            }
            Movement::Show if mine => self.tell_of_person(person, true, line),
            // One's own coming was told on entering; with one's own going the stream is not there any more.
            _ if mine => {}
            _ => line.out.push(self.addressed(line.heads.presence, piece.clone(), line)),
        }
    }

    fn tell_of_person(&self, person: &Person, mine: bool, line: &mut Line<'_>) {
        let codes: &[&str] = if mine { &["110"] } else { &[] };
        let rest = self.view(line).available(person, codes, None);
        self.tell_of(rest, line);
    }

    fn tell_of(&self, rest: Vec<u8>, line: &mut Line<'_>) {
        line.out.push(self.addressed(line.heads.presence, rest.into(), line));
    }

    fn tell_affair(&mut self, affair: &Affair, piece: &Bytes, line: &mut Line<'_>) {
        match &affair.what {
            Change::Standing(person) if self.is_me(&person.who.user) => {
                (self.role, self.affiliation) = (person.role, person.affiliation);
                let rest = self.view(line).standing(person, affair, &["110"]);
                self.tell_of(rest, line);
            }
            Change::Standing(_) | Change::Removed(..) if !piece.is_empty() => {
                line.out.push(self.addressed(line.heads.presence, piece.clone(), line));
            }
            Change::Affiliation(user, affiliation) if self.role == Role::Moderator => {
                self.tell_affiliation(user, *affiliation, line);
            }
            Change::Configured { is, .. } => {
                self.whois = is.whois;
                self.tell_message(piece, line);
            }
            Change::Standing(_) | Change::Removed(..) | Change::Affiliation(..) => {}
        }
    }

    /// Somebody who is not there is something else to the room (XEP-0045 §9.3).
    fn tell_affiliation(&self, user: &UserAddress, affiliation: Affiliation, line: &mut Line<'_>) {
        let item = Tag::new("item", USER)
            .attr("jid", user.as_str())
            .attr("affiliation", affiliation.as_str())
            .attr("role", Role::None.as_str());
        let mut rest = Vec::new();
        form::attribute("from", self.at.as_str(), &mut rest);
        rest.push(b'>');
        Tag::new("x", USER).child(item).write(&mut rest, CLIENT);
        rest.extend_from_slice(b"</message>");
        line.out.push(self.addressed(line.heads.message, rest.into(), line));
    }

    /// One has been put out oneself.
    pub(super) fn tell_removal(&self, affair: &Affair, line: &mut Line<'_>) {
        if let Some((person, why)) = affair.removed() {
            let rest = self.view(line).removed(person, why, affair, true);
            self.tell_of(rest, line);
        }
    }

    /// Who has come, gone or changed while history was being read.
    pub(super) fn catch_up(&mut self, now: &PresenceView, line: &mut Line<'_>) {
        let (Some(before), PresenceView::List(now)) = (self.seen.take(), now) else { return };
        let others = |person: &&Person| !self.is_me(&person.who.user);
        for person in before.iter().filter(others) {
            if !now.iter().any(|other| other.who == person.who) {
                self.tell_of(self.view(line).gone(person, &[], None), line);
            }
        }
        for person in now.iter().filter(others) {
            let same = |other: &Person| Person { sessions: person.sessions, ..other.clone() } == *person;
            if !before.iter().any(same) {
                self.tell_of_person(person, false, line);
            }
        }
    }

    /// Whether this is the stream's owner.
    pub(super) fn is_me(&self, user: &UserAddress) -> bool {
        self.me.as_ref().is_some_and(|me| me.user == *user)
    }

    /// The room as this occupant sees it: moderators always see addresses (XEP-0045 §4.2).
    pub(super) fn view<'a>(&'a self, line: &'a Line<'_>) -> View<'a> {
        View { at: &self.at, sees: self.sees(), pseudonyms: line.pseudonyms.as_ref() }
    }

    pub(super) fn sees(&self) -> bool {
        self.whois == Whois::Anyone || self.role == Role::Moderator
    }

    /// A stanza of which all but the beginning is shared.
    pub(super) fn addressed(&self, head: &str, rest: Bytes, line: &Line<'_>) -> Pieces {
        let mut own = Vec::with_capacity(head.len() + line.jid.as_str().len() + 8);
        own.extend_from_slice(head.as_bytes());
        own.extend_from_slice(b" to='");
        escape_attr(&mut own, line.jid.as_str());
        own.push(b'\'');
        Pieces::new(own, rest, Bytes::new())
    }
}
