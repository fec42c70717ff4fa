//! What a relayed packet looks like: run, flow and number, then bytes that are another part of one pattern in each packet.
//!
//! Unlike the messages of other scenarios (`stamp`) it is not made of letters: it is written and checked in as many
//! nanoseconds as a server needs to relay it, or the load generator would be the bound.

use crate::check::Fault;
use crate::stamp::Stamp;

/// Length of run, flow and number.
const HEAD: usize = 20;
/// In how many ways packets differ; a prime, so that neighbours and windows do.
const WAYS: u64 = 251;

/// The packets of one run.
pub(crate) struct Packets {
    run: u64,
    size: usize,
    pattern: Vec<u8>,
}

impl Packets {
    /// Each `size` bytes long, which is more than its head.
    pub(crate) fn new(run: u64, size: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(run);
        let pattern = std::iter::repeat_with(|| random.u8(..)).take(size - HEAD + WAYS as usize).collect();
        Self { run, size, pattern }
    }

    /// How long each is.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Appends one.
    pub(crate) fn write(&self, flow: u32, seq: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.run.to_be_bytes());
        out.extend_from_slice(&flow.to_be_bytes());
        out.extend_from_slice(&seq.to_be_bytes());
        out.extend_from_slice(self.filler(flow, seq));
    }

    /// Reads one that `receiver` got.
    ///
    /// # Errors
    /// [`Fault::Foreign`] if it is of another run, [`Fault::Damaged`] if the rest does not go with its head.
    pub(crate) fn read(&self, receiver: usize, packet: &[u8]) -> Result<Stamp, Fault> {
        let stamp = parse(packet).ok_or_else(|| damaged(receiver, 0, packet))?;
        if stamp.run != self.run {
            return Err(Fault::Foreign { receiver, stamp });
        }
        match packet[HEAD..] == *self.filler(stamp.sender, stamp.seq) {
            true => Ok(stamp),
            false => Err(damaged(receiver, stamp.seq, packet)),
        }
    }

    fn filler(&self, flow: u32, seq: u64) -> &[u8] {
        let at = (seq.wrapping_add(u64::from(flow)) % WAYS) as usize;
        &self.pattern[at..at + self.size - HEAD]
    }
}

fn parse(packet: &[u8]) -> Option<Stamp> {
    let (run, rest) = packet.split_first_chunk()?;
    let (flow, rest) = rest.split_first_chunk()?;
    let (seq, _) = rest.split_first_chunk()?;
    Some(Stamp {
        run: u64::from_be_bytes(*run),
        sender: u32::from_be_bytes(*flow),
        seq: u64::from_be_bytes(*seq),
    })
}

fn damaged(receiver: usize, expected: u64, packet: &[u8]) -> Fault {
    Fault::Damaged { receiver, expected, start: format!("{:02x?}", &packet[..packet.len().min(32)]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(packets: &Packets, flow: u32, seq: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        packets.write(flow, seq, &mut bytes);
        bytes
    }

    #[test]
    fn reads_what_it_wrote() {
        let packets = Packets::new(7, 120);
        for (flow, seq) in [(0, 0), (1, 250), (u32::MAX, u64::MAX)] {
            let bytes = packet(&packets, flow, seq);
            assert_eq!(bytes.len(), 120);
            assert_eq!(packets.read(3, &bytes), Ok(Stamp { run: 7, sender: flow, seq }));
        }
    }

    #[test]
    fn damage_shows() {
        let packets = Packets::new(7, 120);
        let right = packet(&packets, 1, 2);
        let mut flipped = right.clone();
        flipped[119] ^= 1;
        let mut other = right.clone();
        other[19] ^= 1;
        let mut longer = right.clone();
        longer.push(0);
        for wrong in [&flipped, &other, &longer, &right[..119].to_vec(), &Vec::new()] {
            assert!(matches!(packets.read(3, wrong), Err(Fault::Damaged { receiver: 3, .. })), "{wrong:?}");
        }
    }

    #[test]
    fn other_runs_are_foreign() {
        let bytes = packet(&Packets::new(8, 120), 1, 2);
        assert!(matches!(Packets::new(7, 120).read(3, &bytes), Err(Fault::Foreign { .. })));
    }
}
