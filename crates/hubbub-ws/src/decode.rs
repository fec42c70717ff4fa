//! From received bytes to messages (RFC 6455 §5, §6.2, §8).

use crate::frame::Header;
use crate::message::Message;
use crate::{CloseFrame, Config, Error, Inflater, Kind, MAX_HEADER, Opcode, Role, apply_mask, utf8};
use flate2::Decompress;
use std::mem;

/// What the peer sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping, to be answered with a pong of the same payload (at most 125 bytes).
    Ping(&'a [u8]),
    /// A pong, at most 125 bytes.
    Pong(&'a [u8]),
    /// The end, to be answered with a close frame if we have not sent one. Nothing follows.
    Close(Option<CloseFrame<'a>>),
}

/// The receiving half of one connection.
///
/// Feed it bytes as they arrive, however they are cut. A message that lies whole and uncompressed in the
/// input is handed out as a slice of it, unmasked in place; everything else is collected until it is
/// complete. Between messages the decoder holds no heap memory, except for the inflater of a peer that was
/// allowed context takeover.
///
/// Text is checked as it arrives: the first byte that cannot be UTF-8 is an error, even in the middle of a
/// frame. Compressed text is checked once inflated.
///
/// # Security
///
/// Memory for a message grows with the bytes that arrived, not with the length a header announces, and stays
/// within [`Limits`](crate::Limits). A message that inflates beyond the limit is given up where it passes it.
#[derive(Debug)]
pub struct Decoder {
    config: Config,
    header: PartialHeader,
    /// The frame whose payload is being received.
    frame: Option<Frame>,
    /// The message whose fragments are being received, or that was just handed out.
    message: Option<Box<Message>>,
    /// The control frame that is being received in pieces, or that was just handed out; else empty.
    control: Vec<u8>,
    /// The peer's compression context, if it is carried from message to message.
    context: Option<Box<Decompress>>,
    delivered: Delivered,
    closed: bool,
}

const _: () = assert!(size_of::<Decoder>() <= 128, "an idle connection must stay small");

/// The bytes of a header that is not all there yet.
#[derive(Debug, Default)]
struct PartialHeader {
    bytes: [u8; MAX_HEADER],
    len: u8,
}

/// The rest of the frame being received.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    compressed: bool,
    /// The masking key, turned so that it starts at the next byte; zeros do not mask.
    mask: [u8; 4],
    remaining: usize,
}

/// Which of the decoder's own buffers the caller was last given, and can be dropped.
#[derive(Debug, Clone, Copy)]
enum Delivered {
    Nothing,
    Message,
    Control,
}

/// A complete payload, and where it lies.
#[derive(Clone, Copy)]
enum Ready<'i> {
    Message { kind: Kind, compressed: bool, input: &'i [u8] },
    Control { opcode: Opcode, input: &'i [u8] },
    OwnMessage,
    OwnControl { opcode: Opcode },
}

impl Decoder {
    /// A decoder for a connection whose handshake is done.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            header: PartialHeader::default(),
            frame: None,
            message: None,
            control: Vec::new(),
            context: None,
            delivered: Delivered::Nothing,
            closed: false,
        }
    }

    /// The next message or control frame in `input`, which is moved past it. `Ok(None)` means that `input` is
    /// used up: come back with more.
    ///
    /// The `inflater` is scratch space for compressed messages; one serves all connections of a thread, and
    /// it is not touched by connections without compression. What is handed out borrows from the input, the
    /// decoder or the inflater, and has to be dealt with before the next call.
    ///
    /// # Errors
    ///
    /// What the peer did wrong. After an error, and after [`Incoming::Close`], input is discarded and every
    /// call returns `Ok(None)`.
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i mut [u8],
        inflater: &'a mut Inflater,
    ) -> Result<Option<Incoming<'a>>, Error> {
        self.release();
        if self.closed {
            *input = &mut [];
            return Ok(None);
        }
        match self.advance(input) {
            Ok(None) => Ok(None),
            Ok(Some(ready)) => self.deliver(ready, inflater).map(Some),
            Err(error) => {
                self.closed = true;
                Err(error)
            }
        }
    }

    /// Whether the connection has ended, by a close frame or by an error.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Drops what the caller has seen, and everything once the connection has ended.
    fn release(&mut self) {
        match mem::replace(&mut self.delivered, Delivered::Nothing) {
            Delivered::Nothing => {}
            Delivered::Message => self.message = None,
            Delivered::Control => self.control = Vec::new(),
        }
        if self.closed {
            (self.message, self.control, self.context) = (None, Vec::new(), None);
        }
    }

    /// Takes bytes from `input` until a message or control frame is complete.
    fn advance<'i>(&mut self, input: &mut &'i mut [u8]) -> Result<Option<Ready<'i>>, Error> {
        loop {
            let frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.header.read(input)? {
                    Some(header) => self.begin(&header)?,
                    None => return Ok(None),
                },
            };
            let ready = self.receive(frame, input)?;
            if ready.is_some() || self.frame.is_some() {
                return Ok(ready);
            }
        }
    }

    /// Checks a header against the connection, and begins its frame.
    fn begin(&mut self, header: &Header) -> Result<Frame, Error> {
        match (self.config.role, header.mask) {
            (Role::Server, None) => return Err(Error::Unmasked),
            (Role::Client, Some(_)) => return Err(Error::Masked),
            _ => {}
        }
        let compressed = self.check_compression(header)?;
        self.check_sequence(header.opcode)?;
        let remaining = self.check_size(header, compressed)?;
        let mask = header.mask.unwrap_or_default();
        Ok(Frame { opcode: header.opcode, fin: header.fin, compressed, mask, remaining })
    }

    /// Whether the frame begins a compressed message (RFC 7692 §6.1).
    fn check_compression(&self, header: &Header) -> Result<bool, Error> {
        match header.opcode {
            _ if !header.rsv1 => Ok(false),
            _ if self.config.deflate.is_none() => Err(Error::ReservedBits),
            Opcode::Continuation => Err(Error::CompressedContinuation),
            Opcode::Text | Opcode::Binary => Ok(true),
            Opcode::Close | Opcode::Ping | Opcode::Pong => Err(Error::CompressedControl),
        }
    }

    /// The fragments of two messages do not mix (RFC 6455 §5.4).
    fn check_sequence(&self, opcode: Opcode) -> Result<(), Error> {
        match (opcode, &self.message) {
            (Opcode::Continuation, None) => Err(Error::UnexpectedContinuation),
            (Opcode::Text | Opcode::Binary, Some(_)) => Err(Error::ExpectedContinuation),
            _ => Ok(()),
        }
    }

    /// Counts the frame, and holds its length and that of its message so far against the limits.
    fn check_size(&mut self, header: &Header, compressed: bool) -> Result<usize, Error> {
        let limits = self.config.limits;
        let len = usize::try_from(header.len).map_err(|_| Error::FrameTooBig)?;
        if header.opcode.is_control() {
            return Ok(len);
        }
        let (mut before, mut compressed, mut fragments) = (0, compressed, 1);
        if let Some(message) = &mut self.message {
            message.fragments += 1;
            (before, compressed, fragments) = (message.bytes().len(), message.compressed, message.fragments);
        }
        let most = if compressed { deflated_limit(limits.message) } else { limits.message };
        if fragments > limits.fragments {
            Err(Error::TooManyFragments)
        } else if len > limits.frame {
            Err(Error::FrameTooBig)
        } else if len > most - before {
            Err(Error::MessageTooBig)
        } else {
            Ok(len)
        }
    }

    /// Takes what `input` has of the frame. Leaves the frame in `self.frame` if it has not all of it.
    fn receive<'i>(
        &mut self,
        mut frame: Frame,
        input: &mut &'i mut [u8],
    ) -> Result<Option<Ready<'i>>, Error> {
        let len = frame.remaining.min(input.len());
        if len == 0 && frame.remaining > 0 {
            self.frame = Some(frame);
            return Ok(None);
        }
        let (piece, rest) = mem::take(input).split_at_mut(len);
        *input = rest;
        frame.unmask(piece);
        let ready = match frame.opcode {
            Opcode::Text => self.receive_data(&frame, Kind::Text, piece)?,
            Opcode::Binary => self.receive_data(&frame, Kind::Binary, piece)?,
            Opcode::Continuation => self.receive_more(&frame, piece)?,
            Opcode::Close | Opcode::Ping | Opcode::Pong => self.receive_control(&frame, piece),
        };
        self.frame = (frame.remaining > 0).then_some(frame);
        Ok(ready)
    }

    /// The first frame of a message: not to be stored if it is all there is and all there.
    fn receive_data<'i>(
        &mut self,
        frame: &Frame,
        kind: Kind,
        piece: &'i [u8],
    ) -> Result<Option<Ready<'i>>, Error> {
        if self.message.is_none() {
            let compressed = frame.compressed;
            if frame.fin && frame.remaining == 0 {
                return Ok(Some(Ready::Message { kind, compressed, input: piece }));
            }
            self.message = Some(Box::new(Message::new(kind, compressed)));
        }
        self.receive_more(frame, piece)
    }

    fn receive_more<'i>(&mut self, frame: &Frame, piece: &[u8]) -> Result<Option<Ready<'i>>, Error> {
        let message = self.message.as_mut().expect("check_sequence saw a message to continue");
        message.append(piece, frame.remaining)?;
        Ok((frame.fin && frame.remaining == 0).then_some(Ready::OwnMessage))
    }

    fn receive_control<'i>(&mut self, frame: &Frame, piece: &'i [u8]) -> Option<Ready<'i>> {
        let opcode = frame.opcode;
        if self.control.is_empty() && frame.remaining == 0 {
            return Some(Ready::Control { opcode, input: piece });
        }
        self.control.extend_from_slice(piece);
        (frame.remaining == 0).then_some(Ready::OwnControl { opcode })
    }

    /// Makes what is handed out of a complete payload.
    fn deliver<'a, 'i: 'a>(
        &'a mut self,
        ready: Ready<'i>,
        inflater: &'a mut Inflater,
    ) -> Result<Incoming<'a>, Error> {
        let incoming = match ready {
            Ready::Control { opcode, input } => control(opcode, input),
            Ready::OwnControl { opcode } => {
                self.delivered = Delivered::Control;
                control(opcode, &self.control)
            }
            Ready::Message { kind, compressed: false, input } => data(kind, input),
            Ready::Message { kind, compressed: true, input } => {
                inflate(&self.config, &mut self.context, inflater, input).and_then(|bytes| data(kind, bytes))
            }
            Ready::OwnMessage => {
                self.delivered = Delivered::Message;
                let message = self.message.as_ref().expect("it was received in pieces");
                match message.compressed {
                    false => data(message.kind, message.bytes()),
                    true => inflate(&self.config, &mut self.context, inflater, message.bytes())
                        .and_then(|bytes| data(message.kind, bytes)),
                }
            }
        };
        self.closed = matches!(incoming, Ok(Incoming::Close(_)) | Err(_));
        incoming
    }
}

