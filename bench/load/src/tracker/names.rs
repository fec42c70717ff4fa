//! What peers, swarms and offers are called: 20 bytes each, written as a string with one character from U+0000 to U+00FF for
//! each byte, as browsers do.

use fastrand::Rng;

/// Bytes of any id.
const LENGTH: usize = 20;

/// One of the offers that a peer makes with an announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Who makes it.
    pub(crate) sender: u32,
    /// With which of its announces, counted from 1.
    pub(crate) announce: u64,
    /// Which of the offers of that announce it is.
    pub(crate) place: u8,
}

/// The names of a run: those of another run are none of its own.
pub(crate) struct Names {
    run: u64,
    /// Laid over the ids of offers, which then look as random as those of real clients.
    mask: [u8; LENGTH],
}

impl Names {
    /// The names of this run.
    pub(crate) fn new(run: u64) -> Self {
        Self { run, mask: random(run) }
    }

    /// The id of peer `n`, with a client's letters before it.
    pub(crate) fn peer(&self, n: usize) -> String {
        format!("-HL0100-{:06x}{n:06x}", self.run & 0xff_ffff)
    }

    /// The info hash of a swarm.
    pub(crate) fn swarm(&self, number: usize) -> String {
        text(&random(self.run.wrapping_add(1 + number as u64)))
    }

    /// The id of an offer.
    pub(crate) fn offer(&self, offer: Offer) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&offer.sender.to_be_bytes());
        bytes[4..12].copy_from_slice(&offer.announce.to_be_bytes());
        bytes[12] = offer.place;
        text(&self.masked(bytes))
    }

    /// Which offer has this id; `None` if it is none of ours.
    pub(crate) fn read_offer(&self, id: &str) -> Option<Offer> {
        let mut bytes = [0; LENGTH];
        let mut characters = id.chars();
        for byte in &mut bytes {
            *byte = u8::try_from(characters.next()?).ok()?;
        }
        let bytes = self.masked(bytes);
        let (sender, rest) = bytes.split_first_chunk()?;
        let (announce, rest) = rest.split_first_chunk()?;
        let (sender, announce) = (u32::from_be_bytes(*sender), u64::from_be_bytes(*announce));
        let offer = Offer { sender, announce, place: rest[0] };
        // The rest is nothing: an id that was damaged anywhere is found out.
        (self.offer(offer) == id).then_some(offer)
    }

    fn masked(&self, mut bytes: [u8; LENGTH]) -> [u8; LENGTH] {
        bytes.iter_mut().zip(self.mask).for_each(|(byte, mask)| *byte ^= mask);
        bytes
    }
}

fn random(seed: u64) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_twenty_characters_of_a_byte_each() {
        let names = Names::new(u64::MAX);
        let offer = names.offer(Offer { sender: 1, announce: 2, place: 3 });
        for name in [names.peer(9999), names.swarm(7), offer] {
            assert_eq!(name.chars().count(), LENGTH, "{name:?}");
            assert!(name.chars().all(|c| u32::from(c) < 256), "{name:?}");
        }
    }

    #[test]
    fn offers_are_found_by_their_ids() {
        let names = Names::new(5);
        let offer = Offer { sender: 4000, announce: 1 << 40, place: 9 };
        let id = names.offer(offer);
        assert_eq!(names.read_offer(&id), Some(offer));
        assert_eq!(Names::new(6).read_offer(&id), None);
        assert_eq!(names.read_offer(&id.chars().take(19).collect::<String>()), None);
        assert_eq!(names.read_offer(&format!("{id}x")), None);
        assert_eq!(names.read_offer("twenty €€€€€€€€€€€€€"), None);
    }

    #[test]
    fn swarms_and_runs_have_names_of_their_own() {
        let names = Names::new(5);
        assert_ne!(names.swarm(0), names.swarm(1));
        assert_ne!(names.peer(0), Names::new(6).peer(0));
    }
}
