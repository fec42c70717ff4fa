//! What an occupant is told of what happens in a room.

use bytes::Bytes;
use hubbub_hub::Happening;
use hubbub_hub::presence::{Movement, PresenceChange};
use hubbub_xmpp::stream::Pieces;
use hubbub_xmpp::xml::escape_attr;

use super::{Chat, Line, form};

impl Chat {
    /// What has just happened; `piece` is what all occupants share of it.
    pub(super) fn tell(&mut self, what: &Happening, piece: &Bytes, line: &mut Line<'_>) {
        match what {
            Happening::Event(_) | Happening::Emission(_) if !piece.is_empty() => {
                line.out.push(self.addressed(line.heads.message, piece.clone(), line));
            }
            Happening::Presence(change) => self.tell_presence(change, piece, line),
            Happening::Event(_) | Happening::Emission(_) | Happening::Affair(_) => {}
        }
    }

    /// What was said before the client came (XEP-0203 says when).
    pub(super) fn remind(&self, what: &Happening, line: &mut Line<'_>) {
        let Happening::Event(event) = what else { return };
        let mut rest = Vec::new();
        form::event(&self.at, event, Some(event.unix_ms), &mut rest);
        if !rest.is_empty() {
            line.out.push(self.addressed(line.heads.message, rest.into(), line));
        }
    }

    fn tell_presence(&mut self, change: &PresenceChange, piece: &Bytes, line: &mut Line<'_>) {
        let Some((person, movement)) = &change.who else { return };
        let mine = self.me.as_ref().is_some_and(|me| me.user == person.who.user);
        match movement {
            Movement::Rename { former } => {
                let codes: &[&str] = if mine { &["303", "110"] } else { &["303"] };
                let gone = form::renamed(&self.at, former, person, codes);
                line.out.push(self.addressed(line.heads.presence, gone.into(), line));
                if mine {
                    self.me = Some(person.who.clone());
                    let rest = form::own(&self.at, &person.who, person.status.as_ref(), &["110"], None);
                    line.out.push(self.addressed(line.heads.presence, rest.into(), line));
                } else {
                    let rest = form::available(&self.at, person);
                    line.out.push(self.addressed(line.heads.presence, rest.into(), line));
                }
            }
            Movement::Show if mine => {
                let rest = form::own(&self.at, &person.who, person.status.as_ref(), &["110"], None);
                line.out.push(self.addressed(line.heads.presence, rest.into(), line));
            }
            // One's own coming was told on entering; with one's own going the stream is not there any more.
            _ if mine => {}
            _ => line.out.push(self.addressed(line.heads.presence, piece.clone(), line)),
        }
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
