//! Who may see whose presence, between an account and one contact: the state of a subscription and how it changes
//! (RFC 6121 §3 and appendix A). Nothing but the table: who is told what is in `subscribing`.

use serde::{Deserialize, Serialize};

/// The four stanzas that manage subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// May I see you?
    Subscribe,
    /// You may see me.
    Subscribed,
    /// I do not want to see you any more.
    Unsubscribe,
    /// You may not see me (any more).
    Unsubscribed,
}

impl Act {
    /// Of a presence stanza's `type`.
    pub(super) fn of(kind: &str) -> Option<Self> {
        [Self::Subscribe, Self::Subscribed, Self::Unsubscribe, Self::Unsubscribed]
            .into_iter()
            .find(|act| act.as_str() == kind)
    }

    /// The `type` of its stanza.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Subscribe => "subscribe",
            Self::Subscribed => "subscribed",
            Self::Unsubscribe => "unsubscribe",
            Self::Unsubscribed => "unsubscribed",
        }
    }
}

/// How things stand with a contact. The nine states of appendix A.1, and whether a request is approved in advance (§3.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// The account sees the contact.
    pub(super) to: bool,
    /// The contact sees the account.
    pub(super) from: bool,
    /// The account has asked to see the contact: "Pending Out".
    pub(super) asks: bool,
    /// The contact has asked to see the account: "Pending In".
    pub(super) asked: bool,
    /// If the contact asks it may.
    pub(super) approved: bool,
}

/// What a stanza from the contact comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The account's resources are told.
    Tell,
    /// It says nothing new.
    Drop,
    /// The server answers in the account's name that the contact may see it.
    Approve,
}

