//! The doorman: decides who somebody is and whether he may come in.

use std::fmt;
use std::sync::Arc;

use hubbub_hub::address::{NameError, prepare_local};
use hubbub_hub::{Identity, IdentityKind, UserAddress};
use serde_json::Number;
use subtle::ConstantTimeEq;

use crate::claims::{Claims, Expected};
use crate::credentials::{Credentials, Verdict};
use crate::denied::Denied;
use crate::guest::{guest, shown_name};
use crate::keys::{KeyError, Keys, Signer, TokenKeys};
use crate::revoked::Revoked;
use crate::seal::{Pseudonyms, Sealer};

/// Who is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admit {
    /// People whom nobody vouches for.
    pub guests: bool,
    /// Accounts of this server, by password or by a token that it issued for one.
    pub accounts: bool,
    /// Holders of tokens signed by others.
    pub tokens: bool,
}

/// Decides who somebody is and whether he may come in. Immutable: shared by all workers.
pub struct Doorman {
    domain: String,
    guest_host: String,
    admit: Admit,
    keys: Keys,
    issuer: Option<String>,
    audience: Option<String>,
    leeway_ms: u64,
    sealer: Option<Sealer>,
    pseudonyms: Option<Arc<Pseudonyms>>,
    server: Arc<Identity>,
    server_token: Option<String>,
    revoked: Arc<Revoked>,
}

/// Says nothing of the keys.
impl fmt::Debug for Doorman {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doorman")
            .field("domain", &self.domain)
            .field("admit", &self.admit)
            .finish_non_exhaustive()
    }
}

impl Doorman {
    /// A doorman for accounts at `domain` and guests at `guest_host` (`guest.` and the domain if `None`). With
    /// `own_signing_key` he issues tokens to accounts and takes them back.
    ///
    /// # Errors
    /// A key cannot be used, or a host's name cannot be one.
    pub fn new(
        domain: &str,
        guest_host: Option<&str>,
        admit: Admit,
        keys: &TokenKeys,
        own_signing_key: Option<[u8; 32]>,
    ) -> Result<Self, KeyError> {
        let domain = host(domain)?;
        Ok(Self {
            guest_host: guest_host.map_or_else(|| Ok(format!("guest.{domain}")), host)?,
            admit,
            keys: Keys::new(keys, own_signing_key)?,
            issuer: keys.issuer.clone(),
            audience: keys.audience.clone(),
            leeway_ms: keys.leeway_s.saturating_mul(1000),
            server: Arc::new(Identity::server(&domain)),
            server_token: None,
            revoked: Arc::default(),
            domain,
            sealer: None,
            pseudonyms: None,
        })
    }

    /// With a secret to seal notes with: the store's, so that they hold beyond a restart, or one made up for this run.
    #[must_use]
    pub fn sealing_with(mut self, secret: &[u8; 32]) -> Self {
        self.sealer = Some(Sealer::new(secret));
        self.pseudonyms = Some(Arc::new(Pseudonyms::new(secret)));
        self
    }

    /// Names for people that say nothing of who they are. Nothing without a secret.
    #[must_use]
    pub fn pseudonyms(&self) -> Option<Arc<Pseudonyms>> {
        self.pseudonyms.clone()
    }

    /// `note` in a form that a client may keep and read, but not make: [`Self::unseal`] knows it again, for the same
    /// `purpose` only. Nothing without a secret.
    #[must_use]
    pub fn seal(&self, purpose: &str, note: &[u8]) -> Option<String> {
        Some(self.sealer.as_ref()?.seal(purpose, note))
    }

    /// The note that was sealed for `purpose`, if this is one.
    #[must_use]
    pub fn unseal(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        self.sealer.as_ref()?.unseal(purpose, sealed)
    }

    /// Who a guest is whom this server has let in before under this address and name; nothing where guests may not come.
    #[must_use]
    pub fn guest_again(&self, user: &str, name: &str, named: bool) -> Option<Arc<Identity>> {
        let (_, host) = user.rsplit_once('@')?;
        (self.admit.guests && host == self.guest_host).then(|| {
            Arc::new(Identity {
                user: UserAddress::from_prepared(user),
                name: name.into(),
                kind: IdentityKind::Guest,
                named,
                grants: None,
                since_unix_ms: 0,
                expires_unix_ms: None,
            })
        })
    }

