//! What the settings mean to the hub.

use hubbub_hub::{HeardPace, HubSettings, Keep, Policies, RoomPolicy};

use crate::load::put_defaults;
use crate::{Config, RoomRule, Webhook};

impl Config {
    /// What rooms are like: the rules of the file, and what holds for the rooms and inboxes that none of them matches.
    #[must_use]
    pub fn policies(&self) -> Policies {
        let mut room = RoomRule::blank();
        put_defaults(&mut room);
        let mut inbox = room.clone();
        inbox.close_as_inbox();
        let rules =
            self.rooms.iter().filter_map(|rule| Some((rule.pattern().ok()?, self.policy(rule)))).collect();
        Policies::new(rules, self.policy(&room), self.policy(&inbox))
    }

    fn policy(&self, rule: &RoomRule) -> RoomPolicy {
        let age_ms = millis(rule.history_age);
        RoomPolicy {
            log: rule.log.kind(self.server.data.is_some()),
            keep: Keep { count: rule.history_count, bytes: rule.history_bytes, age_ms },
            presence: rule.presence.into(),
            join: rule.join.clone(),
            publish: rule.publish.clone(),
            read: rule.read.clone(),
            owners: rule.owners.clone(),
            creator_owns: rule.creator_owns,
            signals: rule.signals,
            hook: rule.webhook.as_deref().and_then(|name| self.webhook(name)).map(Webhook::hook),
        }
    }

    /// The application of this name.
    #[must_use]
    pub fn webhook(&self, name: &str) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.name == name)
    }

    /// The hub's limits, with this many workers.
    #[must_use]
    pub fn hub_settings(&self, workers: u16) -> HubSettings {
        HubSettings {
            workers,
            rooms_max: self.limits.rooms,
            room_idle_ms: millis(self.limits.room_idle),
            presence_list_max: self.presence.list_max,
            linger_ms: millis(self.http.poll_presence),
            key_window_ms: millis(self.history.idempotency_window),
            key_limit: self.history.idempotency_keys,
            pending_limit: self.limits.pending,
            pending_bytes: self.limits.pending_bytes,
            tail_count: self.history.tail_count,
            tail_bytes: self.history.tail_bytes,
            page_bytes: self.history.page_bytes,
            // The other half of what may wait for a session is for all else that it is told.
            heard: HeardPace {
                rate: self.limits.signal_heard as u64,
                burst: self.limits.outbox_bytes as u64 / 2,
            },
        }
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
