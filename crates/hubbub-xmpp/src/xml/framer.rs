//! Cutting a stream into its head, its stanzas and its end (RFC 6120 §4.2 to §4.4).

use super::builder::{Builder, Rules};
use super::chars::{is_space, legal};
use super::declaration::declaration;
use super::scope::Outer;
use super::syntax::skip_space;
use super::{Element, Limit, Limits, STREAMS, XmlError};

/// What a stream consists of.
#[derive(Debug, Clone)]
pub enum Piece {
    /// `<stream:stream …>`, as an element without children.
    Open(Element),
    /// One element directly inside the stream: a stanza or something of the negotiation.
    Stanza(Element),
    /// `</stream:stream>`. Nothing is read after it.
    Close,
}

/// Where a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was read yet. After a restart white space may come first: it can be what the last stream ended with.
    Begin { restarted: bool },
    /// There was an XML declaration, or white space, which none may follow.
    Prolog,
    /// Between stanzas.
    Between,
    /// In a stanza.
    Inside,
    /// The head was closed in itself: the end is to be said.
    Ending,
    /// The end was read.
    Ended,
    /// Something was wrong.
    Failed(XmlError),
}

/// Reads one direction of one TCP stream.
///
/// Bytes go in by [`push`](Self::push), pieces come out of [`next`](Self::next) until it says `None`. It keeps the
/// piece that is still arriving and what was pushed behind it, nothing else. How the bytes are cut makes no difference.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    phase: Phase,
    /// What was pushed and not handed over.
    buffer: Vec<u8>,
    /// Where in it the piece begins that is being read.
    start: usize,
    /// Up to where it has been found to be UTF-8 and legal characters, and what is wrong there.
    checked: usize,
    fault: Option<XmlError>,
    builder: Builder,
    /// What the stream's head declares, and its name as it is written.
    outer: Outer,
    name: Vec<u8>,
    keepalives: u64,
}

impl Framer {
    /// A stream that begins.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            phase: Phase::Begin { restarted: false },
            buffer: Vec::new(),
            start: 0,
            checked: 0,
            fault: None,
            builder: Builder::default(),
            outer: Outer::NOTHING,
            name: Vec::new(),
            keepalives: 0,
        }
    }

    /// From now on, these limits hold; for the piece that is being read as well.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// A new stream begins on the same connection, with its own head (RFC 6120 §4.3.3). What was pushed already and not
    /// handed over belongs to it.
    pub fn restart(&mut self) {
        self.phase = Phase::Begin { restarted: true };
        self.outer = Outer::NOTHING;
        self.builder.reset();
    }

    /// A new stream begins under a security layer. What was pushed before came without its protection and is forgotten
    /// (RFC 6120 §5.4.3.3; taking it for protected is the class of CVE-2011-0411).
    pub fn clear(&mut self) {
        self.restart();
        self.phase = Phase::Begin { restarted: false };
        self.forget();
    }

    /// How many bytes of white space came between stanzas: signs of life (RFC 6120 §4.6.1).
    pub fn keepalives(&self) -> u64 {
        self.keepalives
    }

    /// How many bytes it keeps.
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Takes what was received. After the end, or a fault, it is not kept.
    pub fn push(&mut self, bytes: &[u8]) {
        if matches!(self.phase, Phase::Ended | Phase::Failed(_)) {
            return;
        }
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.checked -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next piece; `None` if more has to be pushed first, or the end was read.
    ///
    /// # Errors
    /// What the peer sent is no XMPP. The same is said from then on.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would be over at None, this goes on after push"
    )]
    pub fn next(&mut self) -> Result<Option<Piece>, XmlError> {
        self.check();
        let piece = self.read();
        match &piece {
            Err(error) => self.fail(*error),
            Ok(Some(Piece::Close)) => self.forget(),
            Ok(None) if self.buffered() == 0 => self.rest(),
            Ok(_) => {}
        }
        piece
    }
}

/// Keeping bytes.
impl Framer {
    /// Looks at what was pushed since the last time.
    fn check(&mut self) {
        if self.fault.is_none() && self.checked < self.buffer.len() {
            let (len, fault) = legal(&self.buffer[self.checked..]);
            self.checked += len;
            self.fault = fault;
        }
    }

    /// What there is of the piece that is being read; one byte more than it may have, if there are so many.
    fn view(&self) -> &[u8] {
        let most = self.start + self.limits.bytes() + 1;
        &self.buffer[self.start..self.checked.min(most)]
    }

    /// The piece is not all there. Whether that can still be mended.
    fn wait(&self) -> Result<Option<Piece>, XmlError> {
        let len = self.checked - self.start;
        match self.fault {
            _ if len > self.limits.bytes() => Err(XmlError::TooLarge(Limit::Bytes)),
            Some(fault) => Err(fault),
            None => Ok(None),
        }
    }