    /// Lets in as the server itself whoever brings this token.
    #[must_use]
    pub fn with_server_token(self, token: Option<String>) -> Self {
        Self { server_token: token, ..self }
    }

    /// Refuses tokens of the server's own to accounts that were removed after these were issued.
    #[must_use]
    pub fn with_revoked(self, revoked: Arc<Revoked>) -> Self {
        Self { revoked, ..self }
    }

    /// Whether there is a token for the server itself.
    #[must_use]
    pub fn has_server_token(&self) -> bool {
        self.server_token.is_some()
    }

    /// Who the server itself is.
    #[must_use]
    pub fn server(&self) -> Arc<Identity> {
        self.server.clone()
    }

    /// Judges what a request brings, at `unix_ms` (milliseconds since 1970).
    #[must_use]
    pub fn admit(&self, credentials: Credentials, unix_ms: u64, rng: &mut fastrand::Rng) -> Verdict {
        let identity = match credentials {
            Credentials::Nobody { .. } if !self.admit.guests => Err(Denied::Guests),
            Credentials::Nobody { name } => guest(name.as_deref(), &self.guest_host, rng),
            Credentials::Bearer(token) if self.is_server_token(&token) => return Verdict::In(self.server()),
            Credentials::Bearer(token) => self.by_token(&token, unix_ms),
            Credentials::Password { user, password } => return self.by_password(&user, password),
        };
        match identity {
            Ok(identity) => Verdict::In(Arc::new(identity)),
            Err(denied) => Verdict::Out(denied),
        }
    }

    /// Since when this (prepared) name is whose it is now: the second after an account of this name was last removed.
    fn since(&self, local: &str) -> u64 {
        self.revoked.since(local).map_or(0, |removed| removed.saturating_add(1).saturating_mul(1000))
    }

    /// Who an account is that the store vouches for: `user` is its prepared localpart, `name` what others see.
    #[must_use]
    pub fn account_in(&self, user: &str, name: &str) -> Arc<Identity> {
        Arc::new(Identity {
            user: UserAddress::from_prepared(&format!("{user}@{}", self.domain)),
            name: name.into(),
            kind: IdentityKind::Account,
            named: true,
            grants: None,
            since_unix_ms: self.since(user),
            expires_unix_ms: None,
        })
    }

    /// A token that says that its holder is this account for `ttl_s` seconds from `unix_ms` on, and when it ends in
    /// seconds since 1970. `None` if this is no account, or there is no key to sign with. Whoever came in with a token gets
    /// none that lasts longer than that.
    #[must_use]
    pub fn issue(&self, identity: &Identity, ttl_s: u64, unix_ms: u64) -> Option<(String, u64)> {
        if identity.kind != IdentityKind::Account {
            return None;
        }
        let wanted = (unix_ms / 1000).saturating_add(ttl_s);
        let exp = identity
            .expires_unix_ms
            .map_or(wanted, |ends| wanted.min(ends.saturating_sub(self.leeway_ms) / 1000));
        let claims = Claims {
            iss: Some(self.domain.clone()),
            sub: Some(identity.user.as_str().to_owned()),
            name: Some((*identity.name).to_owned()),
            iat: Some(self.issued_at(identity.user.local(), unix_ms).into()),
            exp: Some(exp.into()),
            ..Claims::default()
        };
        Some((self.keys.sign(&claims)?, exp))
    }

    /// The present second; if somebody else of this name was removed in it, the next.
    fn issued_at(&self, local: &str, unix_ms: u64) -> u64 {
        let after = self.revoked.since(local).map_or(0, |removed| removed.saturating_add(1));
        after.max(unix_ms / 1000)
    }

    /// Compared in constant time: how long it takes says nothing of how much of it is right.
    fn is_server_token(&self, token: &str) -> bool {
        let known = self.server_token.as_ref();
        known.is_some_and(|known| bool::from(known.as_bytes().ct_eq(token.as_bytes())))
    }

