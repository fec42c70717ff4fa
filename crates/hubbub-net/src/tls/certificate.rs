//! One certificate with its key, and what follows from them.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use aws_lc_rs::digest::{self, digest};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;
use x509_parser::x509::AlgorithmIdentifier;

/// What TLS is like. Each is a documented setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsSettings {
    /// Not TLS 1.2.
    pub only_13: bool,
    /// Session tickets for each client; 0: sessions are not resumed. They are sealed and handed out: nothing is kept for them.
    pub tickets: usize,
    /// Whether STUN and TURN are spoken inside.
    pub turn: bool,
}

/// What is spoken inside, most preferred first (RFC 7301; XEP-0368 §3).
const ALPN: [&[u8]; 3] = [b"h2", b"http/1.1", b"xmpp-client"];
/// Before these, where there are STUN and TURN (RFC 7443 §3): coturn's client offers them behind http/1.1, which it does not mean.
const ALPN_TURN: [&[u8]; 2] = [b"stun.turn", b"stun.nat-discovery"];

/// Why something is no certificate, or none to serve with. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCertificate {
    /// No certificate is there.
    #[error(
        "it holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\"); name the file with the whole chain, such as fullchain.pem"
    )]
    NoCertificate,
    /// No key is there.
    #[error(
        "it holds no private key in PEM (\"-----BEGIN PRIVATE KEY-----\"); name the file with the key, such as privkey.pem, \
         and if it is encrypted write it without: `openssl pkey -in KEY -out PLAIN`"
    )]
    NoKey,
    /// What is there cannot be read.
    #[error("it cannot be read: {0}")]
    Broken(String),
    /// The key belongs to another certificate.
    #[error(
        "the key is not that of the chain's first certificate; the server's own certificate must come first, then those \
         between it and its authority"
    )]
    OtherKey,
    /// It can be read, but not served with.
    #[error("it cannot be used: {0}")]
    Unusable(String),
}

/// A server's certificate, and those between it and its authority.
#[derive(Debug, Clone)]
pub struct Chain(Vec<CertificateDer<'static>>);

impl Chain {
    /// All certificates of a text in PEM, the server's own first.
    ///
    /// # Errors
    /// There is none, or one cannot be read.
    pub fn from_pem(text: &[u8]) -> Result<Self, BadCertificate> {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
        match all {
            Ok(all) if all.is_empty() => Err(BadCertificate::NoCertificate),
            Ok(all) => Ok(Self(all)),
            Err(why) => Err(BadCertificate::Broken(why.to_string())),
        }
    }
}

/// The first private key of a text in PEM (PKCS #8, PKCS #1 or SEC 1).
///
/// # Errors
/// There is none, it is encrypted, or it cannot be read.
pub fn key_from_pem(text: &[u8]) -> Result<PrivateKeyDer<'static>, BadCertificate> {
    PrivateKeyDer::from_pem_slice(text).map_err(|why| match why {
        pem::Error::NoItemsFound => BadCertificate::NoKey,
        why => BadCertificate::Broken(why.to_string()),
    })
}

/// A certificate to serve with.
pub struct Certificate {
    names: Vec<String>,
    expires_s: i64,
    end_point: Vec<u8>,
    /// Of the whole chain: the same certificate, read again.
    fingerprint: [u8; 32],
    settings: TlsSettings,
    pub(super) config: Arc<ServerConfig>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.names).finish()
    }
}

impl Certificate {
    /// A certificate with its key.
    ///
    /// # Errors
    /// They do not fit, or are of no kind that can be served with.
    pub fn new(
        chain: Chain,
        key: PrivateKeyDer<'static>,
        settings: TlsSettings,
    ) -> Result<Self, BadCertificate> {
        let unusable = |why: &dyn fmt::Display| BadCertificate::Unusable(why.to_string());
        let Chain(chain) = chain;
        let leaf = chain.first().ok_or(BadCertificate::NoCertificate)?;
        let (_, parsed) = X509Certificate::from_der(leaf).map_err(|why| unusable(&why))?;
        let fingerprint = fingerprint(&chain);
        let (names, expires_s) = (names(&parsed), parsed.validity().not_after.timestamp());
        let end_point = digest(hash_of(&parsed.signature_algorithm), leaf).as_ref().to_vec();
        let config = config(chain.clone(), key, settings).map_err(|why| match why {
            rustls::Error::InconsistentKeys(_) => BadCertificate::OtherKey,
            why => unusable(&why),
        })?;
        Ok(Self { names, expires_s, end_point, fingerprint, settings, config: Arc::new(config) })
    }

    /// The hosts and addresses it is for, in small letters.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Until when it is valid, in seconds since 1970.
    #[must_use]
    pub fn expires_s(&self) -> i64 {
        self.expires_s
    }

    /// The binding to it (RFC 5929 §4.1).
    #[must_use]
    pub fn end_point(&self) -> &[u8] {
        &self.end_point
    }

    /// Whether both are one and the same, served in the same way.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.settings == other.settings
    }

    pub(super) fn names_exactly(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }

    /// Whether it is for this host, or for all hosts of its domain: `*` is one label (RFC 6125 §6.4.3).
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let wild = host.split_once('.').map(|(_, domain)| domain);
        let is_wild = |name: &String| {
            name.strip_prefix("*.").zip(wild).is_some_and(|(name, domain)| name.eq_ignore_ascii_case(domain))
        };
        self.names_exactly(host) || self.names.iter().any(is_wild)
    }

    #[cfg(test)]
    pub(super) fn clone_for_tests(&self) -> Self {
        let config = Arc::new(ServerConfig::clone(&self.config));
        let (names, end_point) = (self.names.clone(), self.end_point.clone());
        let Self { expires_s, fingerprint, settings, .. } = *self;
        Self { names, expires_s, end_point, fingerprint, settings, config }
    }
}

