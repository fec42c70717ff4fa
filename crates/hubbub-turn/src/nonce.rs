//! Nonces that nobody has to remember: a time, and a code over it and the client's address. Of a client on a stream that is its IP
//! address without a port: those that have several connections (RFC 6062 section 5.4) use on one what they were told on another, and some
//! do not get over being refused for that.
//!
//! A client that sends one back receives what is sent to its address. That is all that is known of it, and all that is
//! needed before anything is kept for it.

use std::net::IpAddr;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use crate::{Client, Now};

/// What begins the nonces of servers that know RFC 8489 (section 9.2).
const COOKIE: &str = "obMatJos2";
/// Bytes of the time, in seconds since the clock began.
const TIME: usize = 4;
/// Bytes of the code that are sent. Guessing takes as many packets as there are values.
const CODE: usize = 12;

/// The bits after the cookie, from the left (RFC 8489 section 18.1).
const PASSWORD_ALGORITHMS: u32 = 1 << 23;
const USERNAME_ANONYMITY: u32 = 1 << 22;

/// Makes and checks nonces.
pub(crate) struct Nonces {
    key: hmac::Key,
    /// The cookie and the features, if there are any.
    prefix: String,
    /// How long a nonce is good, in seconds.
    good_s: u64,
    /// Whose tokens these are.
    worker: u16,
}

impl Nonces {
    /// `sha256` and `userhash` are the features that no one on the path shall take away (RFC 8489 section 9.2.1).
    pub(crate) fn new(secret: &[u8; 32], sha256: bool, userhash: bool, good_ms: u64) -> Self {
        let bits = u32::from(sha256) * PASSWORD_ALGORITHMS + u32::from(userhash) * USERNAME_ANONYMITY;
        let features = BASE64_STANDARD.encode(&bits.to_be_bytes()[1..]);
        let prefix = if bits == 0 { String::new() } else { format!("{COOKIE}{features}") };
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            prefix,
            good_s: good_ms.div_ceil(1000),
            worker: 0,
        }
    }

    /// The same for one of several workers.
    pub(crate) fn numbered(self, worker: u16) -> Self {
        Self { worker, ..self }
    }

    /// A new one: 35 characters, 22 if there are no features.
    pub(crate) fn mint(&self, client: &Client, now: Now) -> String {
        let time = ((now.mono_ms / 1000) as u32).to_be_bytes();
        let mut bytes = [0; TIME + CODE];
        bytes[..TIME].copy_from_slice(&time);
        bytes[TIME..].copy_from_slice(&self.code(time, client));
        format!("{}{}", self.prefix, BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Whether it is one of ours, for this client, and not too old.
    pub(crate) fn is_good(&self, nonce: &[u8], client: &Client, now: Now) -> bool {
        let Some(rest) = nonce.strip_prefix(self.prefix.as_bytes()) else { return false };
        let mut bytes = [0; TIME + CODE];
        if BASE64_URL_SAFE_NO_PAD.decode_slice(rest, &mut bytes) != Ok(TIME + CODE) {
            return false;
        }
        let (time, code) = bytes.split_at(TIME);
        let time = time.try_into().expect("it was split there");
        constant_time::verify_slices_are_equal(&self.code(time, client), code).is_ok()
            && self.is_fresh(u32::from_be_bytes(time), now)
    }

    fn is_fresh(&self, minted_s: u32, now: Now) -> bool {
        (now.mono_ms / 1000).checked_sub(u64::from(minted_s)).is_some_and(|age| age <= self.good_s)
    }

    /// The code of a moment and a client. The prefix is in it by being compared.
    fn code(&self, time: [u8; TIME], client: &Client) -> [u8; CODE] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"nonce");
        context.update(&time);
        context.update(&[client.transport as u8]);
        match client.remote.ip().to_canonical() {
            IpAddr::V4(ip) => context.update(&ip.octets()),
            IpAddr::V6(ip) => context.update(&ip.octets()),
        }
        if !client.transport.is_stream() {
            context.update(&client.remote.port().to_be_bytes());
        }
        context.sign().as_ref()[..CODE].try_into().expect("a tag has 32 bytes")
    }

    /// A code over something that only this server, or another with its secret, can make. `label` says what it is about.
    pub(crate) fn code_of(&self, label: &[u8], said: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(label);
        context.update(said);
        context.sign().as_ref().try_into().expect("a tag has 32 bytes")
    }

    /// Whether `code` is the beginning of that.
    pub(crate) fn is_code_of(&self, label: &[u8], said: &[u8], code: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.code_of(label, said)[..code.len()], code).is_ok()
    }

    /// A number nobody can guess, different for each `serial`: the token of a reservation. It begins with the worker's, so that the
    /// others know whose it is.
    pub(crate) fn token(&self, serial: u64) -> [u8; 8] {
        let code = self.code_of(b"token", &serial.to_be_bytes());
        let mut token = *code.first_chunk().expect("a tag has 32 bytes");
        token[..2].copy_from_slice(&self.worker.to_be_bytes());
        token
    }
}
