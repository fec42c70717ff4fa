//! Whose certificates are believed: those of the public authorities, and of others that the operator names.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The authorities that may vouch for an application.
#[derive(Debug, Clone)]
pub struct Trust(Arc<RootCertStore>);

/// What was given as certificates of authorities is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTrust {
    /// There is no certificate in it.
    #[error("it holds no certificate in PEM")]
    Empty,
    /// One cannot be read, or cannot vouch for anybody.
    #[error("a certificate in it cannot be used: {0}")]
    Broken(String),
}

impl Default for Trust {
    /// The public authorities.
    fn default() -> Self {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self(Arc::new(roots))
    }
}

impl Trust {
    /// The public authorities, and those whose certificates `pem` holds.
    ///
    /// # Errors
    /// There are none, or one cannot be used.
    pub fn also(pem: &[u8]) -> Result<Self, NoTrust> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| NoTrust::Broken(error.to_string()))?;
            roots.add(certificate).map_err(|error| NoTrust::Broken(error.to_string()))?;
            found = true;
        }
        if found { Ok(Self(Arc::new(roots))) } else { Err(NoTrust::Empty) }
    }

    pub(super) fn config(&self) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_root_certificates(self.0.clone())
            .with_no_client_auth()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate() {
        assert_eq!(Trust::also(b"").unwrap_err(), NoTrust::Empty);
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(Trust::also(broken).unwrap_err(), NoTrust::Broken(_)));
        assert!(!Trust::default().0.is_empty());
    }
}