impl PartialHeader {
    /// Reads a header from what was kept and what `input` adds. Keeps what is too little.
    fn read(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, Error> {
        let kept = usize::from(self.len);
        let fresh = input.len().min(MAX_HEADER - kept);
        self.bytes[kept..kept + fresh].copy_from_slice(&input[..fresh]);
        let parsed = Header::parse(&self.bytes[..kept + fresh])?;
        let used = parsed.map_or(fresh, |(_, len)| len - kept);
        self.len = if parsed.is_some() { 0 } else { (kept + fresh) as u8 };
        *input = &mut mem::take(input)[used..];
        Ok(parsed.map(|(header, _)| header))
    }
}

impl Frame {
    /// Unmasks the next piece of the payload and counts it off.
    fn unmask(&mut self, piece: &mut [u8]) {
        if self.mask != [0; 4] {
            apply_mask(piece, self.mask);
            self.mask.rotate_left(piece.len() % 4);
        }
        self.remaining -= piece.len();
    }
}

/// How many bytes a compressed message may take on the wire, given what it may take inflated.
fn deflated_limit(message: usize) -> usize {
    message.saturating_add(message / 8).saturating_add(64)
}

fn inflate<'a>(
    config: &Config,
    context: &mut Option<Box<Decompress>>,
    inflater: &'a mut Inflater,
    payload: &[u8],
) -> Result<&'a [u8], Error> {
    let deflate = config.deflate.as_ref().expect("check_compression saw that it was negotiated");
    match deflate.receiving(config.role) {
        (_, false) => inflater.inflate(payload, config.limits.message),
        (bits, true) => inflater.inflate_in_context(context, bits, payload, config.limits.message),
    }
}

fn data(kind: Kind, bytes: &[u8]) -> Result<Incoming<'_>, Error> {
    match kind {
        Kind::Text => utf8::check_whole(bytes).map(Incoming::Text),
        Kind::Binary => Ok(Incoming::Binary(bytes)),
    }
}

fn control(opcode: Opcode, payload: &[u8]) -> Result<Incoming<'_>, Error> {
    match opcode {
        Opcode::Close => CloseFrame::parse(payload).map(Incoming::Close),
        Opcode::Ping => Ok(Incoming::Ping(payload)),
        _ => Ok(Incoming::Pong(payload)),
    }
}
