//! What waits for ids that nobody has yet: a page that is just being loaded again is soon back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

use super::counts::{Full, Share};
use super::message::Kind;
use super::{Counts, PeerId, PeerJsSettings};

/// What a message that waits costs beside its bytes.
const OVERHEAD: usize = 256;

/// A message on its way.
#[derive(Debug, Clone)]
pub(super) struct Parcel {
    pub(super) kind: Kind,
    pub(super) src: PeerId,
    pub(super) dst: PeerId,
    /// Of whoever sent it.
    pub(super) share: Arc<Share>,
    /// As it is on the wire.
    pub(super) frame: Bytes,
}

/// Messages by whom they are for. All that waits for one id is given up together: when the first of it has waited long enough.
pub(super) struct Awaited {
    by_id: HashMap<PeerId, Waiting>,
    /// When what waits for whom is given up; what was handed out meanwhile is passed over.
    order: VecDeque<(u64, PeerId)>,
    counts: Arc<Counts>,
}

struct Waiting {
    due_ms: u64,
    parcels: Vec<Parcel>,
}

impl Awaited {
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        Self { by_id: HashMap::new(), order: VecDeque::new(), counts }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Keeps `parcel`. Gives what does not wait any longer: what has made room for it, or itself.
    pub(super) fn put(&mut self, parcel: Parcel, now_ms: u64, settings: &PeerJsSettings) -> Vec<Parcel> {
        let held = self.by_id.get(&parcel.dst).map_or(0, |waiting| waiting.parcels.len());
        if held >= settings.waiting {
            return vec![parcel];
        }
        let mut gone = Vec::new();
        while let Err(full) = self.counts.add_waiting(cost(&parcel), &parcel.share, settings) {
            let makes_room = (full == Full::All).then(|| self.who_makes_room_for(&parcel)).flatten();
            match makes_room {
                Some(share) => gone.append(&mut self.give_up(&share)),
                None => {
                    gone.push(parcel);
                    return gone;
                }
            }
        }
        let waiting = self.by_id.entry(parcel.dst.clone()).or_insert_with(|| {
            let due_ms = now_ms + settings.expire_ms;
            self.order.push_back((due_ms, parcel.dst.clone()));
            Waiting { due_ms, parcels: Vec::new() }
        });
        waiting.parcels.push(parcel);
        gone
    }

    /// Whose messages make room for this one, if it is full: of those who are gone, or of whoever has most, if that is more than its
    /// sender then has. Only what waits here is looked at; ids are spread so that nobody fills all places but one.
    fn who_makes_room_for(&self, parcel: &Parcel) -> Option<Arc<Share>> {
        let least = parcel.share.weight().saturating_add(cost(parcel));
        let all = self.by_id.values().flat_map(|waiting| &waiting.parcels);
        let largest = all.map(|other| &other.share).max_by_key(|share| share.weight())?;
        (largest.weight() > least).then(|| largest.clone())
    }

    /// What of this share waits here waits no longer; nor does anything of those who are gone, if it is of one of them.
    fn give_up(&mut self, share: &Arc<Share>) -> Vec<Parcel> {
        let is_left = share.weight() == usize::MAX;
        let goes = |parcel: &mut Parcel| match is_left {
            true => parcel.share.weight() == usize::MAX,
            false => Arc::ptr_eq(&parcel.share, share),
        };
        let mut gone = Vec::new();
        self.by_id.retain(|_, waiting| {
            gone.extend(waiting.parcels.extract_if(.., |parcel| goes(parcel)));
            !waiting.parcels.is_empty()
        });
        give_back(&self.counts, &gone);
        gone
    }

    /// What waits for `id`, which has come.
    pub(super) fn take(&mut self, id: &PeerId) -> Vec<Parcel> {
        let parcels = self.by_id.remove(id).map(|waiting| waiting.parcels).unwrap_or_default();
        give_back(&self.counts, &parcels);
        parcels
    }

    /// What has waited long enough, for one id after the other.
    pub(super) fn take_due(&mut self, now_ms: u64) -> Option<Vec<Parcel>> {
        while self.order.front().is_some_and(|(due_ms, _)| *due_ms <= now_ms) {
            let (due_ms, id) = self.order.pop_front()?;
            if self.by_id.get(&id).is_some_and(|waiting| waiting.due_ms == due_ms) {
                return Some(self.take(&id));
            }
        }
        None
    }

    /// When [`Self::take_due`] may have something, in process time.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.order.front().map(|(due_ms, _)| *due_ms)
    }
}

fn cost(parcel: &Parcel) -> usize {
    parcel.frame.len() + OVERHEAD
}

