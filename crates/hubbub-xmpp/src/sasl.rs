//! SASL, the server's side (RFC 6120 §6): SCRAM with SHA-256 and SHA-1, bound to the TLS link or not, PLAIN,
//! OAUTHBEARER, ANONYMOUS.
//!
//! A [`Sasl`] is one exchange. It is given what the client sends, without Base64 and XML, and says what to send back. It
//! knows no accounts: where it needs to know something it asks ([`Step::Ask`]) and waits for the answer. Each failure
//! ends it. What is compared with a secret is compared in constant time, and an unknown name costs what a known one costs.

mod anonymous;
mod failure;
mod gs2;
mod identity;
mod mechanism;
mod oauth;
mod plain;
mod scram;
#[cfg(test)]
mod tests;
mod verifier;

use std::fmt;
use std::mem;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

pub use failure::Failure;
pub use mechanism::{Binding, Hash, Mechanism, Offer, mechanisms};
pub use verifier::{DEFAULT_ITERATIONS, Decoy, Verifier};

/// Longest message of a client, in bytes: a token may be long.
pub const MAX_RESPONSE_BYTES: usize = 8192;

/// What an exchange comes to next.
#[derive(PartialEq, Eq)]
pub enum Step {
    /// To be sent; the client responds.
    Challenge(Vec<u8>),
    /// To be found out; then [`Sasl::answer`].
    Ask(Ask),
    /// The client is who it says.
    Done {
        /// The user name it proved, as it was sent (prepared by SASLprep, not yet as a localpart), or the localpart that
        /// it wants to act as with its token. `None`: a guest, or whoever the token is for.
        user: Option<String>,
        /// The name a guest would like to have.
        name: Option<String>,
        /// What goes with the success (RFC 6120 §6.4.6).
        data: Option<Vec<u8>>,
    },
}

/// A question to whoever keeps the accounts.
#[derive(PartialEq, Eq)]
pub enum Ask {
    /// What is kept to check the proofs of this user? To be answered with [`Known::Verifier`].
    Verifier {
        /// The user name.
        user: String,
        /// For which hash.
        hash: Hash,
    },
    /// Is this the password? To be answered with [`Known::Yes`] or [`Known::No`].
    Password {
        /// The user name.
        user: String,
        /// As it was sent: not yet prepared.
        password: String,
    },
    /// Is this token good, and is it this user's? To be answered with [`Known::Yes`] or [`Known::No`].
    Token {
        /// The localpart of the one the client wants to act as; `None`: whoever the token is for.
        user: Option<String>,
        /// The token.
        token: String,
    },
}

/// What was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// What is kept of a user; `None` if there is no such user. The exchange then goes on with a made-up salt, always the
    /// same for the same name, and fails at its end.
    Verifier(Option<Verifier>),
    /// It is good.
    Yes,
    /// It is not.
    No,
    /// Nobody can say now.
    Unavailable,
}

/// One exchange.
pub struct Sasl {
    mechanism: Mechanism,
    domain: String,
    offered: Vec<Mechanism>,
    tls: Option<Binding>,
    server_nonce: String,
    decoy: Option<Arc<Decoy>>,
    state: State,
}

enum State {
    /// The client's first message is due.
    Initial,
    /// An answer is due.
    Asked(Asked),
    /// The client's proof is due.
    Proof(Box<scram::Exchange>),
    /// The client was told why its token is refused, and is to say that it has heard (RFC 7628 §3.2.3).
    Refused,
    /// Nothing more comes.
    Over,
}

enum Asked {
    Verifier(Box<scram::Opening>),
    Password { user: String },
    Token { user: Option<String> },
}

impl Sasl {
    /// An exchange that the client began with this mechanism, on a stream of `domain` that was offered these mechanisms.
    ///
    /// `tls` is `None` on a link in clear text. `server_nonce` is visible ASCII without a comma, fresh from the operating
    /// system's generator: 128 bits at least.
    #[must_use]
    pub fn begin(
        mechanism: Mechanism,
        domain: &str,
        offered: &[Mechanism],
        tls: Option<Binding>,
        server_nonce: String,
    ) -> Self {
        let (domain, offered) = (domain.to_owned(), offered.to_vec());
        Self { mechanism, domain, offered, tls, server_nonce, decoy: None, state: State::Initial }
    }

    /// Makes salts for unknown names with this instead of a secret that is as old as the process.
    #[must_use]
    pub fn with_decoy(mut self, decoy: Arc<Decoy>) -> Self {
        self.decoy = Some(decoy);
        self
    }

