//! Refresh: an allocation lives longer, or ends (RFC 8656 section 8).

use crate::attribute::{LIFETIME, REQUESTED_ADDRESS_FAMILY};
use crate::auth::Refusal;
use crate::message::{Incoming, Reply};
use crate::{Family, Now, Out, Server};

impl Server {
    pub(crate) fn refresh(
        &mut self,
        index: usize,
        message: &Incoming<'_>,
        now: Now,
        out: &mut Vec<Out>,
    ) -> Result<Reply, Refusal> {
        let families = self.refreshed(index, message, now)?;
        let granted_s = match wanted_lifetime(message)? {
            Some(0) => 0,
            wanted_s => self.grant(wanted_s, self.tables.allocations[index].since_ms, now),
        };
        if granted_s == 0 {
            self.end_relays(index, families, out);
        } else {
            self.extend(index, families, now.mono_ms + u64::from(granted_s) * 1000);
        }
        Ok(Reply::success(message).with(LIFETIME, &granted_s.to_be_bytes()))
    }

    /// Which relays the request is about: all, or those of one family (RFC 8656 section 8.2).
    fn refreshed(
        &self,
        index: usize,
        message: &Incoming<'_>,
        now: Now,
    ) -> Result<&'static [Family], Refusal> {
        let Some(value) = message.value(REQUESTED_ADDRESS_FAMILY) else { return Ok(&Family::ALL) };
        let &[family, ..] = <&[u8; 4]>::try_from(value).map_err(|_| Refusal::BAD_REQUEST)?;
        let families: &[Family] = match family {
            1 => &[Family::V4],
            2 => &[Family::V6],
            _ => return Err(Refusal::PEER_FAMILY_MISMATCH),
        };
        let is_there = self.tables.allocations[index].relay(families[0], now.mono_ms).is_some();
        if is_there { Ok(families) } else { Err(Refusal::PEER_FAMILY_MISMATCH) }
    }

    /// How many seconds an allocation gets that began at `since_ms` (RFC 8656 section 7.2).
    pub(crate) fn grant(&self, wanted_s: Option<u32>, since_ms: u64, now: Now) -> u32 {
        let settings = &self.settings;
        let most_s = settings.lifetime_most_s.max(settings.lifetime_s);
        let granted_s = wanted_s.unwrap_or(0).clamp(settings.lifetime_s, most_s);
        let left_ms = since_ms.saturating_add(settings.allocation_most_ms).saturating_sub(now.mono_ms);
        granted_s.min(u32::try_from(left_ms / 1000).unwrap_or(u32::MAX))
    }

    fn extend(&mut self, index: usize, families: &[Family], ends_ms: u64) {
        let relays = &mut self.tables.allocations[index].relays;
        for family in families {
            relays[family.index()].iter_mut().for_each(|relay| relay.ends_ms = ends_ms);
        }
        self.tables.reset_alarm(index);
    }

    /// Ends relays; without any the allocation ends.
    fn end_relays(&mut self, index: usize, families: &[Family], out: &mut Vec<Out>) {
        let relays = &self.tables.allocations[index].relays;
        let open = |family: &&Family| relays[family.index()].is_some_and(|relay| relay.address.is_some());
        let stays = Family::ALL.iter().filter(open).any(|family| !families.contains(family));
        if !stays {
            return self.tables.remove_allocation(index, out);
        }
        for family in families {
            if let Some(relay) = self.tables.allocations[index].relays[family.index()].take() {
                self.tables.close_relay(relay.id, relay.address.is_some(), out);
            }
        }
        self.tables.reset_alarm(index);
    }

    /// An alarm of an allocation has rung: relays that have ended are closed, or those that were not opened in time.
    pub(crate) fn allocation_alarm(&mut self, index: usize, now: Now, out: &mut Vec<Out>) {
        let ended = |family: &Family| {
            let relay = self.tables.allocations[index].relays[family.index()];
            relay.is_some_and(|relay| relay.ends_ms <= now.mono_ms)
        };
        let ended: Vec<_> = Family::ALL.into_iter().filter(ended).collect();
        self.end_relays(index, &ended, out);
    }
}

/// LIFETIME, if the request has one.
pub(crate) fn wanted_lifetime(message: &Incoming<'_>) -> Result<Option<u32>, Refusal> {
    message.number(LIFETIME)
}
