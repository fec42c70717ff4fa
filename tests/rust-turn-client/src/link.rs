//! How the client comes to its server: UDP, TCP, or TLS within TCP. What arrives is told as [`News::Bytes`].

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::{Failure, News};

pub struct Link {
    local: SocketAddr,
    server: SocketAddr,
    wire: Wire,
}

enum Wire {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Tls(TcpStream, Box<ClientConnection>),
}

impl Link {
    pub fn open(
        server: SocketAddr,
        transport: &str,
        authority: Option<&String>,
        tell: Sender<News>,
    ) -> Result<Self, Failure> {
        if transport == "udp" {
            let socket = UdpSocket::bind(if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" })?;
            socket.connect(server)?;
            let ears = socket.try_clone()?;
            listen(tell, move |room| ears.recv(room));
            return Ok(Self { local: socket.local_addr()?, server, wire: Wire::Udp(socket) });
        }
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        let mut ears = stream.try_clone()?;
        listen(tell, move |room| ears.read(room));
        let local = stream.local_addr()?;
        let wire = match (transport, authority) {
            ("tcp", _) => Wire::Tcp(stream),
            ("tls", Some(authority)) => Wire::Tls(stream, Box::new(encryption(server, authority)?)),
            _ => return Err(format!("{transport} is none of udp, tcp, and tls with an authority").into()),
        };
        let mut link = Self { local, server, wire };
        link.send(&[])?;
        Ok(link)
    }

    pub fn local(&self) -> SocketAddr {
        self.local
    }

    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// Sends these bytes to the server, and whatever TLS has to say.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.wire {
            Wire::Udp(socket) => socket.send(bytes).map(drop),
            Wire::Tcp(stream) => stream.write_all(bytes),
            Wire::Tls(stream, tls) => {
                tls.writer().write_all(bytes)?;
                while tls.wants_write() {
                    tls.write_tls(stream)?;
                }
                Ok(())
            }
        }
    }

    /// What these bytes say, once they are decrypted.
    pub fn received(&mut self, mut bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let Wire::Tls(_, tls) = &mut self.wire else { return Ok(bytes.to_vec()) };
        let mut said = Vec::new();
        while !bytes.is_empty() {
            tls.read_tls(&mut bytes)?;
            let ready = tls.process_new_packets()?.plaintext_bytes_to_read();
            let before = said.len();
            said.resize(before + ready, 0);
            tls.reader().read_exact(&mut said[before..])?;
        }
        self.send(&[])?;
        Ok(said)
    }
}

/// Tells all that arrives, until nothing more does.
fn listen(tell: Sender<News>, mut next: impl FnMut(&mut [u8]) -> io::Result<usize> + Send + 'static) {
    thread::spawn(move || {
        let mut room = vec![0; 65_536];
        loop {
            let length = next(&mut room).unwrap_or_default();
            if tell.send(News::Bytes(room[..length].to_vec())).is_err() || length == 0 {
                return;
            }
        }
    });
}

/// TLS with a server that `authority` vouches for, and that says it speaks TURN (RFC 7443).
fn encryption(server: SocketAddr, authority: &str) -> Result<ClientConnection, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&fs::read(authority)?)?)?;
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"stun.turn".to_vec()];
    Ok(ClientConnection::new(Arc::new(config), ServerName::from(server.ip()))?)
}
