//! Whose request is it? The long-term credentials of RFC 8489 section 9.2.4, in an order that costs strangers nothing.

use std::sync::Arc;

use crate::attribute::{
    MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256, NONCE, PASSWORD_ALGORITHM, PASSWORD_ALGORITHMS, REALM,
    USERHASH, USERNAME,
};
use crate::integrity::{Algorithm, Key, Known, Mac, userhash};
use crate::message::{Incoming, Reply};
use crate::rest::RestName;
use crate::{Client, Now, Out, Server, Who};

/// The value of PASSWORD-ALGORITHMS that we send and want back: SHA-256, then MD5.
const OFFERED: [u8; 8] = [0, 2, 0, 0, 0, 1, 0, 0];
/// Bytes of the longest USERNAME (RFC 8489 section 14.3).
const USERNAME_MOST: usize = 508;

/// Somebody whose request was protected with the right key.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// As USERNAME said it.
    pub(crate) username: Arc<str>,
    /// Whose quota it is: without the expiry of time-limited credentials.
    pub(crate) user: Arc<str>,
    pub(crate) key: Key,
    /// What protects the answers.
    pub(crate) macs: &'static [Mac],
}

impl Identity {
    pub(crate) fn sign(&self, reply: Reply, to: Client) -> Out {
        Out::Send { to, message: reply.finish(Some((&self.key, self.macs))) }
    }
}

/// What is known of the one who asks.
pub(crate) enum Verdict {
    Is(Identity),
    /// It has to be looked up.
    Ask(Who),
}

/// Why a request is not granted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 401 or 438, with what is needed to do better.
    Challenge(u16),
    /// 420, with these attributes.
    Unknown(Vec<u16>),
    /// Any other code.
    Code(u16),
}

impl Refusal {
    pub(crate) const BAD_REQUEST: Self = Self::Code(400);
    pub(crate) const FORBIDDEN: Self = Self::Code(403);
    pub(crate) const MOBILITY_FORBIDDEN: Self = Self::Code(405);
    pub(crate) const ALLOCATION_MISMATCH: Self = Self::Code(437);
    pub(crate) const FAMILY_NOT_SUPPORTED: Self = Self::Code(440);
    pub(crate) const WRONG_CREDENTIALS: Self = Self::Code(441);
    pub(crate) const TRANSPORT_NOT_SUPPORTED: Self = Self::Code(442);
    pub(crate) const PEER_FAMILY_MISMATCH: Self = Self::Code(443);
    pub(crate) const CONNECTION_EXISTS: Self = Self::Code(446);
    pub(crate) const CONNECTION_FAILED: Self = Self::Code(447);
    pub(crate) const QUOTA_REACHED: Self = Self::Code(486);
    pub(crate) const SERVER_ERROR: Self = Self::Code(500);
    pub(crate) const INSUFFICIENT_CAPACITY: Self = Self::Code(508);
    const UNAUTHENTICATED: Self = Self::Challenge(401);
    const STALE_NONCE: Self = Self::Challenge(438);

    /// What it says, without what a challenge needs.
    pub(crate) fn reply(&self, message: &Incoming<'_>) -> Reply {
        match self {
            Self::Unknown(unknown) => Reply::error(message, 420, reason(420)).with_unknown(unknown),
            Self::Challenge(code) | Self::Code(code) => Reply::error(message, *code, reason(*code)),
        }
    }
}

/// For human eyes.
pub(crate) fn reason(code: u16) -> &'static str {
    match code {
        400 => "Bad Request",
        403 => "Forbidden",
        405 => "Mobility Forbidden",
        420 => "Unknown Attribute",
        437 => "Allocation Mismatch",
        440 => "Address Family not Supported",
        441 => "Wrong Credentials",
        442 => "Unsupported Transport Protocol",
        443 => "Peer Address Family Mismatch",
        446 => "Connection Already Exists",
        447 => "Connection Timeout or Failure",
        486 => "Allocation Quota Reached",
        500 => "Server Error",
        508 => "Insufficient Capacity",
        _ => "",
    }
}

/// What a request says of its credentials.
pub(crate) struct Claim {
    who: Who,
    algorithm: Algorithm,
    /// What protects the request.
    mac: Mac,
    /// What protects the answer.
    answer: &'static [Mac],
}

