//! The way in, as a machine without I/O: stream, SASL, stream again, resource (RFC 6120 §6, §7).

use clap::ValueEnum;

use crate::failure::Result;
use crate::xmpp::piece::{self, Piece, between, unexpected};
use crate::xmpp::scram::{Keyring, Scram};

/// How clients say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sasl {
    /// As guests, by ANONYMOUS.
    Anonymous,
    /// With an account, by SCRAM-SHA-1: client N is `uN`.
    Scram,
}

/// How far it is.
enum Stage {
    /// Waits for the mechanisms.
    Mechanisms,
    /// Waits to hear who it is.
    Proof,
    /// Waits for what there is after login.
    Features,
    /// Waits for its address.
    Bind,
    /// Is in.
    In,
}

/// One client on its way in.
pub(crate) struct Login {
    sasl: Sasl,
    domain: String,
    scram: Scram,
    stage: Stage,
    /// Its full address, once it is in.
    pub(crate) address: String,
}

impl Login {
    /// Of client `n`, to this domain.
    pub(crate) fn new(sasl: Sasl, domain: &str, n: usize) -> Self {
        let scram = Scram::new(&format!("u{n}"));
        Self { sasl, domain: domain.to_owned(), scram, stage: Stage::Mechanisms, address: String::new() }
    }

    /// What opens a stream.
    pub(crate) fn header(&self) -> String {
        format!(
            "<?xml version='1.0'?><stream:stream to='{}' version='1.0' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>",
            self.domain
        )
    }

    /// Whether it has its address.
    pub(crate) fn is_in(&self) -> bool {
        matches!(self.stage, Stage::In)
    }

    /// Takes what has arrived, until it is in, and puts what it has to say into `out`; answers how much is used.
    pub(crate) fn hear(&mut self, bytes: &[u8], keyring: &mut Keyring, out: &mut String) -> Result<usize> {
        let mut used = 0;
        while !self.is_in() {
            let Some((piece, length)) = piece::next(&bytes[used..]) else { break };
            used += length;
            match piece {
                Piece::Frame => {}
                Piece::Element(element) => self.step(element, keyring, out)?,
                Piece::End => return Err(unexpected("the end before login", &bytes[..used])),
            }
        }
        Ok(used)
    }

    fn step(&mut self, element: &[u8], keyring: &mut Keyring, out: &mut String) -> Result<()> {
        let next = match self.stage {
            Stage::Mechanisms if element.starts_with(b"<stream:features") => {
                out.push_str(&self.auth());
                Stage::Proof
            }
            Stage::Proof if element.starts_with(b"<challenge") => {
                let answer = self.scram.last(inner(element), keyring)?;
                out.push_str(&format!(
                    "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{answer}</response>"
                ));
                Stage::Proof
            }
            Stage::Proof if element.starts_with(b"<success") && self.trusts(element) => {
                out.push_str(&self.header());
                Stage::Features
            }
            Stage::Features if element.starts_with(b"<stream:features") => {
                out.push_str(&self.bind());
                Stage::Bind
            }
            Stage::Bind if element.starts_with(b"<iq") && !piece::is_error(element) => {
                let address = between(element, b"<jid>", b"</jid>");
                let address = address.ok_or_else(|| unexpected("no address", element))?;
                self.address = String::from_utf8_lossy(address).into_owned();
                Stage::In
            }
            _ => return Err(unexpected("at login", element)),
        };
        self.stage = next;
        Ok(())
    }

    fn auth(&self) -> String {
        const START: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism=";
        match self.sasl {
            Sasl::Anonymous => format!("{START}'ANONYMOUS'/>"),
            Sasl::Scram => format!("{START}'SCRAM-SHA-1'>{}</auth>", self.scram.first()),
        }
    }

    fn bind(&self) -> String {
        let resource = if self.sasl == Sasl::Scram { "<resource>bench</resource>" } else { "" };
        format!(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{resource}</bind></iq>"
        )
    }

    /// A server that does not know the keys itself must not let anybody in.
    fn trusts(&self, success: &[u8]) -> bool {
        self.sasl == Sasl::Anonymous || self.scram.is_proven_by(inner(success))
    }
}

/// The text in an element that has no others in it.
fn inner(element: &[u8]) -> &[u8] {
    between(element, b">", b"<").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEATURES: &str =
        "<?xml version='1.0'?><stream:stream id='1'><stream:features><mechanisms/></stream:features>";

    fn hear(login: &mut Login, said: &str) -> Result<String> {
        let mut out = String::new();
        login.hear(said.as_bytes(), &mut Keyring::default(), &mut out).map(|_| out)
    }

    #[test]
    fn a_guest_comes_in() {
        let mut login = Login::new(Sasl::Anonymous, "localhost", 3);
        assert!(login.header().contains("to='localhost'"));
        assert!(hear(&mut login, FEATURES).unwrap().contains("'ANONYMOUS'"));
        assert!(hear(&mut login, "<success xmlns='x'/>").unwrap().contains("<stream:stream to="));
        assert!(hear(&mut login, FEATURES).unwrap().contains("<bind"));
        hear(&mut login, "<iq type='result'><bind><jid>a@guest.localhost/b</jid></bind></iq>").unwrap();
        assert!(login.is_in());
        assert_eq!(login.address, "a@guest.localhost/b");
    }

    #[test]
    fn what_comes_after_the_address_is_left() {
        let mut login = Login::new(Sasl::Anonymous, "localhost", 0);
        let whole = format!("{FEATURES}<success/>{FEATURES}<iq><jid>a</jid></iq><message/>");
        let used = login.hear(whole.as_bytes(), &mut Keyring::default(), &mut String::new()).unwrap();
        assert_eq!(&whole[used..], "<message/>");
    }

    #[test]
    fn a_server_that_proves_nothing_is_not_believed() {
        let mut login = Login::new(Sasl::Scram, "localhost", 3);
        hear(&mut login, FEATURES).unwrap();
        assert!(
            hear(&mut login, "<success>dj1hYWFh</success>").unwrap_err().to_string().contains("at login")
        );
    }

    #[test]
    fn a_refusal_is_shown() {
        let mut login = Login::new(Sasl::Anonymous, "localhost", 0);
        hear(&mut login, FEATURES).unwrap();
        let refusal = "<failure xmlns='x'><not-authorized/></failure>";
        assert!(hear(&mut login, refusal).unwrap_err().to_string().contains("<not-authorized/>"));
    }
}
