//! Who somebody is who logs in: what the machine of the stream asks, the doorman and the store answer.

use std::sync::Arc;

use hubbub_auth::{Credentials, Verdict};
use hubbub_hub::{Identity, IdentityKind, RoomName, VerifierHash};
use hubbub_xmpp::sasl::{Ask, Hash, Known, Verifier};

use crate::session::{Answer, Cx, Question};

/// The ticket of the one question that a login may have under way.
pub(super) const LOGIN: u32 = 0;

/// A login under way.
#[derive(Debug, Default)]
pub(super) struct Login {
    /// Whom the answers so far speak of: the prepared name of an account, and how it is shown.
    account: Option<(String, String)>,
    /// The holder of a token.
    holder: Option<Arc<Identity>>,
}

impl Login {
    /// Finds out what is asked: now, or by an answer with the ticket [`LOGIN`].
    pub(super) fn ask(&mut self, ask: Ask, cx: &mut Cx<'_>) -> Option<Known> {
        *self = Self::default();
        match ask {
            Ask::Verifier { user, hash } => {
                let Some(user) = local(&user) else { return Some(Known::Verifier(None)) };
                self.account = Some((user.clone(), String::new()));
                let hash = match hash {
                    Hash::Sha1 => VerifierHash::Sha1,
                    Hash::Sha256 => VerifierHash::Sha256,
                };
                cx.ask(Question::Verifier { user, hash }, LOGIN);
                None
            }
            Ask::Password { user, password } => {
                let Some(user) = local(&user) else { return Some(Known::No) };
                match cx.doorman.admit(Credentials::Password { user, password }, cx.now.unix_ms, cx.rng) {
                    Verdict::CheckPassword { user, password } => {
                        self.account = Some((user.clone(), String::new()));
                        cx.ask(Question::Password { user, password }, LOGIN);
                        None
                    }
                    _ => Some(Known::No),
                }
            }
            Ask::Token { user, token } => Some(self.token(user, token, cx)),
        }
    }

    /// A token says who its holder is; if he says so himself, both must agree.
    fn token(&mut self, user: Option<String>, token: String, cx: &mut Cx<'_>) -> Known {
        let Verdict::In(holder) = cx.doorman.admit(Credentials::Bearer(token), cx.now.unix_ms, cx.rng) else {
            return Known::No;
        };
        let said = user.filter(|user| !user.is_empty());
        let is_himself = said.is_none_or(|user| local(&user).as_deref() == Some(holder.user.local()));
        if holder.kind == IdentityKind::Server || !is_himself {
            return Known::No;
        }
        self.holder = Some(holder);
        Known::Yes
    }

    /// The answer to what was asked.
    pub(super) fn answered(&mut self, answer: Answer) -> Known {
        match answer {
            Answer::Verifier(None) => Known::Verifier(None),
            Answer::Verifier(Some(stored)) => {
                if let Some((_, name)) = &mut self.account {
                    *name = stored.name;
                }
                Known::Verifier(Some(Verifier {
                    salt: stored.salt,
                    iterations: stored.iterations,
                    stored_key: stored.stored_key,
                    server_key: stored.server_key,
                }))
            }
            Answer::Password(None) => Known::No,
            Answer::Password(Some(shown)) => {
                if let Some((_, name)) = &mut self.account {
                    *name = shown;
                }
                Known::Yes
            }
            _ => Known::Unavailable,
        }
    }

    /// Who it is whose credentials are good; `guest` is how a guest wants to be called. Nobody where guests may not come.
    pub(super) fn identity(
        &mut self,
        is_guest: bool,
        guest: Option<String>,
        cx: &mut Cx<'_>,
    ) -> Option<Arc<Identity>> {
        if let Some(holder) = self.holder.take() {
            return Some(holder);
        }
        if is_guest {
            let credentials = Credentials::Nobody { name: guest };
            return match cx.doorman.admit(credentials, cx.now.unix_ms, cx.rng) {
                Verdict::In(who) => Some(who),
                _ => None,
            };
        }
        let (user, name) = self.account.take()?;
        Some(cx.doorman.account_in(&user, &name))
    }
}

/// The prepared name of an account, from what a client says who it is: the localpart of its address, escaped.
fn local(user: &str) -> Option<String> {
    RoomName::from_localpart(user).ok().map(|name| name.as_str().to_owned())
}
