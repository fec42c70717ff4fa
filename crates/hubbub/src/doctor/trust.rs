//! Calling over TLS as a browser would, but going on when the certificate is no good: then it can be said why.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Whom to ask for, and whom to believe.
pub(super) struct Caller {
    host: Option<ServerName<'static>>,
    config: Arc<ClientConfig>,
    witness: Arc<Witness>,
}

/// The certificate that a server has shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// Until when it is valid, in seconds since 1970.
    pub(super) expires_s: i64,
    /// Why a browser would not believe it.
    pub(super) objection: Option<Objection>,
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objection {
    Expired,
    /// By this machine's clock.
    NotYetValid,
    /// It names others.
    OtherHost,
    /// Nobody whom this machine or browsers believe vouches for it.
    Untrusted,
    /// Anything else.
    Other,
}

impl Caller {
    /// Asks for this host by name; without one, for the address that is called.
    pub(super) fn new(host: Option<&str>) -> Self {
        let named = host.and_then(|host| ServerName::try_from(host.to_owned()).ok());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(roots().into(), provider.clone())
            .build()
            .expect("there are roots, and nothing was asked for that could fail");
        let witness = Arc::new(Witness { judge, seen: Mutex::default() });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(witness.clone())
            .with_no_client_auth();
        // Else nobody would be shown anything the second time.
        config.resumption = Resumption::disabled();
        Self { host: named, config: config.into(), witness }
    }

    /// The name that is asked for, if it is not the address.
    pub(super) fn host(&self) -> Option<String> {
        self.host.as_ref().map(|host| host.to_str().into_owned())
    }

    /// A connection that has not said anything yet.
    pub(super) fn connection(&self, address: IpAddr) -> ClientConnection {
        let name = self.host.clone().unwrap_or(ServerName::IpAddress(address.into()));
        ClientConnection::new(self.config.clone(), name).expect("the configuration is complete")
    }

    /// What was shown last.
    pub(super) fn shown(&self) -> Option<Shown> {
        self.witness.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The authorities that browsers believe, and those that this machine does (`SSL_CERT_FILE` and its like included).
fn roots() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Lets every certificate pass and remembers what is to be said of it. That its holder has its key is still made sure.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Shown>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged =
            self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let (_, parsed) = X509Certificate::from_der(end_entity)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let expires_s = parsed.validity().not_after.timestamp();
        let shown = Shown { expires_s, objection: judged.err().map(|why| objection(&why)) };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

fn objection(why: &Error) -> Objection {
    let Error::InvalidCertificate(why) = why else { return Objection::Other };
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Objection::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Objection::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Objection::OtherHost
        }
        CertificateError::UnknownIssuer => Objection::Untrusted,
        _ => Objection::Other,
    }
}
