//! Opening sessions: one client after another logs in and says that it is there.

use std::path::PathBuf;

use clap::Args as ClapArgs;

use crate::args::Common;
use crate::clock::Clock;
use crate::failure::{Failure, Result};
use crate::link;
use crate::pool::Pool;
use crate::target::{Target, source};
use crate::xmpp::login::{Login, Sasl};
use crate::xmpp::piece::{self, Piece};
use crate::xmpp::scram::Keyring;
use crate::xmpp::wire::{Encryption, Wire};

/// How XMPP clients come in.
#[derive(ClapArgs)]
pub(crate) struct Entrance {
    /// How they say who they are.
    #[arg(long, value_enum, default_value_t = Sasl::Anonymous)]
    pub(crate) sasl: Sasl,
    /// The server's certificate (PEM): the connection is inside TLS from the first byte, and no other is believed.
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
}

/// One client that is in, before it is part of a pool.
pub(crate) struct Session {
    /// Its full address.
    pub(crate) address: String,
    wire: Wire,
    unread: Vec<u8>,
}

impl Session {
    fn enter(mut wire: Wire, mut login: Login, keyring: &mut Keyring) -> Result<Self> {
        let (mut unread, mut out) = (Vec::new(), login.header());
        loop {
            wire.send(&out)?;
            out.clear();
            while out.is_empty() && !login.is_in() {
                wire.receive(&mut unread)?;
                let used = login.hear(&unread, keyring, &mut out)?;
                unread.drain(..used);
            }
            if login.is_in() {
                return Ok(Self { address: login.address, wire, unread });
            }
        }
    }

    /// Sends something.
    pub(crate) fn say(&mut self, text: &str) -> Result<()> {
        self.wire.send(text)
    }

    /// Waits for the element that is the right one; what comes before it is passed over, but for errors.
    pub(crate) fn until(&mut self, right: impl Fn(&[u8]) -> bool) -> Result<()> {
        loop {
            while let Some((found, length)) = piece::next(&self.unread) {
                let done = match found {
                    Piece::Element(element) if piece::is_error(element) => {
                        return Err(piece::unexpected("an error", element));
                    }
                    Piece::Element(element) => right(element),
                    Piece::Frame => false,
                    Piece::End => return Err(Failure::Protocol("the end of the stream".to_owned())),
                };
                self.unread.drain(..length);
                if done {
                    return Ok(());
                }
            }
            self.wire.receive(&mut self.unread)?;
        }
    }
}

/// Opens so many sessions, each with its initial presence, which servers show to whoever sent it (RFC 6121 §4.2.2);
/// `then` says what else each does before the next comes.
pub(crate) fn open(
    common: &Common,
    entrance: &Entrance,
    run: u64,
    connections: usize,
    clock: Clock,
    mut then: impl FnMut(usize, &mut Session) -> Result<()>,
) -> Result<Pool> {
    let target = Target::parse(&common.url)?;
    let encryption = entrance.certificate.as_deref().map(Encryption::new).transpose()?;
    let (mut pool, mut keyring) = (Pool::new(common, clock)?, Keyring::default());
    for n in 0..connections {
        let wire = Wire::new(link::connect(target.address, source(run, n))?, encryption.as_ref())?;
        let mut session = Session::enter(wire, Login::new(entrance.sasl, target.name(), n), &mut keyring)?;
        session.say("<presence/>")?;
        session.until(|element| element.starts_with(b"<presence"))?;
        then(n, &mut session)?;
        pool.add(session.wire.into_link(session.unread)?)?;
    }
    Ok(pool)
}
