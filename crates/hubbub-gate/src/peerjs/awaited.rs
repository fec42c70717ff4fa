//! What waits for ids that nobody has yet: a page that is just being loaded again is soon back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;

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

    /// Keeps `parcel`, or gives it back if there is no room.
    pub(super) fn put(
        &mut self,
        parcel: Parcel,
        now_ms: u64,
        settings: &PeerJsSettings,
    ) -> Result<(), Parcel> {
        let held = self.by_id.get(&parcel.dst).map_or(0, |waiting| waiting.parcels.len());
        if held >= settings.waiting || !self.counts.add_waiting(cost(&parcel), settings.waiting_bytes) {
            return Err(parcel);
        }
        let waiting = self.by_id.entry(parcel.dst.clone()).or_insert_with(|| {
            let due_ms = now_ms + settings.expire_ms;
            self.order.push_back((due_ms, parcel.dst.clone()));
            Waiting { due_ms, parcels: Vec::new() }
        });
        waiting.parcels.push(parcel);
        Ok(())
    }

    /// What waits for `id`, which has come.
    pub(super) fn take(&mut self, id: &PeerId) -> Vec<Parcel> {
        let parcels = self.by_id.remove(id).map(|waiting| waiting.parcels).unwrap_or_default();
        self.counts.remove_waiting(parcels.iter().map(cost).sum());
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

impl Drop for Awaited {
    fn drop(&mut self) {
        let parcels = self.by_id.values().flat_map(|waiting| &waiting.parcels);
        self.counts.remove_waiting(parcels.map(cost).sum());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use super::*;

    fn parcel(src: &str, dst: &str) -> Parcel {
        let id = |text| PeerId::parse(text).unwrap();
        Parcel { kind: Kind::Offer, src: id(src), dst: id(dst), frame: Bytes::from_static(b"0123456789") }
    }

    fn sources(parcels: &[Parcel]) -> String {
        parcels.iter().map(|parcel| parcel.src.as_str()).collect()
    }

    #[test]
    fn for_a_while_and_no_more_than_there_is_room() {
        let settings = PeerJsSettings { waiting: 2, waiting_bytes: 5 * 266, ..PeerJsSettings::default() };
        let mut awaited = Awaited::new(settings.counts.clone());
        let mut put = |at_ms, src, dst| awaited.put(parcel(src, dst), at_ms, &settings).is_ok();
        assert!(put(1000, "1", "a") && put(2000, "2", "a") && !put(2000, "3", "a"));
        assert!(put(3000, "4", "b") && put(3000, "5", "b") && put(3000, "6", "c") && !put(3000, "7", "c"));
        assert_eq!(settings.counts.waiting_bytes(), 5 * 266);
        assert_eq!(awaited.take_due(5999).map(|due| sources(&due)), None);
        assert_eq!(awaited.take_due(6000).map(|due| sources(&due)).as_deref(), Some("12"));
        assert_eq!(sources(&awaited.take(&PeerId::parse("b").unwrap())), "45");
        assert!(awaited.put(parcel("8", "b"), 7000, &settings).is_ok(), "another time");
        assert_eq!(awaited.take_due(8000).map(|due| sources(&due)).as_deref(), Some("6"));
        assert_eq!(awaited.take_due(8000).map(|due| sources(&due)), None);
        assert_eq!(awaited.deadline(), Some(12_000));
        drop(awaited);
        assert_eq!(settings.counts.waiting_bytes(), 0);
    }
}