fn fingerprint(chain: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut all = digest::Context::new(&digest::SHA256);
    chain.iter().for_each(|one| all.update(one));
    let mut out = [0; 32];
    out.copy_from_slice(all.finish().as_ref());
    out
}

/// The subject's alternative names: nothing else counts any more (RFC 9525 §2).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = names.value.general_names.iter();
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) => match bytes.len() {
                4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| Ipv4Addr::from(bytes).to_string()),
                _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string()),
            },
            _ => None,
        })
        .collect()
}

/// The hash of the certificate's own signature, but SHA-256 for MD5 and SHA-1 (RFC 5929 §4.1); and for signatures with no hash of
/// their own, such as Ed25519, where nothing is laid down and others use it too.
fn hash_of(signature: &AlgorithmIdentifier<'_>) -> &'static digest::Algorithm {
    let is = |known: &[oid::Oid<'_>]| match SignatureAlgorithm::try_from(signature) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => known.contains(parameters.hash_algorithm_oid()),
        _ => known.contains(&signature.algorithm),
    };
    if is(&[oid::OID_PKCS1_SHA384WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA384, oid::OID_NIST_HASH_SHA384]) {
        &digest::SHA384
    } else if is(&[oid::OID_PKCS1_SHA512WITHRSA, oid::OID_SIG_ECDSA_WITH_SHA512, oid::OID_NIST_HASH_SHA512]) {
        &digest::SHA512
    } else {
        &digest::SHA256
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    settings: TlsSettings,
) -> Result<ServerConfig, rustls::Error> {
    let versions = if settings.only_13 { &[&TLS13][..] } else { rustls::ALL_VERSIONS };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let turn = ALPN_TURN.iter().filter(|_| settings.turn);
    config.alpn_protocols = turn.chain(&ALPN).map(|name| name.to_vec()).collect();
    // What is resumed is in the client's ticket; a session that is remembered here would be one more thing to bound.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = settings.tickets;
    if settings.tickets > 0 {
        config.ticketer = Ticketer::new()?;
    }
    // Without it, what binds a login to a connection of TLS 1.2 binds nothing (RFC 9266 §4.2).
    config.require_ems = true;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm as Signature};

    const SETTINGS: TlsSettings = TlsSettings { only_13: false, tickets: 2, turn: false };

    fn made(signature: &'static Signature, names: &[&str]) -> (String, KeyPair) {
        let key = KeyPair::generate_for(signature).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        (CertificateParams::new(names).unwrap().self_signed(&key).unwrap().pem(), key)
    }

    fn certificate(pem: &str, key: &KeyPair) -> Result<Certificate, BadCertificate> {
        let key = key_from_pem(key.serialize_pem().as_bytes())?;
        Certificate::new(Chain::from_pem(pem.as_bytes())?, key, SETTINGS)
    }

    #[test]
    fn the_binding_is_the_hash_of_the_signature() {
        let kinds = [
            (&rcgen::PKCS_ECDSA_P256_SHA256, &digest::SHA256),
            (&rcgen::PKCS_ECDSA_P384_SHA384, &digest::SHA384),
            (&rcgen::PKCS_ED25519, &digest::SHA256),
        ];
        for (signature, hash) in kinds {
            let (pem, key) = made(signature, &["a.example"]);
            let Chain(chain) = Chain::from_pem(pem.as_bytes()).unwrap();
            let expected = digest(hash, &chain[0]).as_ref().to_vec();
            assert_eq!(certificate(&pem, &key).unwrap().end_point(), expected, "{signature:?}");
        }
    }

    #[test]
    fn names_and_addresses() {
        let (pem, key) =
            made(&rcgen::PKCS_ECDSA_P256_SHA256, &["A.example", "*.b.example", "127.0.0.1", "::1"]);
        let certificate = certificate(&pem, &key).unwrap();
        assert_eq!(certificate.names(), ["a.example", "*.b.example", "127.0.0.1", "::1"]);
        assert!(certificate.covers("x.B.example") && certificate.covers("a.example"));
        assert!(!certificate.covers("b.example") && !certificate.covers("x.y.b.example"));
    }

    #[test]
    fn what_cannot_be_served_with() {
        let (pem, key) = made(&rcgen::PKCS_ECDSA_P256_SHA256, &["a.example"]);
        let (_, other) = made(&rcgen::PKCS_ECDSA_P256_SHA256, &["a.example"]);
        assert_eq!(certificate(&pem, &other).unwrap_err(), BadCertificate::OtherKey);
        assert_eq!(
            Chain::from_pem(key.serialize_pem().as_bytes()).unwrap_err(),
            BadCertificate::NoCertificate
        );
        assert_eq!(key_from_pem(pem.as_bytes()).unwrap_err(), BadCertificate::NoKey);
        assert_eq!(key_from_pem(b"").unwrap_err(), BadCertificate::NoKey);
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = key_from_pem(key.serialize_pem().as_bytes()).unwrap();
        let chain = Chain::from_pem(broken).unwrap();
        assert!(matches!(Certificate::new(chain, key, SETTINGS).unwrap_err(), BadCertificate::Unusable(_)));
        let cut = Chain::from_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n");
        assert!(matches!(cut.unwrap_err(), BadCertificate::Broken(_)));
    }
}
