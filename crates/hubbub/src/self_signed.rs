//! A certificate that the server signs for itself: good enough to develop with, and trusted by nobody who is not told to.

use std::error::Error;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use hubbub_config::Config;
use hubbub_hub::Now;
use hubbub_net::tls::{Certificate, Chain, TlsSettings, key_from_pem};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use x509_parser::time::ASN1Time;

use crate::certificates;

const DAY_S: i64 = 24 * 3600;
/// How long one is valid: no browser takes more than 398 days.
const VALID_S: i64 = 365 * DAY_S;
/// One that is kept is used again while it is valid for longer than this.
const LEFT_S: i64 = 30 * DAY_S;

/// The certificate kept in the data folder if it still serves, else a new one, kept there if there is such a folder.
pub(crate) fn certificate(
    config: &Config,
    settings: TlsSettings,
    now: Now,
) -> Result<Certificate, Box<dyn Error>> {
    let now_s = i64::try_from(now.unix_ms / 1000)?;
    let names = names(&config.server.domain);
    let Some(data) = &config.server.data else {
        let (chain, key) = made(&names, now_s)?;
        tracing::info!("signed a certificate for this run; with server.data it would be kept");
        return Ok(certificate_of(&chain, &key, settings)?);
    };
    let folder = data.join("tls");
    let (chain, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let kept = certificates::read(&chain, &key, settings).ok();
    let serves = |kept: &Certificate| kept.names() == names && kept.expires_s() - now_s > LEFT_S;
    if let Some(kept) = kept.filter(serves) {
        return Ok(kept);
    }
    let (new_chain, new_key) = made(&names, now_s)?;
    let cannot = |why| format!("{}: the server's own certificate cannot be kept: {why}", folder.display());
    keep(&folder, [(&*chain, &*new_chain), (&*key, &*new_key)]).map_err(cannot)?;
    tracing::info!("signed a certificate and kept it: {}", chain.display());
    Ok(certificate_of(&new_chain, &new_key, settings)?)
}

/// What a browser or a client of XMPP on this machine may ask for.
fn names(domain: &str) -> Vec<String> {
    let rooms = format!("rooms.{domain}");
    let mut names = vec![domain.to_owned(), rooms];
    for local in ["localhost", "127.0.0.1", "::1"] {
        if !names.iter().any(|name| name == local) {
            names.push(local.to_owned());
        }
    }
    names
}

/// A new one for these names and its key, in PEM.
fn made(names: &[String], now_s: i64) -> Result<(String, String), Box<dyn Error>> {
    let at = |unix_s| ASN1Time::from_timestamp(unix_s).map(|time| time.to_datetime());
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Hubbub, signed by itself");
    // A clock that is a little behind should not refuse it.
    (params.not_before, params.not_after) = (at(now_s - DAY_S)?, at(now_s + VALID_S)?);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn certificate_of(
    chain: &str,
    key: &str,
    settings: TlsSettings,
) -> Result<Certificate, hubbub_net::tls::BadCertificate> {
    Certificate::new(Chain::from_pem(chain.as_bytes())?, key_from_pem(key.as_bytes())?, settings)
}

/// Each file is there whole or not at all, and for nobody else to read.
fn keep(folder: &Path, files: [(&Path, &str); 2]) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for (path, text) in files {
        let beside = path.with_extension("new");
        match fs::remove_file(&beside) {
            Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_what_this_machine_is_called() {
        assert_eq!(names("localhost"), ["localhost", "rooms.localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("a.example"), ["a.example", "rooms.a.example", "localhost", "127.0.0.1", "::1"]);
    }

    #[test]
    fn it_can_be_served_with_for_a_year() {
        let names = names("a.example");
        let (chain, key) = made(&names, 1_800_000_000).unwrap();
        let made =
            certificate_of(&chain, &key, TlsSettings { only_13: true, tickets: 0, turn: false }).unwrap();
        assert_eq!(made.names(), names);
        assert_eq!(made.expires_s(), 1_800_000_000 + VALID_S);
    }
}
