//! What one client asks of a TURN server and what it is answered, from the first request without credentials on
//! (RFC 8489 §9.2, RFC 8656 §7 to §12).

use std::net::SocketAddrV4;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use crate::clock::Nanos;
use crate::failure::{Failure, Result};
use crate::turn::stun::{self, Answer, Method, Request};

/// When credentials of ours end, in seconds since 1970: the last second that coturn knows, in 2038.
const EXPIRY: u32 = i32::MAX as u32;
/// How often a server may ask for credentials before it seems to want others.
const CHALLENGES: u32 = 3;

/// What a client wants after its allocation.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    /// A permission for a peer, and a channel to it.
    Channel(SocketAddrV4, u16),
    /// Its end.
    End,
}

/// Time-limited credentials, as an application mints them.
pub(crate) struct User {
    name: String,
    password: String,
}

impl User {
    /// The user with this number, with a password made from the secret.
    pub(crate) fn mint(secret: &str, n: usize) -> Self {
        let name = format!("{EXPIRY}:u{n}");
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        let password = STANDARD.encode(hmac::sign(&key, name.as_bytes()));
        Self { name, password }
    }
}

/// What a server wants to have with every request.
struct Proof {
    realm: Vec<u8>,
    nonce: Vec<u8>,
    key: hmac::Key,
}

/// One client's.
pub(crate) struct Dialog {
    user: User,
    goal: Goal,
    /// What is asked now; `None` when the goal is reached.
    method: Option<Method>,
    request: Vec<u8>,
    proof: Option<Proof>,
    challenges: u32,
    relay: Option<SocketAddrV4>,
    /// When it was asked, as far as whoever sends it has said.
    pub(crate) asked: Nanos,
}

impl Dialog {
    /// Asks for an allocation first, and does not know yet what credentials are wanted.
    pub(crate) fn new(user: User, goal: Goal) -> Self {
        let mut dialog = Self {
            user,
            goal,
            method: Some(Method::Allocate),
            request: Vec::new(),
            proof: None,
            challenges: 0,
            relay: None,
            asked: 0,
        };
        dialog.ask(Method::Allocate);
        dialog
    }

    /// Has it end its allocation, too.
    pub(crate) fn end(&mut self) {
        self.goal = Goal::End;
        self.ask(Method::Refresh);
    }

    /// What is to be sent, until it is answered.
    pub(crate) fn request(&self) -> &[u8] {
        &self.request
    }

    /// Whether all is done.
    pub(crate) fn is_done(&self) -> bool {
        self.method.is_none()
    }

    /// The relayed address, which is known when all is done.
    pub(crate) fn relay(&self) -> Result<SocketAddrV4> {
        self.relay.ok_or_else(|| Failure::Protocol("an allocation without an IPv4 address".to_owned()))
    }

    /// Takes an answer. Answers whether something has come of it: another request, or the end.
    pub(crate) fn hear(&mut self, message: &[u8]) -> Result<bool> {
        let answer = Answer::parse(message)
            .ok_or_else(|| Failure::Protocol(format!("no answer of STUN: {message:02x?}")))?;
        let Some(method) = self.method else { return Ok(false) };
        if answer.transaction() != stun::transaction(&self.request) {
            // To a request that was sent twice, or to that of another client who had this place.
            return Ok(false);
        }
        if let Some((code, reason)) = answer.error() {
            self.challenged(code, reason, answer)?;
            self.ask(method);
            return Ok(true);
        }
        let sealed = self.proof.as_ref().is_some_and(|proof| answer.is_sealed(&proof.key));
        if !answer.grants(method) || !sealed {
            return Err(Failure::Protocol(format!(
                "neither a refusal nor a grant with its seal: {message:02x?}"
            )));
        }
        self.granted(method, answer);
        Ok(true)
    }

    /// Takes over what a refusal says about credentials; any other is a failure.
    fn challenged(&mut self, code: u16, reason: &[u8], answer: Answer<'_>) -> Result<()> {
        let refused = || Failure::Protocol(format!("refused: {code} {}", String::from_utf8_lossy(reason)));
        self.challenges += 1;
        let expected = code == 438 || (code == 401 && self.proof.is_none());
        let (Some(realm), Some(nonce)) = (answer.attribute(stun::REALM), answer.attribute(stun::NONCE))
        else {
            return Err(refused());
        };
        if !expected || self.challenges > CHALLENGES {
            return Err(refused());
        }
        let mut hash = Md5::new();
        for part in [self.user.name.as_bytes(), b":", realm, b":", self.user.password.as_bytes()] {
            hash.update(part);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &hash.finalize());
        self.proof = Some(Proof { realm: realm.to_owned(), nonce: nonce.to_owned(), key });
        Ok(())
    }

    /// Goes on to what comes next.
    fn granted(&mut self, method: Method, answer: Answer<'_>) {
        if method == Method::Allocate {
            self.relay = answer.relayed();
        }
        match (method, self.goal) {
            (Method::Allocate, Goal::Channel(..)) => self.ask(Method::CreatePermission),
            (Method::CreatePermission, Goal::Channel(..)) => self.ask(Method::ChannelBind),
            (Method::Allocate, Goal::End) => self.ask(Method::Refresh),
            _ => self.method = None,
        }
    }

    fn ask(&mut self, method: Method) {
        self.method = Some(method);
        let request = Request::new(method);
        let request = match (method, self.goal) {
            // UDP, and nothing else of what it could say (RFC 8656 §18.8).
            (Method::Allocate, _) => request.with(stun::REQUESTED_TRANSPORT, &[17, 0, 0, 0]),
            (Method::ChannelBind, Goal::Channel(peer, number)) => {
                let [high, low] = number.to_be_bytes();
                let channel = request.with(stun::CHANNEL_NUMBER, &[high, low, 0, 0]);
                channel.with(stun::XOR_PEER_ADDRESS, &stun::xored(peer))
            }
            (_, Goal::Channel(peer, _)) => request.with(stun::XOR_PEER_ADDRESS, &stun::xored(peer)),
            (_, Goal::End) => request.with(stun::LIFETIME, &[0; 4]),
        };
        self.request = match &self.proof {
            None => request.into_bytes(),
            Some(proof) => request
                .with(stun::USERNAME, self.user.name.as_bytes())
                .with(stun::REALM, &proof.realm)
                .with(stun::NONCE, &proof.nonce)
                .sealed(&proof.key)
                .into_bytes(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mints_what_the_servers_check() {
        // Computed by openssl: printf 2147483647:u7 | openssl dgst -sha1 -hmac secret -binary | base64
        let user = User::mint("secret", 7);
        assert_eq!((&*user.name, &*user.password), ("2147483647:u7", "seOMOxb2COY8reo7Y3alEHEpr2E="));
    }
}
