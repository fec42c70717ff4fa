//! Who a session is, and what its token grants.

use std::sync::Arc;

use crate::address::{RoomName, UserAddress};
use crate::event::Sender;
use crate::policy::{Pattern, Right};
use crate::time::Now;

/// How somebody came to be who he is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// Nobody vouches for him; he lives on the guests' host.
    Guest,
    /// Proved a password that the store knows.
    Account,
    /// Brought a token signed by somebody we trust.
    Token,
    /// The server itself, or the application that it serves: has every right.
    Server,
}

/// Who a session is. Settled once, when it comes in, and shared by all that it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The bare address.
    pub user: UserAddress,
    /// The name that others see.
    pub name: Arc<str>,
    /// How we know.
    pub kind: IdentityKind,
    /// Whether the name was chosen rather than made up; only the named are shown as present while they poll.
    pub named: bool,
    /// Rights by room that a token carries; `None` leaves it to the rooms' policies.
    pub grants: Option<Grants>,
    /// Since when nobody else can have had this name, in milliseconds since 1970: since an account of this name was last removed, if one
    /// was. What was said under it before is somebody else's.
    pub since_unix_ms: u64,
    /// When it ends, in milliseconds since 1970: a token's `exp`.
    pub expires_unix_ms: Option<u64>,
}

impl Identity {
    /// The server of `domain` itself: as a sender of messages it is its bare domain.
    #[must_use]
    pub fn server(domain: &str) -> Self {
        Self {
            user: UserAddress::from_prepared(domain),
            name: domain.into(),
            kind: IdentityKind::Server,
            named: true,
            grants: None,
            since_unix_ms: 0,
            expires_unix_ms: None,
        }
    }

    /// Who events of this session are from.
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender { user: self.user.clone(), name: self.name.clone() }
    }

    /// When it ends in process time; `u64::MAX` for never.
    #[must_use]
    pub fn expires_mono_ms(&self, now: Now) -> u64 {
        self.expires_unix_ms.map_or(u64::MAX, |at| now.mono_ms + at.saturating_sub(now.unix_ms))
    }

    /// Whether the inbox `room` is this person's. Guests own none: anybody may take a guest's name. The server is nobody.
    #[must_use]
    pub fn owns(&self, room: &RoomName) -> bool {
        matches!(self.kind, IdentityKind::Account | IdentityKind::Token)
            && room.inbox_owner() == Some(self.user.local())
    }
}

/// Rights by room pattern, as a token's `rooms` claim lists them. What is not listed is not granted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants(pub Vec<(Pattern, Vec<Right>)>);

impl Grants {
    /// Whether any entry that matches `room` grants `right`. Reading includes joining.
    #[must_use]
    pub fn allow(&self, room: &RoomName, right: Right) -> bool {
        let granted = |rights: &[Right]| {
            rights.contains(&right) || (right == Right::Join && rights.contains(&Right::Read))
        };
        self.0.iter().any(|(pattern, rights)| pattern.matches(room) && granted(rights))
    }
}
