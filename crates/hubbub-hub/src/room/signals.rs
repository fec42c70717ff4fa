//! Signals between the sessions of those who are in a room.

use std::sync::Arc;

use bytes::Bytes;

use super::{Room, RoomCx, refuse, reply};
use crate::affairs::{Role, Whois};
use crate::command::{Asked, Command, Effect, Refusal, Reply, SessionKey};
use crate::hook::SessionName;
use crate::policy::{PresenceMode, Right};
use crate::presence::Place;
use crate::signal::{Hears, Signal, SignalTo, Signalled};

/// Sessions of one user that a signal reaches at most, the oldest half of them and the newest half: a guest's name has as many as anybody
/// likes, and neither who comes first nor who comes last keeps the signal from the others.
const RUNG: usize = 32;

impl Room {
    /// Somebody who is there tells sessions of somebody else something.
    pub(super) fn signal(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) {
        let Command::Signal(signal) = &asked.command else { return };
        let hearing = self.may_signal(asked).and_then(|()| self.hearing(&signal.to, asked.session));
        match hearing.and_then(|sessions| self.in_time(sessions, asked, signal, cx)) {
            Ok(sessions) => {
                if let Some(body) = &signal.body {
                    let signalled = Arc::new(self.signalled(asked, body.clone()));
                    for session in &sessions {
                        let told = Reply::Signal(signalled.clone());
                        cx.effects.push(Effect::Reply(*session, self.name.clone(), 0, told));
                    }
                }
                reply(asked, Reply::Signalled(sessions.len()), cx);
            }
            Err(why) => refuse(asked, why, cx),
        }
    }

    fn may_signal(&self, asked: &Asked) -> Result<(), Refusal> {
        let Command::Signal(signal) = &asked.command else { return Ok(()) };
        let Some(me) = self.occupants.at(&Place::Session(asked.session)) else {
            return Err(Refusal::NotThere);
        };
        // A connection may speak for several people, and be there as one of them.
        if me.who.user != asked.identity.user {
            return Err(Refusal::NotThere);
        }
        if !self.policy.allows(&asked.identity, Right::Publish, &self.name) {
            return Err(Refusal::Forbidden(Right::Publish));
        }
        self.may_speak(asked)?;
        if !self.policy.signals {
            return Err(Refusal::SignalsOff);
        }
        // Whether somebody can be reached says that he is there.
        if self.policy.presence == PresenceMode::Off {
            return Err(Refusal::PresenceOff);
        }
        let by_name = matches!(signal.to, SignalTo::Named(_));
        if self.hides() && !by_name && me.role < Role::Moderator {
            return Err(Refusal::NoSuchPerson);
        }
        Ok(())
    }

    /// The sessions that hear a signal `to` them, but for the one it comes from.
    fn hearing(&self, to: &SignalTo, from: SessionKey) -> Result<Vec<SessionKey>, Refusal> {
        let user = match to {
            SignalTo::User(user) | SignalTo::Session(user, _) => user,
            SignalTo::Named(name) => &self.occupants.called(name).ok_or(Refusal::NoSuchPerson)?.who.user,
        };
        let hears = |place: &Place| match place {
            Place::Session(key) if *key != from && self.hears_as(place, *key, to) => Some(*key),
            Place::Session(_) | Place::Polling(_) => None,
        };
        let places = self.occupants.places_of(user);
        let mut sessions: Vec<_> = places.iter().rev().filter_map(hears).take(RUNG / 2).collect();
        let oldest: Vec<_> = places.iter().filter_map(hears).take(RUNG / 2).collect();
        let others: Vec<_> = oldest.into_iter().rev().filter(|one| !sessions.contains(one)).collect();
        sessions.extend(others);
        match (sessions.is_empty(), places.is_empty(), to) {
            (false, ..) => Ok(sessions),
            (true, false, SignalTo::User(_) | SignalTo::Named(_)) => Err(Refusal::Deaf),
            (true, ..) => Err(Refusal::NoSuchPerson),
        }
    }

    /// Those of them who may be told this now: of whoever is told too much, his callers hear it, and he goes on hearing others.
    fn in_time(
        &mut self,
        mut sessions: Vec<SessionKey>,
        asked: &Asked,
        signal: &Signal,
        cx: &RoomCx<'_>,
    ) -> Result<Vec<SessionKey>, Refusal> {
        if signal.body.is_none() {
            return Ok(sessions);
        }
        // Who says it is written beside it, and may call himself something long; where it is escaped, longer still.
        let who = &asked.identity;
        let named = who.user.as_str().len() + who.name.len() + self.own_resource(asked.session).len();
        let bytes = signal.counts + 2 * named;
        let (pace, now_ms) = (cx.settings.heard, cx.now.mono_ms);
        sessions.retain(|key| self.occupants.may_hear(&Place::Session(*key), bytes, pace, now_ms));
        if sessions.is_empty() { Err(Refusal::HeardEnough) } else { Ok(sessions) }
    }

    fn hears_as(&self, place: &Place, key: SessionKey, to: &SignalTo) -> bool {
        match (self.occupants.hears(place), to) {
            (None | Some(Hears::Nothing), _) => false,
            (Some(hears), SignalTo::Session(_, resource)) => resource_of(hears, key) == *resource,
            (Some(_), SignalTo::User(_) | SignalTo::Named(_)) => true,
        }
    }

    fn signalled(&self, asked: &Asked, body: Bytes) -> Signalled {
        Signalled {
            from: self.occupants.sender(&asked.identity),
            resource: (!self.hides()).then(|| self.own_resource(asked.session)),
            body,
        }
    }

    /// The resource by which others answer whoever is there with this session.
    fn own_resource(&self, session: SessionKey) -> Arc<str> {
        let hears = self.occupants.hears(&Place::Session(session)).unwrap_or(&Hears::ByKey);
        resource_of(hears, session)
    }

    /// Whether only moderators see who people are.
    fn hides(&self) -> bool {
        self.affairs.config.whois != Whois::Anyone
    }
}

/// The resource by which a session that hears is known.
fn resource_of(hears: &Hears, key: SessionKey) -> Arc<str> {
    match hears {
        Hears::ByName(name) => name.clone(),
        Hears::Nothing | Hears::ByKey => SessionName::from(key).as_str().into(),
    }
}
