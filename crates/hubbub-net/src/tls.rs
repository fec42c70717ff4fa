//! TLS in front of everything: which certificates there are, and who is shown which.
//!
//! Each certificate has a configuration of its own, and with it keys of its own for session tickets: who resumes a session is held to
//! the certificate that he was shown, so the binding to it (RFC 5929) stays true when certificates are changed under way.

mod certificate;
mod handshake;

use std::sync::{Arc, PoisonError, RwLock};

pub use certificate::{BadCertificate, Certificate, Chain, TlsSettings, key_from_pem};
pub(crate) use handshake::handshake;

/// The server's certificates; they may be replaced while it runs. Without any, nothing is encrypted.
///
/// The lock is taken once for each handshake, to copy a pointer; no message passes here.
#[derive(Debug, Default)]
pub struct Tls(RwLock<Arc<[Arc<Certificate>]>>);

impl Tls {
    /// These certificates. The first is shown to whoever asks for none of them, or for nobody.
    #[must_use]
    pub fn new(certificates: Vec<Certificate>) -> Self {
        let tls = Self::default();
        tls.replace(certificates);
        tls
    }

    /// From here on, these instead. Connections stay; sessions that a certificate which is still there was shown for can be resumed.
    pub fn replace(&self, certificates: Vec<Certificate>) {
        let old = self.certificates();
        let kept = |new: Certificate| old.iter().find(|old| old.is(&new)).cloned().unwrap_or(Arc::new(new));
        let new = certificates.into_iter().map(kept).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// All of them, in order.
    #[must_use]
    pub fn certificates(&self) -> Arc<[Arc<Certificate>]> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether connections can be encrypted.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.certificates().is_empty()
    }

    /// The one to show to who asks for this host: one that names it, else one for all hosts of its domain, else the first.
    #[must_use]
    pub(crate) fn choose(&self, server_name: Option<&str>) -> Option<Arc<Certificate>> {
        let all = self.certificates();
        let named = server_name.and_then(|name| {
            let exact = all.iter().find(|one| one.names_exactly(name));
            exact.or_else(|| all.iter().find(|one| one.covers(name)))
        });
        named.or(all.first()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(names: &[&str]) -> Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let chain = Chain::from_pem(made.pem().as_bytes()).unwrap();
        let key = key_from_pem(key.serialize_pem().as_bytes()).unwrap();
        Certificate::new(chain, key, TlsSettings { only_13: false, tickets: 2, turn: false }).unwrap()
    }

    fn shown(tls: &Tls, name: Option<&str>) -> Vec<String> {
        tls.choose(name).unwrap().names().to_vec()
    }

    #[test]
    fn who_asks_for_a_host_is_shown_its_certificate() {
        let tls = Tls::new(vec![
            certificate(&["default.example", "127.0.0.1"]),
            certificate(&["*.wild.example"]),
            certificate(&["one.wild.example", "Two.Example"]),
        ]);
        assert_eq!(shown(&tls, Some("one.wild.example"))[0], "one.wild.example");
        assert_eq!(shown(&tls, Some("TWO.example"))[0], "one.wild.example");
        assert_eq!(shown(&tls, Some("other.wild.example"))[0], "*.wild.example");
        for other in
            [None, Some("wild.example"), Some("a.b.wild.example"), Some("default.example"), Some("x")]
        {
            assert_eq!(shown(&tls, other)[0], "default.example", "{other:?}");
        }
        assert!(Tls::default().choose(Some("default.example")).is_none());
    }

    #[test]
    fn a_certificate_that_is_still_there_keeps_its_ticket_keys() {
        let (kept, gone) = (certificate(&["a.example"]), certificate(&["b.example"]));
        let again = kept.clone_for_tests();
        let tls = Tls::new(vec![kept, gone]);
        let before = tls.certificates();
        tls.replace(vec![certificate(&["b.example"]), again]);
        let after = tls.certificates();
        assert!(Arc::ptr_eq(&before[0], &after[1]));
        assert!(!Arc::ptr_eq(&before[1], &after[0]));
    }
}
