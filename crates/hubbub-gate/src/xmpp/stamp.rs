//! Moments as XMPP writes them (XEP-0082): UTC, to the millisecond.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// `2026-11-22T10:15:30.250Z`, of milliseconds since 1970. What no calendar has is its beginning.
pub(super) fn datetime(unix_ms: u64) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(unix_ms) * 1_000_000);
    at.unwrap_or(OffsetDateTime::UNIX_EPOCH).format(form).unwrap_or_default()
}

/// Milliseconds since 1970 of a moment as XEP-0082 §3.2 writes it, which is as RFC 3339 does; those before 1970 are 0.
pub(super) fn parse(text: &str) -> Option<u64> {
    let at = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    Some(u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn moments() {
        assert_eq!(datetime(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(datetime(951_827_696_789), "2000-02-29T12:34:56.789Z");
        assert_eq!(parse("2000-02-29T12:34:56.789Z"), Some(951_827_696_789));
        assert_eq!(parse("1969-07-21T02:56:15Z"), Some(0));
        assert_eq!(parse("2002-09-10T23:41:07-06:00"), parse("2002-09-11T05:41:07Z"));
        for wrong in ["", "2000", "2000-13-01T00:00:00Z", "2000-01-01T24:00:00Z", "2000-01-01T00:00:00", "x"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(ms in 0u64..253_402_300_799_000) {
            prop_assert_eq!(parse(&datetime(ms)), Some(ms));
        }
    }
}
