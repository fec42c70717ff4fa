//! Signs of life (EIO4 "Heartbeat", EIO3 "Timeouts"): in protocol 4 the server pings, in protocol 3 the client.

use super::{Settings, Version};

/// What is awaited, and until when, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heartbeat {
    /// Protocol 4: we ping at this time.
    Ping(u64),
    /// Protocol 4: the client's pong is due by this time.
    Pong(u64),
    /// Protocol 3: the client has to send something by this time.
    Silence(u64),
}

/// What is to be done about a heartbeat that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Nothing, it is not due.
    Wait,
    /// Send a ping.
    Ping,
    /// The client is gone.
    Dead,
}

impl Heartbeat {
    /// That of a session which just began. The first ping comes after one interval.
    pub(super) fn new(version: Version, settings: &Settings, now: u64) -> Self {
        match version {
            Version::V4 => Self::Ping(now.saturating_add(settings.ping_interval_ms.into())),
            Version::V3 => Self::Silence(after_silence(settings, now)),
        }
    }

    /// When it has to be looked at again.
    pub(super) fn due(self) -> u64 {
        match self {
            Self::Ping(at) | Self::Pong(at) | Self::Silence(at) => at,
        }
    }

    /// Looks at the time.
    pub(super) fn tick(&mut self, settings: &Settings, now: u64) -> Beat {
        match self {
            _ if now < self.due() => Beat::Wait,
            Self::Ping(_) => {
                *self = Self::Pong(now.saturating_add(settings.ping_timeout_ms.into()));
                Beat::Ping
            }
            Self::Pong(_) | Self::Silence(_) => Beat::Dead,
        }
    }

    /// A pong came; one that nobody awaits changes nothing, or it could put off the next ping for ever.
    pub(super) fn pong(&mut self, settings: &Settings, now: u64) {
        if matches!(self, Self::Pong(_)) {
            *self = Self::Ping(now.saturating_add(settings.ping_interval_ms.into()));
        }
    }

    /// Any packet came, which in protocol 3 is a sign of life (EIO3 "Timeouts").
    pub(super) fn heard(&mut self, settings: &Settings, now: u64) {
        if let Self::Silence(by) = self {
            *by = after_silence(settings, now);
        }
    }

    /// It was not looked at while an upgrade was under way. A ping that is due goes out at once, because the client
    /// counts on it; for an answer the client has its full time again.
    pub(super) fn resume(&mut self, settings: &Settings, now: u64) {
        if let Self::Pong(by) = self {
            *by = now.saturating_add(settings.ping_timeout_ms.into());
        }
        self.heard(settings, now);
    }
}

fn after_silence(settings: &Settings, now: u64) -> u64 {
    now.saturating_add(u64::from(settings.ping_interval_ms) + u64::from(settings.ping_timeout_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        ping_interval_ms: 300,
        ping_timeout_ms: 200,
        upgrade_timeout_ms: 100,
        max_payload: 1000,
        max_records: 10,
        allow_upgrades: true,
    };

    #[test]
    fn the_server_pings_in_protocol_4() {
        let mut heartbeat = Heartbeat::new(Version::V4, &SETTINGS, 1000);
        assert_eq!(heartbeat.tick(&SETTINGS, 1000), Beat::Wait);
        assert_eq!(heartbeat.tick(&SETTINGS, 1299), Beat::Wait);
        assert_eq!(heartbeat.tick(&SETTINGS, 1300), Beat::Ping);
        assert_eq!(heartbeat.tick(&SETTINGS, 1300), Beat::Wait);
        heartbeat.pong(&SETTINGS, 1400);
        assert_eq!(heartbeat, Heartbeat::Ping(1700));
        heartbeat.pong(&SETTINGS, 1600);
        assert_eq!(heartbeat, Heartbeat::Ping(1700));
        assert_eq!(heartbeat.tick(&SETTINGS, 1750), Beat::Ping);
        assert_eq!(heartbeat.tick(&SETTINGS, 1949), Beat::Wait);
        assert_eq!(heartbeat.tick(&SETTINGS, 1950), Beat::Dead);
    }

    #[test]
    fn the_client_pings_in_protocol_3() {
        let mut heartbeat = Heartbeat::new(Version::V3, &SETTINGS, 0);
        assert_eq!(heartbeat.tick(&SETTINGS, 499), Beat::Wait);
        heartbeat.heard(&SETTINGS, 499);
        assert_eq!(heartbeat.tick(&SETTINGS, 998), Beat::Wait);
        assert_eq!(heartbeat.tick(&SETTINGS, 999), Beat::Dead);
    }

    #[test]
    fn an_upgrade_costs_no_session() {
        let mut heartbeat = Heartbeat::Pong(100);
        heartbeat.resume(&SETTINGS, 150);
        assert_eq!(heartbeat, Heartbeat::Pong(350));
        let mut heartbeat = Heartbeat::Ping(100);
        heartbeat.resume(&SETTINGS, 150);
        assert_eq!(heartbeat.tick(&SETTINGS, 150), Beat::Ping);
    }
}