/// These wait no longer.
fn give_back(counts: &Counts, parcels: &[Parcel]) {
    parcels.iter().for_each(|parcel| counts.remove_waiting(cost(parcel), &parcel.share));
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.by_id.values().for_each(|waiting| give_back(&self.counts, &waiting.parcels));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;

    fn parcel(src: &str, dst: &str) -> Parcel {
        let id = |text| PeerId::parse(text).unwrap();
        let frame = Bytes::from_static(b"0123456789");
        Parcel { kind: Kind::Offer, src: id(src), dst: id(dst), share: Arc::default(), frame }
    }

    fn sources(parcels: &[Parcel]) -> String {
        parcels.iter().map(|parcel| parcel.src.as_str()).collect()
    }

    #[test]
    fn for_a_while_and_no_more_than_there_is_room() {
        let settings = PeerJsSettings { waiting: 2, waiting_bytes: 5 * 266, ..PeerJsSettings::default() };
        let mut awaited = Awaited::new(settings.counts.clone());
        let mut put = |at_ms, src, dst| awaited.put(parcel(src, dst), at_ms, &settings).is_empty();
        assert!(put(1000, "1", "a") && put(2000, "2", "a") && !put(2000, "3", "a"));
        assert!(put(3000, "4", "b") && put(3000, "5", "b") && put(3000, "6", "c") && !put(3000, "7", "c"));
        assert_eq!(settings.counts.waiting_bytes(), 5 * 266);
        assert_eq!(awaited.take_due(5999).map(|due| sources(&due)), None);
        assert_eq!(awaited.take_due(6000).map(|due| sources(&due)).as_deref(), Some("12"));
        assert_eq!(sources(&awaited.take(&PeerId::parse("b").unwrap())), "45");
        assert!(awaited.put(parcel("8", "b"), 7000, &settings).is_empty(), "another time");
        assert_eq!(awaited.take_due(8000).map(|due| sources(&due)).as_deref(), Some("6"));
        assert_eq!(awaited.take_due(8000).map(|due| sources(&due)), None);
        assert_eq!(awaited.deadline(), Some(12_000));
        drop(awaited);
        assert_eq!(settings.counts.waiting_bytes(), 0);
    }

    #[test]
    fn one_sender_leaves_room_for_others() {
        let settings = PeerJsSettings { waiting_share: 2 * 266, ..PeerJsSettings::default() };
        let boards = [(); 2].map(|()| Awaited::new(settings.counts.clone()));
        let [mut here, mut there] = boards;
        let share = Arc::<Share>::default();
        let put = |awaited: &mut Awaited, parcel| awaited.put(parcel, 1000, &settings).is_empty();
        let of_one = |dst| Parcel { share: share.clone(), ..parcel("1", dst) };
        assert!(put(&mut here, of_one("a")) && put(&mut there, of_one("b")));
        assert!(!put(&mut here, of_one("c")) && put(&mut here, parcel("2", "c")), "its own share is full");
        there.take(&PeerId::parse("b").unwrap());
        assert!(put(&mut here, of_one("d")), "and has room when something of it waits no more");
        drop(here);
        assert!(
            put(&mut there, of_one("e")) && put(&mut there, of_one("f")) && !put(&mut there, of_one("g"))
        );
    }

    #[test]
    fn who_is_gone_and_then_who_has_most_makes_room() {
        let settings = PeerJsSettings { waiting_bytes: 5 * 266, ..PeerJsSettings::default() };
        let mut awaited = Awaited::new(settings.counts.clone());
        let shares: [Arc<Share>; 6] = std::array::from_fn(|_| Arc::default());
        let mut put = |who: usize, dst| {
            let parcel = Parcel { share: shares[who].clone(), ..parcel(&who.to_string(), dst) };
            let mut gone = awaited.put(parcel, 1000, &settings);
            gone.sort_by(|a, b| a.src.cmp(&b.src));
            sources(&gone)
        };
        for (who, dst) in [(0, "a"), (1, "b"), (2, "a"), (2, "b"), (3, "c")] {
            assert_eq!(put(who, dst), "");
        }
        shares[..2].iter().for_each(|share| share.leave());
        assert_eq!(put(4, "a"), "01", "those who are gone");
        assert_eq!((put(5, "d").as_str(), put(1, "d").as_str()), ("", "1"), "who is gone makes nobody go");
        assert_eq!(put(3, "d"), "3", "nobody has more than he would have");
        assert_eq!(put(0, "d"), "0");
        let fresh = Parcel { share: Arc::default(), ..parcel("6", "e") };
        assert_eq!(sources(&awaited.put(fresh, 1000, &settings)), "22", "who has most");
        assert_eq!(settings.counts.waiting_bytes(), 4 * 266);
    }
}
