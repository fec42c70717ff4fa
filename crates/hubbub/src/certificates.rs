//! The certificates that connections are encrypted with: from the files of the configuration, or signed by the server itself.

use std::error::Error;
use std::fmt::Display;
use std::path::Path;

use hubbub_config::{Config, TlsVersion};
use hubbub_hub::Now;
use hubbub_net::Reading;
use hubbub_net::tls::{Certificate, Chain, Tls, TlsSettings, key_from_pem};
use hubbub_worker::counters::Kind;
use x509_parser::time::ASN1Time;

use crate::self_signed;

/// A certificate that ends within this time is worth a warning, in seconds.
const SOON_S: i64 = 14 * 24 * 3600;

/// All there are; none if nothing is to be encrypted.
pub(crate) fn all(config: &Config, now: Now) -> Result<Vec<Certificate>, Box<dyn Error>> {
    if config.signs_for_itself() {
        return Ok(vec![self_signed::certificate(config, settings(config), now)?]);
    }
    configured(config)
}

/// Those of the files.
pub(crate) fn configured(config: &Config) -> Result<Vec<Certificate>, Box<dyn Error>> {
    let files = config.tls.certificate_files.iter().zip(&config.tls.key_files);
    files.map(|(chain, key)| read(chain, key, settings(config))).collect()
}

/// One certificate with its key. What is wrong is said with the file it is wrong in.
pub(crate) fn read(chain: &Path, key: &Path, settings: TlsSettings) -> Result<Certificate, Box<dyn Error>> {
    let certificates = Chain::from_pem(&bytes("certificate_files", chain)?)
        .map_err(|why| wrong("certificate_files", chain, &why))?;
    let private = key_from_pem(&bytes("key_files", key)?).map_err(|why| wrong("key_files", key, &why))?;
    Certificate::new(certificates, private, settings)
        .map_err(|why| format!("tls: {} with {}: {why}", chain.display(), key.display()).into())
}

fn bytes(setting: &str, file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|why| {
        wrong(setting, file, &format!("it cannot be read: {why}; name a file the server may read"))
    })
}

fn wrong(setting: &str, file: &Path, why: &dyn Display) -> String {
    format!("tls.{setting}: {}: {why}", file.display())
}

fn settings(config: &Config) -> TlsSettings {
    let tls = &config.tls;
    TlsSettings {
        only_13: tls.min_version == TlsVersion::Tls13,
        tickets: usize::try_from(tls.tickets).unwrap_or_default(),
        turn: config.turn.enabled,
    }
}

/// Says in the log whether connections can be encrypted, and until when.
pub(crate) fn tell(tls: &Tls, now: Now) {
    let certificates = tls.certificates();
    if certificates.is_empty() {
        tracing::warn!(
            "TLS is off: there is no certificate; name one in tls.certificate_files, or let a proxy encrypt"
        );
    }
    for certificate in certificates.iter() {
        let names = certificate.names().join(", ");
        let left_s = certificate.expires_s() - i64::try_from(now.unix_ms / 1000).unwrap_or(i64::MAX);
        let until = date(certificate.expires_s());
        let what = format!("the certificate for {names}");
        if left_s <= 0 {
            tracing::error!("{what} has expired on {until}; renew it, then send SIGHUP");
        } else if left_s <= SOON_S {
            tracing::warn!("{what} expires on {until}; renew it, then send SIGHUP");
        } else {
            tracing::info!("TLS is on for {names} until {until}");
        }
    }
}

pub(crate) fn date(unix_s: i64) -> String {
    ASN1Time::from_timestamp(unix_s).map_or_else(|_| unix_s.to_string(), |time| time.to_string())
}

/// When they expire, for `/metrics`.
pub(crate) fn readings(tls: &Tls) -> Vec<Reading> {
    let certificates = tls.certificates();
    let readings = certificates.iter().map(|certificate| Reading {
        name: "tls_certificate_expires",
        help: "When this certificate expires, in seconds since 1970",
        kind: Kind::Gauge,
        label: ("certificate", certificate.names().first().cloned().unwrap_or_default()),
        value: u64::try_from(certificate.expires_s()).unwrap_or_default(),
    });
    readings.collect()
}