impl Server {
    /// The checks of RFC 8489 section 9.2.4, but the nonce is checked before the name: what follows may cost something.
    pub(crate) fn authenticate(&mut self, message: &Incoming<'_>, now: Now) -> Result<Verdict, Refusal> {
        let claim = self.claim(message, now)?;
        let known = self.identity_of_allocation(message, &claim);
        if let Some(identity) = known.filter(|identity| message.is_protected(&identity.key, claim.mac)) {
            return Ok(Verdict::Is(identity));
        }
        if let Who::Name(name) = &claim.who
            && !self.settings.rest.is_empty()
            && let Some(rest) = RestName::parse(name)
        {
            let identity = self.rest_identity(message, &claim, name, rest, now);
            return identity.map(Verdict::Is).ok_or_else(|| self.bad_credentials());
        }
        if self.settings.accounts { Ok(Verdict::Ask(claim.who)) } else { Err(self.bad_credentials()) }
    }

    /// The same with what was found out.
    pub(crate) fn authenticate_with(
        &mut self,
        message: &Incoming<'_>,
        known: Known,
        now: Now,
    ) -> Result<Identity, Refusal> {
        let claim = self.claim(message, now)?;
        let realm = &self.settings.realm;
        let (username, key) = match known {
            Known::Password { username, password } => {
                let key = Key::derive(claim.algorithm, &username, realm, &password);
                (username, Some(key))
            }
            Known::Keys { username, md5, sha256 } => {
                let key = if claim.algorithm == Algorithm::Md5 { md5 } else { sha256 };
                (username, key.filter(|key| key.algorithm() == claim.algorithm))
            }
            Known::Nobody => return Err(self.bad_credentials()),
            Known::Unavailable => return Err(Refusal::SERVER_ERROR),
        };
        let is_meant = match &claim.who {
            Who::Name(name) => *name == username,
            Who::Hash(hash) => *hash == userhash(&username, realm),
        };
        match key.filter(|key| is_meant && message.is_protected(key, claim.mac)) {
            Some(key) => {
                let username: Arc<str> = username.into();
                Ok(Identity { user: username.clone(), username, key, macs: claim.answer })
            }
            None => Err(self.bad_credentials()),
        }
    }

    fn bad_credentials(&mut self) -> Refusal {
        self.counters.bad_credentials += 1;
        Refusal::UNAUTHENTICATED
    }

    /// What the request says, if it says all it must and its nonce is good.
    fn claim(&self, message: &Incoming<'_>, now: Now) -> Result<Claim, Refusal> {
        let mac = match (message.has(MESSAGE_INTEGRITY_SHA256), message.has(MESSAGE_INTEGRITY)) {
            (true, _) => Mac::Sha256,
            (false, true) => Mac::Sha1,
            (false, false) => return Err(Refusal::UNAUTHENTICATED),
        };
        let who = who(message)?;
        let realm = message.value(REALM).ok_or(Refusal::BAD_REQUEST)?;
        let nonce = message.value(NONCE).ok_or(Refusal::BAD_REQUEST)?;
        if !self.nonces.is_good(nonce, &message.from, now) {
            return Err(Refusal::STALE_NONCE);
        }
        let (algorithm, answer) = self.algorithm(message, mac)?;
        if realm != self.settings.realm.as_bytes() {
            return Err(Refusal::UNAUTHENTICATED);
        }
        Ok(Claim { who, algorithm, mac, answer })
    }

    /// How the password becomes a key, and what protects the answer: nobody may have taken away what we offered.
    ///
    /// Who names an algorithm is answered with MESSAGE-INTEGRITY-SHA256 (RFC 8489 section 9.2.4), whatever protects the request.
    /// There are clients that choose MD5 and then look for nothing but what they have sent, so they get both.
    fn algorithm(&self, message: &Incoming<'_>, mac: Mac) -> Result<(Algorithm, &'static [Mac]), Refusal> {
        match (message.value(PASSWORD_ALGORITHM), message.value(PASSWORD_ALGORITHMS)) {
            (None, None) => Ok((Algorithm::Md5, &[Mac::Sha1])),
            (Some(chosen), Some(offered)) if self.settings.sha256 && offered == OFFERED => {
                let algorithm = Algorithm::from_wire(chosen).ok_or(Refusal::BAD_REQUEST)?;
                let both: &[Mac] = &[Mac::Sha1, Mac::Sha256];
                Ok((algorithm, if mac == Mac::Sha1 { both } else { &both[1..] }))
            }
            _ => Err(Refusal::BAD_REQUEST),
        }
    }

