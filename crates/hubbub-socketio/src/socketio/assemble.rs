//! A packet and its attachments, which follow it in messages of their own.

use super::{Fault, Limits, OwnedPacket, Packet, Protocol, placeholders};
use bytes::Bytes;

/// Puts packets together: one for each connection. It holds memory only while attachments are missing.
#[derive(Debug, Default)]
pub struct Assembler {
    pending: Option<Box<Pending>>,
}

/// A packet whose attachments are still coming.
#[derive(Debug)]
struct Pending {
    packet: OwnedPacket,
    missing: u32,
    bytes: usize,
}

impl Assembler {
    /// An assembler that waits for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A text message came. Returns the packet in it, unless its attachments have to be waited for.
    ///
    /// # Errors
    ///
    /// What is wrong with it; or that it came where attachments are missing. The connection is to be closed.
    pub fn text<'a>(
        &mut self,
        protocol: Protocol,
        text: &'a str,
        limits: &Limits,
    ) -> Result<Option<Packet<'a>>, Fault> {
        if self.pending.is_some() {
            return Err(Fault::UnexpectedText);
        }
        let packet = Packet::decode(protocol, text, limits)?;
        if packet.kind.is_binary() {
            placeholders(packet.payload.unwrap_or_default(), packet.attachments as usize)?;
        }
        if packet.attachments == 0 {
            return Ok(Some(packet));
        }
        self.pending = Some(Box::new(Pending::new(&packet)));
        Ok(None)
    }

    /// A binary message came. Returns the packet, if this was its last attachment.
    ///
    /// # Errors
    ///
    /// No attachment is missing, or they are too large. The connection is to be closed.
    pub fn binary(&mut self, attachment: Bytes, limits: &Limits) -> Result<Option<OwnedPacket>, Fault> {
        let Some(mut pending) = self.pending.take() else { return Err(Fault::UnexpectedBinary) };
        pending.bytes = pending.bytes.saturating_add(attachment.len());
        if pending.bytes > limits.attachment_bytes {
            return Err(Fault::TooManyAttachments);
        }
        pending.packet.attachments.push(attachment);
        pending.missing -= 1;
        if pending.missing == 0 {
            return Ok(Some(pending.packet));
        }
        self.pending = Some(pending);
        Ok(None)
    }

    /// Whether attachments are missing.
    pub fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }
}

impl Pending {
    fn new(packet: &Packet<'_>) -> Self {
        let owned = OwnedPacket {
            kind: packet.kind,
            namespace: packet.namespace.to_owned(),
            query: packet.query.map(str::to_owned),
            id: packet.id,
            payload: packet.payload.map(str::to_owned),
            attachments: Vec::new(),
        };
        Self { packet: owned, missing: packet.attachments, bytes: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"52-/admin,7["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

    fn text<'a>(assembler: &mut Assembler, text: &'a str) -> Result<Option<Packet<'a>>, Fault> {
        assembler.text(Protocol::V5, text, &Limits::default())
    }

    fn binary(assembler: &mut Assembler, bytes: &'static [u8]) -> Result<Option<OwnedPacket>, Fault> {
        let limits = Limits { attachment_bytes: 4, ..Limits::default() };
        assembler.binary(Bytes::from_static(bytes), &limits)
    }

    #[test]
    fn attachments_in_order() {
        let mut assembler = Assembler::new();
        assert_eq!(text(&mut assembler, TWO), Ok(None));
        assert_eq!(binary(&mut assembler, &[1, 2]), Ok(None));
        assert!(assembler.is_waiting());
        let packet = binary(&mut assembler, &[3, 4]).unwrap().unwrap();
        assert!(!assembler.is_waiting());
        assert_eq!(packet.attachments, [Bytes::from_static(&[1, 2]), Bytes::from_static(&[3, 4])]);
        let event = packet.as_packet().event.unwrap();
        assert_eq!((event.name.as_ref(), event.args.len(), packet.id), ("baz", 2, Some(7)));
        assert_eq!(packet.namespace, "/admin");
    }

    #[test]
    fn what_comes_at_the_wrong_time() {
        let mut assembler = Assembler::new();
        assert_eq!(binary(&mut assembler, &[1]), Err(Fault::UnexpectedBinary));
        assert_eq!(text(&mut assembler, TWO), Ok(None));
        assert_eq!(text(&mut assembler, r#"2["a"]"#), Err(Fault::UnexpectedText));
    }

    #[test]
    fn too_many_bytes() {
        let mut assembler = Assembler::new();
        assert_eq!(text(&mut assembler, TWO), Ok(None));
        assert_eq!(binary(&mut assembler, &[1, 2, 3]), Ok(None));
        assert_eq!(binary(&mut assembler, &[4, 5]), Err(Fault::TooManyAttachments));
        assert_eq!(binary(&mut assembler, &[4]), Err(Fault::UnexpectedBinary));
    }

    #[test]
    fn none_announced_none_awaited() {
        let mut assembler = Assembler::new();
        assert!(text(&mut assembler, r#"50-["a"]"#).unwrap().is_some());
        assert!(!assembler.is_waiting());
        let stray = r#"50-["a",{"_placeholder":true,"num":0}]"#;
        assert_eq!(text(&mut assembler, stray), Err(Fault::Placeholder));
    }
}
