//! A connection's bytes: in clear, or inside TLS from the first of them (XEP-0368).

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::failure::{Doing, Failure, Result};
use crate::link::{Bytes, Link};

/// The client's side of TLS: who is believed.
pub(crate) struct Encryption {
    config: Arc<ClientConfig>,
}

impl Encryption {
    /// Believes the certificate in this file and no other.
    pub(crate) fn new(file: &Path) -> Result<Self> {
        let pem = fs::read(file).doing(|| format!("reading {}", file.display()))?;
        let wrong = |why: String| Failure::Usage(format!("{}: {why}", file.display()));
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|why| wrong(why.to_string()))?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(|why| wrong(why.to_string()))?;
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"xmpp-client".to_vec()];
        // As clients that come for the first time: nobody has a ticket.
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self { config: Arc::new(config) })
    }

    fn begin(&self) -> Result<ClientConnection> {
        let name = ServerName::try_from("localhost").expect("a host name");
        ClientConnection::new(Arc::clone(&self.config), name)
            .map_err(|why| Failure::Protocol(format!("TLS: {why}")))
    }
}

/// A blocking connection.
pub(crate) enum Wire {
    /// In clear.
    Plain(TcpStream),
    /// Inside TLS.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Wire {
    /// Begins to speak; the handshake is made with the first bytes.
    pub(crate) fn new(stream: TcpStream, encryption: Option<&Encryption>) -> Result<Self> {
        Ok(match encryption {
            None => Self::Plain(stream),
            Some(encryption) => Self::Tls(Box::new(StreamOwned::new(encryption.begin()?, stream))),
        })
    }

    /// The same connection, never blocking; `unread` has arrived and nobody has looked at it.
    pub(crate) fn into_link(self, unread: Vec<u8>) -> Result<Link> {
        match self {
            Self::Plain(stream) => Link::new(stream, unread),
            Self::Tls(stream) => {
                let (tls, stream) = stream.into_parts();
                stream.set_nonblocking(true).doing(|| "making a socket non-blocking".to_owned())?;
                let stream = mio::net::TcpStream::from_std(stream);
                Ok(Link::over(Bytes::Tls(Box::new(StreamOwned::new(tls, stream))), unread))
            }
        }
    }

    /// Sends all of it.
    pub(crate) fn send(&mut self, text: &str) -> Result<()> {
        let sent = match self {
            Self::Plain(stream) => stream.write_all(text.as_bytes()),
            Self::Tls(stream) => stream.write_all(text.as_bytes()).and_then(|()| stream.flush()),
        };
        sent.doing(|| "sending at login".to_owned())
    }

    /// Waits for more and appends it.
    pub(crate) fn receive(&mut self, unread: &mut Vec<u8>) -> Result<()> {
        let mut piece = [0; 4096];
        let read = match self {
            Self::Plain(stream) => stream.read(&mut piece),
            Self::Tls(stream) => stream.read(&mut piece),
        };
        let size = read.doing(|| "waiting for an answer at login".to_owned())?;
        if size == 0 {
            return Err(Failure::Protocol("the end of the connection at login".to_owned()));
        }
        unread.extend_from_slice(&piece[..size]);
        Ok(())
    }
}
