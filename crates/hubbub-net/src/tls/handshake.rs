//! The handshake of one connection (RFC 8446 §2).

use std::io;
use std::sync::Arc;

use hubbub_gate::session::Secured;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::{StartHandshake, TlsStream};

use super::{Certificate, Tls};

/// Bytes that a connection may hold encrypted before its socket takes them: what one write gives it, with what its records add.
const UNSENT: usize = 40 * 1024;
/// RFC 9266 §2.
const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";

/// A connection that is encrypted from here on.
pub(crate) struct Encrypted {
    /// Boxed: it is large, and passed from task to task.
    pub(crate) stream: Box<TlsStream<TcpStream>>,
    /// What sessions may know of it.
    pub(crate) secured: Arc<Secured>,
}

/// Does the server's part. `read` came from the socket already.
///
/// # Errors
/// The peer broke the protocol, and has been told so, wants what is not spoken here, or is gone; or there is no certificate.
pub(crate) async fn handshake(tls: &Tls, stream: TcpStream, read: &[u8]) -> io::Result<Encrypted> {
    let start = hello(stream, read).await?;
    let server_name = start.client_hello().server_name().map(str::to_ascii_lowercase);
    let certificate =
        tls.choose(server_name.as_deref()).ok_or_else(|| io::Error::other("there is no certificate"))?;
    let settled = start.into_stream_with(certificate.config.clone(), |connection| {
        connection.set_buffer_limit(Some(UNSENT));
    });
    let stream = Box::new(settled.await?);
    let secured = Arc::new(secured(&stream, &certificate, server_name)?);
    Ok(Encrypted { stream, secured })
}

/// Most that rustls reads at once, into a buffer that it keeps for as long as the connection lasts.
const READ: usize = 4096;

/// The client's first words, read to their end. They are collected here: read by rustls in two parts they would leave it with a
/// buffer of twice the size.
async fn hello(stream: TcpStream, read: &[u8]) -> io::Result<StartHandshake<TcpStream>> {
    let mut read = read.to_vec();
    loop {
        let end = first_record(&read);
        if read.len() >= end {
            break;
        }
        read.reserve(end - read.len());
        stream.readable().await?;
        match stream.try_read_buf(&mut read) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
    }
    let (mut acceptor, mut read) = (Acceptor::default(), &read[..]);
    while !read.is_empty() {
        acceptor.read_tls(&mut read)?;
    }
    match acceptor.accept() {
        Ok(Some(accepted)) => Ok(StartHandshake::from_parts(accepted, stream)),
        Ok(None) => LazyConfigAcceptor::new(acceptor, stream).await,
        Err((error, mut alert)) => {
            let mut bytes = Vec::new();
            alert.write_all(&mut bytes)?;
            // A few bytes, and the first ones: if the socket does not take them it takes nothing.
            let _ = stream.try_write(&bytes);
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }
}

/// How many bytes are worth waiting for: those of the first record (RFC 8446 §5.1), as far as they are read at once.
fn first_record(read: &[u8]) -> usize {
    match read {
        [_, _, _, high, low, ..] => READ.min(5 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => 5,
    }
}

fn secured(
    stream: &TlsStream<TcpStream>,
    certificate: &Certificate,
    server_name: Option<String>,
) -> io::Result<Secured> {
    let exporter = stream
        .get_ref()
        .1
        .export_keying_material([0; 32], EXPORTER, Some(b""))
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(Secured { exporter, end_point: certificate.end_point().to_vec(), server_name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{Chain, TlsSettings, key_from_pem};
    use aws_lc_rs::digest::{SHA256, digest};
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};
    use tokio::net::TcpListener;
    use tokio_rustls::{TlsConnector, client};

    #[test]
    fn the_first_record_is_waited_for() {
        assert_eq!(first_record(b""), 5);
        assert_eq!(first_record(b"\x16\x03\x01\x02"), 5);
        assert_eq!(first_record(b"\x16\x03\x01\x02\x00"), 517);
        assert_eq!(first_record(b"\x16\x03\x01\x02\x00\x01\x00"), 517);
        assert_eq!(first_record(b"\x16\x03\x01\xff\xff"), 4096);
    }

    /// The two ends of a connection, after their handshake, and the certificate that was shown.
    async fn connected(
        version: &'static SupportedProtocolVersion,
    ) -> (Encrypted, client::TlsStream<TcpStream>, CertificateDer<'static>) {
        let key = rcgen::KeyPair::generate().unwrap();
        let made =
            rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let shown = made.der().clone();
        let chain = Chain::from_pem(made.pem().as_bytes()).unwrap();
        let private = key_from_pem(key.serialize_pem().as_bytes()).unwrap();
        let settings = TlsSettings { only_13: false, tickets: 2, turn: false };
        let tls = Tls::new(vec![Certificate::new(chain, private, settings).unwrap()]);
        let mut roots = RootCertStore::empty();
        roots.add(shown.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (here, _) = listener.accept().await.unwrap();
        let name = ServerName::try_from("A.example").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let (ours, theirs) = tokio::join!(handshake(&tls, here, b""), connector.connect(name, there));
        (ours.unwrap(), theirs.unwrap(), shown)
    }

    #[test]
    fn both_sides_know_the_same_bindings() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for version in [&version::TLS12, &version::TLS13] {
            let (ours, theirs, shown) = runtime.block_on(connected(version));
            let connection = theirs.get_ref().1;
            assert_eq!(connection.protocol_version(), Some(version.version));
            let exporter = connection.export_keying_material([0; 32], EXPORTER, Some(b"")).unwrap();
            assert_eq!(ours.secured.exporter, exporter);
            assert_eq!(ours.secured.end_point, digest(&SHA256, &shown).as_ref());
            assert_eq!(ours.secured.server_name.as_deref(), Some("a.example"));
        }
    }
}
