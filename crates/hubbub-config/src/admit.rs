//! Who is let in, and whether the server may start like this: closed by default.

use std::net::SocketAddr;

use crate::problem::{Problem, Problems};
use crate::{Admit, Config, Log, SelfSigned};

impl Config {
    /// Who is let in: `access.admit`, or everybody while all listeners are on this machine.
    ///
    /// # Errors
    /// The server must not start: it can be reached from beyond this machine and nothing says who may come in, or what was
    /// promised (accounts, tokens, durable rooms) cannot be kept without a folder or a key. The text says what to write.
    pub fn admitted(&self) -> Result<Vec<Admit>, Problems> {
        let mut found = Vec::new();
        found.extend(self.unguarded());
        found.extend(self.accounts_without_store());
        found.extend(self.tokens_without_key());
        found.extend(self.durable_without_store());
        let everybody = || vec![Admit::Guests, Admit::Accounts, Admit::Tokens];
        Problems::unless_none(found, self.access.admit.clone().unwrap_or_else(everybody))
    }

    /// Whether the server signs a certificate for itself.
    #[must_use]
    pub fn signs_for_itself(&self) -> bool {
        self.tls.certificate_files.is_empty()
            && match self.tls.self_signed {
                SelfSigned::Auto => self.wide().is_none(),
                SelfSigned::Always => true,
                SelfSigned::Never => false,
            }
    }

    /// Whether guests may use this server's relays.
    #[must_use]
    pub fn relays_for_guests(&self) -> bool {
        self.turn.guests.unwrap_or(self.wide().is_none())
    }

    /// An address that can be reached from beyond this machine.
    fn wide(&self) -> Option<&SocketAddr> {
        self.server.listen.iter().find(|address| !address.ip().to_canonical().is_loopback())
    }

    fn unguarded(&self) -> Option<Problem> {
        let wide = self.wide()?;
        if self.access.admit.is_some() {
            return None;
        }
        let reason = format!(
            "{wide} can be reached from beyond this machine, and nothing says who may come in; \
             write `[access]` and below it `admit = [\"accounts\", \"tokens\"]` in the configuration file \
             (accounts need server.data; \"guests\" lets in whoever can reach the address), or listen on 127.0.0.1"
        );
        Some(Problem::new(&self.place("server.listen"), "access.admit", reason))
    }

    /// Whether `way` was asked for in so many words.
    fn promises(&self, way: Admit) -> bool {
        self.access.admit.as_ref().is_some_and(|admit| admit.contains(&way))
    }

    fn accounts_without_store(&self) -> Option<Problem> {
        if !self.promises(Admit::Accounts) || self.server.data.is_some() {
            return None;
        }
        let reason =
            "there is nowhere to keep accounts; set server.data (or --data), or take \"accounts\" out";
        Some(Problem::new(&self.place("access.admit"), "access.admit", reason))
    }

    fn tokens_without_key(&self) -> Option<Problem> {
        let key = self.token.hmac_secret.is_some() || self.ed25519_public_key.is_some();
        if !self.promises(Admit::Tokens) || key || self.server.data.is_some() {
            return None;
        }
        let reason = "there is no key to check tokens with; set token.hmac_secret_file or token.ed25519_public_key_file, \
                      or server.data (the server then makes a key), or take \"tokens\" out";
        Some(Problem::new(&self.place("access.admit"), "access.admit", reason))
    }

    fn durable_without_store(&self) -> Vec<Problem> {
        let durable = self
            .rooms
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.log == Log::Durable && self.server.data.is_none());
        durable
            .map(|(number, _)| {
                let place = self.place(&format!("room[{number}].log"));
                Problem::new(&place, "room.log", "there is no folder for a durable log; set server.data (or --data), or write \"auto\" or \"memory\"")
            })
            .collect()
    }
}