    /// The identity with which the allocation was made that a request is about, if it is the one that is claimed.
    fn identity_of_allocation(&self, message: &Incoming<'_>, claim: &Claim) -> Option<Identity> {
        let allocation = &self.tables.allocations[self.meant(message)?];
        let is_meant = match &claim.who {
            Who::Name(name) => **name == *allocation.username,
            Who::Hash(hash) => *hash == userhash(&allocation.username, &self.settings.realm),
        };
        (is_meant && allocation.key.algorithm() == claim.algorithm).then(|| Identity {
            username: allocation.username.clone(),
            user: self.tables.users.name(allocation.user).clone(),
            key: allocation.key.clone(),
            macs: claim.answer,
        })
    }

    fn rest_identity(
        &self,
        message: &Incoming<'_>,
        claim: &Claim,
        name: &str,
        rest: RestName<'_>,
        now: Now,
    ) -> Option<Identity> {
        if rest.expires_s <= now.unix_ms / 1000 {
            return None;
        }
        let keys = self.settings.rest.passwords(name);
        let mut keys =
            keys.map(|password| Key::derive(claim.algorithm, name, &self.settings.realm, &password));
        let key = keys.find(|key| message.is_protected(key, claim.mac))?;
        Some(Identity { username: name.into(), user: rest.user.into(), key, macs: claim.answer })
    }

    /// Answers a request that is not granted.
    pub(crate) fn refuse(
        &mut self,
        message: &Incoming<'_>,
        identity: Option<&Identity>,
        refusal: &Refusal,
        now: Now,
        out: &mut Vec<Out>,
    ) {
        // Whoever has proven who he is may be told as often as he asks; and who is on a stream, whose address nobody forges, and who
        // asks but once (RFC 8489 section 6.2.2), unless he tries passwords.
        let is_guess = *refusal == Refusal::UNAUTHENTICATED && is_protected(message);
        let is_proven = identity.is_some() || (message.from.transport.is_proven() && !is_guess);
        if !is_proven && !self.challenges.take(message.from.remote.ip(), 1, now.mono_ms) {
            self.counters.over_budget += 1;
            return;
        }
        let reply = match refusal {
            Refusal::Challenge(code) => self.challenge(*code, message, now),
            Refusal::Unknown(_) | Refusal::Code(_) => refusal.reply(message),
        };
        match refusal {
            Refusal::Challenge(_) => self.counters.challenges += 1,
            Refusal::Unknown(_) | Refusal::Code(_) => self.counters.errors += 1,
        }
        out.push(match identity {
            Some(identity) => identity.sign(reply, message.from),
            None => Out::Send { to: message.from, message: reply.finish(None) },
        });
    }

    /// 401 and 438 without a word more than they must have.
    fn challenge(&self, code: u16, message: &Incoming<'_>, now: Now) -> Reply {
        let reply = Reply::error(message, code, "")
            .with(REALM, self.settings.realm.as_bytes())
            .with(NONCE, self.nonces.mint(&message.from, now).as_bytes());
        if self.settings.sha256 { reply.with(PASSWORD_ALGORITHMS, &OFFERED) } else { reply }
    }
}

/// Whether the request is protected by whatever key.
fn is_protected(message: &Incoming<'_>) -> bool {
    message.has(MESSAGE_INTEGRITY) || message.has(MESSAGE_INTEGRITY_SHA256)
}

/// Who the request says it is from.
fn who(message: &Incoming<'_>) -> Result<Who, Refusal> {
    if let Some(hash) = message.value(USERHASH) {
        return hash.try_into().map(Who::Hash).map_err(|_| Refusal::BAD_REQUEST);
    }
    let name = message.value(USERNAME).filter(|name| (1..=USERNAME_MOST).contains(&name.len()));
    let name = name.and_then(|name| str::from_utf8(name).ok());
    name.map(|name| Who::Name(name.to_owned())).ok_or(Refusal::BAD_REQUEST)
}
