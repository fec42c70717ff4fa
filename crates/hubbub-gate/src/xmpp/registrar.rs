//! The registrar: one steward for all who want an account made (XEP-0077 §3.1). He counts how many of them there are, and from where, and
//! asks the store. He is there as long as there is something to remember.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use hubbub_hub::{AccountAnswer, AccountAsk, SessionKey, Ticket};

use super::letters::ToClient;
use crate::session::{Answer, Close, Cx, Input, Question, Session};

/// What allowances are by, in milliseconds.
const HOUR: u64 = 3_600_000;
/// Most addresses that are remembered.
const SOURCES: usize = 1 << 16;

/// An account that somebody wants to have.
pub(super) struct Application {
    /// Where he is.
    pub(super) from: IpAddr,
    /// The prepared name.
    pub(super) user: String,
    /// The name as others will see it.
    pub(super) name: String,
    pub(super) password: String,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The store has said so.
    Known(AccountAnswer),
    /// Too many have been asked for.
    TooMany,
}

/// Writes to the registrar; the answer is [`ToClient::Registered`].
pub(super) fn apply(application: Application, cx: &mut Cx<'_>) {
    cx.write_to_steward("xmpp-registrar".into(), appoint, application);
}

fn appoint(_: &Arc<str>) -> Box<dyn Session> {
    Box::new(Registrar::default())
}

#[derive(Default)]
struct Registrar {
    /// When the allowance of each address is whole again.
    sources: HashMap<IpAddr, u64>,
    /// When that of all together is.
    all_ms: u64,
    /// Who waits for the store.
    asking: HashMap<Ticket, SessionKey>,
    last_ticket: Ticket,
    /// When nothing of this is left to remember.
    until_ms: u64,
}

impl Registrar {
    fn take(&mut self, from: SessionKey, application: Application, cx: &mut Cx<'_>) {
        if !self.may(application.from, cx) {
            return cx.write_to(from, ToClient::Registered(Outcome::TooMany));
        }
        let Application { user, name, password, .. } = application;
        self.last_ticket = self.last_ticket.wrapping_add(1);
        self.asking.insert(self.last_ticket, from);
        cx.ask(Question::Account(AccountAsk::Register { user, name, password }), self.last_ticket);
    }

    /// Spends one of the hour's accounts, of this address and of all, if neither is used up.
    fn may(&mut self, from: IpAddr, cx: &Cx<'_>) -> bool {
        let now_ms = cx.now.mono_ms;
        let (of_one, of_all) = (cx.settings.xmpp.register_from_one, cx.settings.xmpp.register_in_all);
        let source = network(from);
        if self.sources.len() >= SOURCES && !self.sources.contains_key(&source) {
            self.sources.retain(|_, whole_ms| *whole_ms > now_ms);
        }
        let one_ms = spent(self.sources.get(&source).copied().unwrap_or(0), of_one, now_ms);
        let (Some(one_ms), Some(all_ms)) = (one_ms, spent(self.all_ms, of_all, now_ms)) else { return false };
        if of_one > 0 {
            if self.sources.len() >= SOURCES && !self.sources.contains_key(&source) {
                return false;
            }
            self.sources.insert(source, one_ms);
        }
        self.all_ms = all_ms;
        self.until_ms = self.until_ms.max(one_ms).max(all_ms);
        true
    }

    fn answered(&mut self, ticket: Ticket, answer: Answer, cx: &mut Cx<'_>) {
        let Some(from) = self.asking.remove(&ticket) else { return };
        let Answer::Account(answer) = answer else { return };
        cx.write_to(from, ToClient::Registered(Outcome::Known(answer)));
    }
}

impl Session for Registrar {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Letter(from, letter) => {
                if let Ok(application) = letter.downcast::<Application>() {
                    self.take(from, *application, cx);
                }
            }
            Input::Answer(ticket, answer) => self.answered(ticket, answer, cx),
            Input::Shutdown => return Err(Close::Done),
            _ => {}
        }
        let is_over = self.asking.is_empty() && self.until_ms <= cx.now.mono_ms;
        // Who has just begun has not had his letter yet.
        if is_over && self.last_ticket > 0 { Err(Close::Done) } else { Ok(()) }
    }

    fn deadline(&self) -> Option<u64> {
        let waits = self.asking.is_empty() && self.last_ticket > 0;
        waits.then_some(self.until_ms)
    }
}

/// When an allowance of `most` an hour that is whole at `whole_ms` will be after one more is spent; nothing if it is used up. 0 is no limit.
fn spent(whole_ms: u64, most: u32, now_ms: u64) -> Option<u64> {
    let Some(each_ms) = HOUR.checked_div(most.into()) else { return Some(now_ms) };
    let after_ms = whole_ms.max(now_ms) + each_ms;
    (after_ms <= now_ms + HOUR).then_some(after_ms)
}

/// Who has one address of a network of IPv6 has 2⁶⁴ of them (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into(),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_s_worth_at_once_and_then_one_after_the_other() {
        let mut whole_ms = 0;
        let mut at = |now_ms| spent(whole_ms, 4, now_ms).inspect(|after| whole_ms = *after).is_some();
        assert_eq!((0..10).filter(|_| at(1000)).count(), 4);
        assert!(!at(1000 + HOUR / 4 - 1) && at(1000 + HOUR / 4) && !at(1000 + HOUR / 4));
        assert_eq!((0..10).filter(|_| at(5 * HOUR)).count(), 4);
        assert!((0..10).all(|_| spent(u64::MAX, 0, 1).is_some()));
    }

    #[test]
    fn who_is_the_same() {
        let net = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(net("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!((net("::ffff:192.0.2.1"), net("192.0.2.1")), ("192.0.2.1".into(), "192.0.2.1".into()));
    }
}