impl State {
    /// The `subscription` attribute of a roster item (§2.1.2.5).
    pub(super) fn subscription(self) -> &'static str {
        match (self.to, self.from) {
            (false, false) => "none",
            (true, false) => "to",
            (false, true) => "from",
            (true, true) => "both",
        }
    }

    /// The account says this (appendix A.2). Whether the contact is told, and how things stand then.
    pub(super) fn say(self, act: Act) -> (Self, bool) {
        let mut next = self;
        let told = match act {
            Act::Subscribe => {
                next.asks = !self.to;
                true
            }
            Act::Unsubscribe => {
                (next.to, next.asks) = (false, false);
                true
            }
            Act::Subscribed => {
                next.from |= self.asked;
                next.asked = false;
                next.approved |= !next.from;
                self.asked
            }
            Act::Unsubscribed => {
                (next.from, next.asked, next.approved) = (false, false, false);
                self.from || self.asked
            }
        };
        (next, told)
    }

    /// The contact says this (appendix A.3).
    pub(super) fn hear(self, act: Act) -> (Self, Heard) {
        let mut next = self;
        let news = match act {
            Act::Subscribe if self.from => return (self, Heard::Approve),
            Act::Subscribe if self.approved => {
                // An approval in advance is for one request.
                (next.from, next.approved) = (true, false);
                return (next, Heard::Approve);
            }
            Act::Subscribe => {
                next.asked = true;
                !self.asked
            }
            Act::Unsubscribe => {
                (next.from, next.asked) = (false, false);
                self.from || self.asked
            }
            Act::Subscribed => {
                next.to |= self.asks;
                next.asks = false;
                self.asks
            }
            Act::Unsubscribed => {
                (next.to, next.asks) = (false, false);
                self.to || self.asks
            }
        };
        (next, if news { Heard::Tell } else { Heard::Drop })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nine states in the order of appendix A: `o` is pending out, `i` is pending in.
    const STATES: [&str; 9] = ["none", "none o", "none i", "none oi", "to", "to i", "from", "from o", "both"];

    fn state(name: &str) -> State {
        let (subscription, pending) = name.split_once(' ').unwrap_or((name, ""));
        State {
            to: matches!(subscription, "to" | "both"),
            from: matches!(subscription, "from" | "both"),
            asks: pending.contains('o'),
            asked: pending.contains('i'),
            approved: false,
        }
    }

    fn approved(name: &str) -> State {
        State { approved: true, ..state(name) }
    }

    /// A column of the table: for each state, whether the stanza goes on, and the new state (`=` is no change).
    fn check(rows: [(bool, &str); 9], change: impl Fn(State) -> (State, bool)) {
        for (name, (goes_on, next)) in STATES.into_iter().zip(rows) {
            let next = if next == "=" { state(name) } else { state(next) };
            assert_eq!(change(state(name)), (next, goes_on), "from {name:?}");
        }
    }

    fn says(act: Act) -> impl Fn(State) -> (State, bool) {
        move |state| state.say(act)
    }

    fn hears(act: Act) -> impl Fn(State) -> (State, bool) {
        move |state| {
            let (next, heard) = state.hear(act);
            (next, heard == Heard::Tell)
        }
    }

    const YES: bool = true;
    const NO: bool = false;

    #[test]
    fn outbound_subscribe() {
        let next = ["none o", "=", "none oi", "=", "=", "=", "from o", "=", "="];
        check(next.map(|next| (YES, next)), says(Act::Subscribe));
    }

    #[test]
    fn outbound_unsubscribe() {
        let next = ["=", "none", "=", "none i", "none", "none i", "=", "from", "from"];
        check(next.map(|next| (YES, next)), says(Act::Unsubscribe));
    }

    #[test]
    fn outbound_subscribed() {
        for (name, next, told) in [
            ("none", approved("none"), NO),
            ("none o", approved("none o"), NO),
            ("none i", state("from"), YES),
            ("none oi", state("from o"), YES),
            ("to", approved("to"), NO),
            ("to i", state("both"), YES),
            ("from", state("from"), NO),
            ("from o", state("from o"), NO),
            ("both", state("both"), NO),
        ] {
            assert_eq!(state(name).say(Act::Subscribed), (next, told), "from {name:?}");
        }
    }

    #[test]
    fn outbound_unsubscribed() {
        let rows = [
            (NO, "="),
            (NO, "="),
            (YES, "none"),
            (YES, "none o"),
            (NO, "="),
            (YES, "to"),
            (YES, "none"),
            (YES, "none o"),
            (YES, "to"),
        ];
        check(rows, says(Act::Unsubscribed));
        assert_eq!(approved("to").say(Act::Unsubscribed), (state("to"), NO));
    }

    #[test]
    fn inbound_subscribe() {
        let rows = [
            (YES, "none i"),
            (YES, "none oi"),
            (NO, "="),
            (NO, "="),
            (YES, "to i"),
            (NO, "="),
            (NO, "="),
            (NO, "="),
            (NO, "="),
        ];
        check(rows, hears(Act::Subscribe));
        for name in ["from", "from o", "both"] {
            assert_eq!(state(name).hear(Act::Subscribe), (state(name), Heard::Approve));
        }
        for (name, next) in [("none", "from"), ("none o", "from o"), ("to", "both")] {
            assert_eq!(approved(name).hear(Act::Subscribe), (state(next), Heard::Approve));
        }
    }

    #[test]
    fn inbound_unsubscribe() {
        let rows = [
            (NO, "="),
            (NO, "="),
            (YES, "none"),
            (YES, "none o"),
            (NO, "="),
            (YES, "to"),
            (YES, "none"),
            (YES, "none o"),
            (YES, "to"),
        ];
        check(rows, hears(Act::Unsubscribe));
    }

    #[test]
    fn inbound_subscribed() {
        let rows = [
            (NO, "="),
            (YES, "to"),
            (NO, "="),
            (YES, "to i"),
            (NO, "="),
            (NO, "="),
            (NO, "="),
            (YES, "both"),
            (NO, "="),
        ];
        check(rows, hears(Act::Subscribed));
    }

    #[test]
    fn inbound_unsubscribed() {
        let rows = [
            (NO, "="),
            (YES, "none"),
            (NO, "="),
            (YES, "none i"),
            (YES, "none"),
            (YES, "none i"),
            (NO, "="),
            (YES, "from"),
            (YES, "from"),
        ];
        check(rows, hears(Act::Unsubscribed));
    }

    #[test]
    fn the_names_of_the_four() {
        for act in [Act::Subscribe, Act::Subscribed, Act::Unsubscribe, Act::Unsubscribed] {
            assert_eq!(Act::of(act.as_str()), Some(act));
        }
        assert_eq!(Act::of("probe"), None);
        assert_eq!(STATES.map(|name| state(name).subscription())[4..], ["to", "to", "from", "from", "both"]);
    }
}