    fn fail(&mut self, error: XmlError) {
        self.phase = Phase::Failed(error);
        self.forget();
    }

    fn forget(&mut self) {
        self.buffer = Vec::new();
        (self.start, self.checked, self.fault) = (0, 0, None);
        self.builder = Builder::default();
    }

    /// Nothing is left to read: an idle stream keeps hardly any memory.
    fn rest(&mut self) {
        self.buffer = Vec::new();
        (self.start, self.checked) = (0, 0);
        self.builder = Builder::default();
    }
}

/// Reading.
impl Framer {
    fn read(&mut self) -> Result<Option<Piece>, XmlError> {
        loop {
            match self.phase {
                Phase::Begin { restarted } => match self.begin(restarted)? {
                    true => self.phase = Phase::Prolog,
                    false => return self.wait(),
                },
                Phase::Prolog => return self.head(),
                Phase::Between => match self.between()? {
                    Some(b'/') => return self.close(),
                    Some(_) => self.phase = Phase::Inside,
                    None => return self.wait(),
                },
                Phase::Inside => return self.stanza(),
                Phase::Ending => {
                    self.phase = Phase::Ended;
                    return Ok(Some(Piece::Close));
                }
                Phase::Ended => return Ok(None),
                Phase::Failed(error) => return Err(error),
            }
        }
    }

    /// Takes the XML declaration if there is one. Whether it is known that there is none any more.
    fn begin(&mut self, restarted: bool) -> Result<bool, XmlError> {
        if restarted {
            self.skip_space();
        }
        match self.view() {
            [b'<', b'?', ..] => {
                let Some(end) = declaration(self.view())? else { return Ok(false) };
                self.start += end;
                Ok(true)
            }
            [] | [b'<'] => Ok(false),
            _ => Ok(true),
        }
    }

    fn head(&mut self) -> Result<Option<Piece>, XmlError> {
        self.skip_space();
        match self.view() {
            [] | [b'<'] => return self.wait(),
            [b'<', b'!' | b'?', ..] => return Err(XmlError::RestrictedXml),
            [b'<', ..] => {}
            _ => return Err(XmlError::NotWellFormed),
        }
        let (mut builder, outer) = (std::mem::take(&mut self.builder), Outer::NOTHING);
        let rules = Rules { outer: &outer, limits: &self.limits };
        let read = builder.head(self.view(), rules);
        self.builder = builder;
        let Some((end, closed)) = read? else { return self.wait() };
        self.opened(end, closed).map(Some)
    }

    /// The head was read: what it means for all that follows.
    fn opened(&mut self, end: usize, closed: bool) -> Result<Piece, XmlError> {
        let tag = &self.buffer[self.start..self.start + end];
        let head = self.builder.finish_head(tag);
        if head.ns() != STREAMS {
            return Err(XmlError::InvalidNamespace);
        }
        if head.name() != "stream" {
            return Err(XmlError::BadFormat);
        }
        self.outer = self.builder.declared(tag);
        self.name = head.root().written_name().to_vec();
        self.builder.reset();
        self.start += end;
        self.phase = if closed { Phase::Ending } else { Phase::Between };
        Ok(Piece::Open(head))
    }

    /// Takes white space. Says what follows the `<` of what comes next; `None` if that is not there yet.
    fn between(&mut self) -> Result<Option<u8>, XmlError> {
        self.keepalives += self.skip_space();
        match *self.view() {
            [b'<', next, ..] => Ok(Some(next)),
            [] | [b'<'] => Ok(None),
            _ => Err(XmlError::BadFormat),
        }
    }

    fn skip_space(&mut self) -> u64 {
        let view = &self.buffer[self.start..self.checked];
        let len = if view.first().is_some_and(|&byte| is_space(byte)) { skip_space(view, 0) } else { 0 };
        self.start += len;
        len as u64
    }

    fn close(&mut self) -> Result<Option<Piece>, XmlError> {
        let most = self.start + self.limits.bytes() + 1;
        let view = &self.buffer[self.start..self.checked.min(most)];
        match self.builder.closing_tag_of(view, &self.name)? {
            Some(end) if end > self.limits.bytes() => Err(XmlError::TooLarge(Limit::Bytes)),
            Some(_) => {
                self.phase = Phase::Ended;
                Ok(Some(Piece::Close))
            }
            None => self.wait(),
        }
    }

    fn stanza(&mut self) -> Result<Option<Piece>, XmlError> {
        let rules = Rules { outer: &self.outer, limits: &self.limits };
        let most = self.start + self.limits.bytes() + 1;
        let view = &self.buffer[self.start..self.checked.min(most)];
        let Some(end) = self.builder.advance(view, rules)? else { return self.wait() };
        let element = self.builder.finish(&view[..end], rules)?;
        self.builder.reset();
        self.start += end;
        self.phase = Phase::Between;
        Ok(Some(Piece::Stanza(element)))
    }
}