    /// Takes the initial response of `<auth/>`, or that there was none: then the client is asked for it by an empty
    /// challenge (RFC 6120 §6.4.2). Only a guest is not: there is nothing he would have to say, and clients that begin
    /// ANONYMOUS without a response do not expect to be asked for one.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn start(&mut self, response: Option<&[u8]>) -> Result<Step, Failure> {
        match response {
            Some(response) => self.step(response),
            None if self.mechanism == Mechanism::Anonymous => self.step(b""),
            None => self.check_mechanism().map(|()| Step::Challenge(Vec::new())),
        }
    }

    /// Takes what the client sent, decoded.
    ///
    /// # Errors
    /// The message is malformed or comes out of turn, or the proof is not good. The exchange is over.
    pub fn step(&mut self, response: &[u8]) -> Result<Step, Failure> {
        let state = mem::replace(&mut self.state, State::Over);
        if response.len() > MAX_RESPONSE_BYTES {
            return Err(Failure::MalformedRequest);
        }
        match state {
            State::Initial => self.first(response),
            State::Proof(exchange) => {
                let (user, data) = exchange.finish(response)?;
                Ok(Step::Done { user: Some(user), name: None, data: Some(data.into_bytes()) })
            }
            State::Refused if response == [oauth::SEPARATOR] => Err(Failure::NotAuthorized),
            State::Refused | State::Asked(_) | State::Over => Err(Failure::MalformedRequest),
        }
    }

    /// Takes the answer to what was asked last.
    ///
    /// # Errors
    /// The answer is no, or none: also if it is not one to this question. The exchange is over.
    pub fn answer(&mut self, known: Known) -> Result<Step, Failure> {
        match (mem::replace(&mut self.state, State::Over), known) {
            (State::Asked(Asked::Verifier(opening)), Known::Verifier(verifier)) => {
                self.challenge(*opening, verifier)
            }
            (State::Asked(Asked::Password { user }), Known::Yes) => {
                Ok(Step::Done { user: Some(user), name: None, data: None })
            }
            (State::Asked(Asked::Password { .. }), Known::No) => Err(Failure::NotAuthorized),
            (State::Asked(Asked::Token { user }), Known::Yes) => {
                Ok(Step::Done { user, name: None, data: None })
            }
            (State::Asked(Asked::Token { .. }), Known::No) => Ok(self.refuse(oauth::INVALID_TOKEN)),
            _ => Err(Failure::TemporaryAuthFailure),
        }
    }

    fn check_mechanism(&self) -> Result<(), Failure> {
        if self.offered.contains(&self.mechanism) {
            return Ok(());
        }
        let why = self.mechanism.needs_tls() && self.tls.is_none();
        Err(if why { Failure::EncryptionRequired } else { Failure::InvalidMechanism })
    }

    fn first(&mut self, response: &[u8]) -> Result<Step, Failure> {
        self.check_mechanism()?;
        match (self.mechanism, self.mechanism.hash()) {
            (mechanism, Some(hash)) => {
                let how = (mechanism, hash);
                let tls = self.tls.as_ref();
                let opening = scram::Opening::read(response, how, &self.domain, &self.offered, tls)?;
                let user = opening.user.clone();
                Ok(self.ask(Asked::Verifier(opening.into()), Ask::Verifier { user, hash }))
            }
            (Mechanism::OAuthBearer, None) => self.token(response),
            (Mechanism::Anonymous, None) => {
                Ok(Step::Done { user: None, name: anonymous::wished_name(response)?, data: None })
            }
            (_, None) => {
                let (user, password) = plain::read(response, &self.domain)?;
                Ok(self.ask(Asked::Password { user: user.clone() }, Ask::Password { user, password }))
            }
        }
    }

    fn token(&mut self, response: &[u8]) -> Result<Step, Failure> {
        let oauth::Message { user, token } = oauth::read(response, &self.domain)?;
        Ok(match token {
            Some(token) => self.ask(Asked::Token { user: user.clone() }, Ask::Token { user, token }),
            None => self.refuse(oauth::INVALID_REQUEST),
        })
    }

    fn ask(&mut self, asked: Asked, ask: Ask) -> Step {
        self.state = State::Asked(asked);
        Step::Ask(ask)
    }

    /// Tells why the token is refused; the failure itself follows the client's next message.
    fn refuse(&mut self, why: &str) -> Step {
        self.state = State::Refused;
        Step::Challenge(why.as_bytes().to_vec())
    }

    fn challenge(&mut self, opening: scram::Opening, found: Option<Verifier>) -> Result<Step, Failure> {
        let hash = opening.hash();
        if !scram::is_nonce(&self.server_nonce) || found.as_ref().is_some_and(|found| !found.is_of(hash)) {
            return Err(Failure::TemporaryAuthFailure);
        }
        // Made up for everybody, so that it takes the same time whoever asks.
        let decoy = self.decoy.clone().unwrap_or_else(Decoy::of_process);
        let decoy = decoy.verifier(&opening.user, &self.domain, hash);
        let exists = found.is_some();
        let exchange = opening.challenge(found.unwrap_or(decoy), exists, &self.server_nonce);
        let challenge = exchange.challenge.clone().into_bytes();
        self.state = State::Proof(exchange.into());
        Ok(Step::Challenge(challenge))
    }
}

/// The bytes of `<auth/>` or `<response/>`: strict Base64, with `=` alone for nothing (RFC 6120 §6.4.2, §13.9.2).
/// Forgotten when dropped.
///
/// # Errors
/// [`Failure::IncorrectEncoding`].
pub fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let text = if text == "=" { "" } else { text };
    STANDARD.decode(text).map(Zeroizing::new).map_err(|_| Failure::IncorrectEncoding)
}

/// What stands in `<success/>` for these bytes: strict Base64, with `=` alone for nothing (RFC 6120 §6.4.6).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    if bytes.is_empty() { "=".to_owned() } else { STANDARD.encode(bytes) }
}

/// Shows where it stands, and nothing that was sent.
impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Initial => "at the start",
            State::Asked(_) => "asking",
            State::Proof(_) => "waiting for a proof",
            State::Refused => "refused",
            State::Over => "over",
        };
        write!(f, "Sasl({}, {state})", self.mechanism.name())
    }
}

/// Shows what kind of step it is and whose, and nothing else that was sent.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(bytes) => write!(f, "Challenge({} bytes)", bytes.len()),
            Self::Ask(ask) => ask.fmt(f),
            Self::Done { user, name, .. } => write!(f, "Done({user:?}, {name:?})"),
        }
    }
}

/// Shows whom it is about, and no secret.
impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verifier { user, hash } => write!(f, "Verifier({user:?}, {hash:?})"),
            Self::Password { user, .. } => write!(f, "Password({user:?})"),
            Self::Token { user, .. } => write!(f, "Token({user:?})"),
        }
    }
}
