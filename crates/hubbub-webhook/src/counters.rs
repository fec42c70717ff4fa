//! What is counted of each application.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $name:ident: $grows:literal,)+) => {
        /// All that is counted of one application. Written by any thread, read by whoever scrapes.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[doc = $doc])+ pub $name: AtomicU64,)+
        }

        impl Counters {
            /// Each number's name and meaning, whether it only grows, and how to read it.
            pub const ALL: &[(&str, &str, bool, fn(&Self) -> u64)] = &[
                $((stringify!($name), concat!($($doc),+), $grows, |counters| counters.$name.load(Ordering::Relaxed)),)+
            ];
        }
    };
}

counters! {
    /// Questions to the application, and things it was to be told.
    webhook_questions: true,
    /// Questions that it answered.
    webhook_answers: true,
    /// Questions that it answered with no.
    webhook_refusals: true,
    /// Questions without an answer: it could not be reached, failed, or took too long.
    webhook_failures: true,
    /// Questions that were not sent, because too many were waiting or it had failed too often.
    webhook_unsent: true,
    /// Requests that were sent.
    webhook_requests: true,
    /// Questions waiting for it now.
    webhook_waiting: false,
    /// Bytes of those questions.
    webhook_waiting_bytes: false,
    /// Whether it is left in peace because it failed too often.
    webhook_breaker_open: false,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
