//! People as they look where only moderators see addresses ([`Whois::Moderators`](hubbub_hub::Whois)): by name, and instead of the
//! address an id that says nothing of who they are and is the same for all who are there (XEP-0421).
//!
//! Dialects of JSON have one form for all seats, moderators or not, so nobody sees addresses there.

use std::sync::Arc;

use hubbub_hub::about::{About, Original, Retracted};
use hubbub_hub::presence::{Person, PresenceChange, PresenceView};
use hubbub_hub::{Affair, Change, Event, Happening, Joined, Passing, RoomName, Sender, UserAddress};

use crate::coder::Coder;

/// Hides the addresses of those who are in one room.
pub struct Veil<'a> {
    coder: &'a Coder,
    /// The room's address, as in every other protocol that hides.
    at: String,
}

impl<'a> Veil<'a> {
    /// For `room`.
    #[must_use]
    pub fn over(room: &RoomName, coder: &'a Coder) -> Self {
        Self { coder, at: format!("{}@{}", room.as_str(), coder.rooms_host()) }
    }

    /// What happened.
    #[must_use]
    pub fn happenings(&self, what: &[Happening]) -> Vec<Happening> {
        what.iter().map(|one| self.happening(one)).collect()
    }

    /// What a reader finds.
    pub fn joined(&self, joined: &mut Joined) {
        joined.page.events.iter_mut().for_each(|event| *event = self.event(event));
        self.presence(&mut joined.presence);
    }

    /// Who is there.
    pub fn presence(&self, view: &mut PresenceView) {
        if let PresenceView::List(people) = view {
            *people = people.iter().map(|person| self.person(person)).collect();
        }
    }

    fn happening(&self, what: &Happening) -> Happening {
        match what {
            Happening::Event(event) => Happening::Event(self.event(event)),
            Happening::Presence(change) => {
                let who = change.who.as_ref().map(|(who, movement)| (self.person(who), movement.clone()));
                Happening::Presence(Arc::new(PresenceChange { who, count: change.count }))
            }
            Happening::Affair(affair) => Happening::Affair(Arc::new(self.affair(affair))),
            Happening::Passing(passing) => {
                let from = self.sender(&passing.from);
                Happening::Passing(Arc::new(Passing { from, ..(**passing).clone() }))
            }
            Happening::Emission(_) => what.clone(),
        }
    }

    fn event(&self, event: &Event) -> Arc<Event> {
        let mut event = Event { from: self.sender(&event.from), ..event.clone() };
        event.body.about = event.body.about.as_ref().map(|about| self.about(about));
        Arc::new(event)
    }

    fn about(&self, about: &About) -> About {
        let original = |one: &Original| Arc::new(Original { from: self.sender(&one.from), ..one.clone() });
        match about {
            About::Reply(one) => About::Reply(original(one)),
            About::Edit(one) => About::Edit(original(one)),
            About::Reactions(one) => About::Reactions(original(one)),
            About::Retraction(one) => About::Retraction(original(one)),
            About::Retracted(how) => {
                About::Retracted(Arc::new(Retracted { by: self.sender(&how.by), ..(**how).clone() }))
            }
        }
    }

    fn affair(&self, affair: &Affair) -> Affair {
        let what = match &affair.what {
            Change::Standing(person) => Change::Standing(self.person(person)),
            Change::Removed(person, why) => Change::Removed(self.person(person), why.clone()),
            Change::Affiliation(user, affiliation) => Change::Affiliation(self.user(user), *affiliation),
            Change::Configured { .. } => affair.what.clone(),
        };
        Affair { what, by: self.sender(&affair.by), ..affair.clone() }
    }

    fn person(&self, person: &Person) -> Person {
        Person { who: self.sender(&person.who), ..person.clone() }
    }

    fn sender(&self, who: &Sender) -> Sender {
        Sender { user: self.user(&who.user), name: who.name.clone() }
    }

    fn user(&self, user: &UserAddress) -> UserAddress {
        let id = self.coder.pseudonyms().map(|pseudonyms| pseudonyms.of(&self.at, user.as_str()));
        UserAddress::from_prepared(&id.unwrap_or_default())
    }
}