    fn by_password(&self, user: &str, password: String) -> Verdict {
        if !self.admit.accounts {
            return Verdict::Out(Denied::Accounts);
        }
        // A name that cannot be is a name that nobody has.
        match self.local(user).and_then(prepare_local) {
            Ok(user) => Verdict::CheckPassword { user, password },
            Err(_) => Verdict::Out(Denied::WrongPassword),
        }
    }

    /// What stands before the domain in `alice` or `alice@example.org`.
    fn local<'a>(&self, address: &'a str) -> Result<&'a str, NameError> {
        match address.rsplit_once('@') {
            None => Ok(address),
            Some((local, domain)) if domain.eq_ignore_ascii_case(&self.domain) => Ok(local),
            Some(_) => Err(NameError::Remote),
        }
    }

    fn by_token(&self, token: &str, unix_ms: u64) -> Result<Identity, Denied> {
        if !self.admit.tokens && !self.admit.accounts {
            return Err(Denied::Tokens);
        }
        let (signer, header) = Keys::claimed_signer(token)?;
        match signer {
            Signer::Other if !self.admit.tokens => Err(Denied::Tokens),
            Signer::Own if !self.admit.accounts => Err(Denied::Accounts),
            Signer::Other => self.others(self.keys.open(token, signer, &header)?, unix_ms),
            Signer::Own => self.own(&self.keys.open(token, signer, &header)?, unix_ms),
        }
    }

    /// Who the holder of a token is that somebody else signed.
    fn others(&self, claims: Claims, unix_ms: u64) -> Result<Identity, Denied> {
        let expected = Expected {
            issuer: self.issuer.as_deref(),
            audience: self.audience.as_deref(),
            domain: &self.domain,
            leeway_ms: self.leeway_ms,
            unix_ms,
        };
        let ends = claims.judge(&expected)?;
        let sub = claims.sub.as_deref().ok_or(Denied::Missing("subject (sub)"))?;
        let local = self.local(sub).map_err(Denied::Subject)?;
        let user = UserAddress::new(local, &self.domain).map_err(Denied::Subject)?;
        let name = claims.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let name = match name {
            Some(name) => shown_name(name).map_err(|denied| Denied::Claims(format!("name: {denied}")))?,
            None => local.trim(),
        };
        let since_unix_ms = self.since(user.local());
        Ok(Identity {
            user,
            name: name.into(),
            kind: IdentityKind::Token,
            named: true,
            grants: claims.rooms.map(|rooms| rooms.0),
            since_unix_ms,
            expires_unix_ms: Some(ends),
        })
    }

    /// Who the holder of a token is that this server issued: what it says was prepared before it was signed.
    fn own(&self, claims: &Claims, unix_ms: u64) -> Result<Identity, Denied> {
        let domain = &self.domain;
        let issuer = Some(domain.as_str());
        let expected = Expected { issuer, audience: None, domain, leeway_ms: self.leeway_ms, unix_ms };
        let ends = claims.judge(&expected)?;
        let (Some(sub), Some(name)) = (&claims.sub, &claims.name) else {
            return Err(Denied::Missing("subject (sub) or name"));
        };
        let (local, host) = sub.rsplit_once('@').unwrap_or((sub, ""));
        if host != domain {
            return Err(Denied::Subject(NameError::Remote));
        }
        let issued = claims.iat.as_ref().and_then(Number::as_u64).unwrap_or(0);
        if self.revoked.since(local).is_some_and(|removed| issued <= removed) {
            return Err(Denied::Removed);
        }
        let account = self.account_in(local, name);
        Ok(Identity { expires_unix_ms: Some(ends), ..Arc::unwrap_or_clone(account) })
    }
}

/// A host's name as addresses have it: lower case, nothing that would end it.
fn host(name: &str) -> Result<String, KeyError> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '/');
    if name.is_empty() || name.len() > 255 || name.chars().any(forbidden) {
        return Err(KeyError::Host(name.to_owned()));
    }
    Ok(name.to_lowercase())
}
