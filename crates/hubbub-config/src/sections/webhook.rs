//! `[[webhook]]` and `[api]`: the application behind rooms, asked and asking.

use std::path::PathBuf;
use std::time::Duration;

use hubbub_hub::{Hook, HookKind, HookName};

use super::{GIB, HOUR, KIB, Secret};
use crate::land::words;
use crate::section::Default::{Is, Unset};
use crate::section::section;
use crate::value::Kind;

section! {
    /// An application that is asked over HTTP what may happen in rooms ([webhooks.md](webhooks.md)). The file may have any number of these;
    /// `room.webhook` says which rooms are whose.
    "webhook" Webhook {
        /// What rooms call it. Every `[[webhook]]` must have one of its own.
        name: String = Unset(r#""app""#), Kind::Text("a name such as \"app\"");
        /// Where it takes requests, `http` or `https`. Every `[[webhook]]` must have one.
        url: String = Unset(r#""http://127.0.0.1:3000/hubbub""#), Kind::Text("an address such as \"http://127.0.0.1:3000/hubbub\"");
        /// The shared secret that requests are signed with, at least 32 bytes. Without it they are not signed.
        secret: Option<Secret> = Unset(r#""at-least-32-bytes-from-a-good-random-source""#), Kind::Secret("a string of 32 bytes or more");
        /// The file that holds this secret; white space around it does not count. Not both.
        secret_file: Option<PathBuf> = Unset(r#""/etc/hubbub/webhook.secret""#), Kind::Text("a path");
        /// The file that holds certificates of further authorities, in PEM. Those of the public ones are known; this is for an
        /// application with a certificate of your own.
        ca_file: Option<PathBuf> = Unset(r#""/etc/hubbub/webhook-ca.pem""#), Kind::Text("a path");
        /// What it is asked about and told of: `connect` (a session comes in by a connection of its own), `join` (a further room
        /// over the same connection, or somebody polls; without `connect`, everybody who comes in), `leave`, `event` (something
        /// is said).
        events: Vec<Hears> = Is(r#"["connect", "join", "leave", "event"]"#), Kind::Choices(Hears::WORDS);
        /// How long a question may take, with all attempts. At most `limits.answer_timeout`.
        timeout: Duration = Is("\"5 s\""), Kind::Time(1, 60);
        /// How often a question is sent again when the application cannot be reached or answers with a server error (5xx), within
        /// `timeout`.
        retries: u32 = Is("2"), Kind::Count("times", 0, 10);
        /// Most questions on their way at once. With 1 the application sees everything in order.
        parallel: usize = Is("16"), Kind::Count("questions", 1, 4096);
        /// Most questions waiting beside those; one more has failed at once.
        queue: usize = Is("1024"), Kind::Count("questions", 0, 1_000_000);
        /// Most bytes of all these questions together; one more has failed at once.
        queue_bytes: usize = Is("\"64 MiB\""), Kind::Bytes(64 * KIB, 64 * GIB);
        /// What happens to what the application has given no verdict on: `refuse` it (503), or `allow` it.
        on_failure: OnFailure = Is(r#""refuse""#), Kind::Choice(OnFailure::WORDS);
        /// Failed requests in a row after which the application is left in peace: every question fails at once. 0 for never.
        breaker_failures: u32 = Is("10"), Kind::Count("requests", 0, 1_000_000);
        /// How long; then one question is sent, and its fate decides.
        breaker_pause: Duration = Is("\"10 s\""), Kind::Time(1, HOUR);
        /// The largest answer. A larger one is a failure.
        answer_bytes: usize = Is("\"1 MiB\""), Kind::Bytes(KIB, GIB);
    }
}

section! {
    /// The admin API ([webhooks.md](webhooks.md#the-admin-api)): a back end emits, joins, disconnects and reads.
    "api" Api {
        /// The token that lets a back end in, as `Authorization: Bearer`, with every right; at least 32 bytes. Without it there is
        /// no admin API.
        token: Option<Secret> = Unset(r#""at-least-32-bytes-from-a-good-random-source""#), Kind::Secret("a string of 32 bytes or more");
    }
}

impl Webhook {
    /// What a room with this application behind it knows of it.
    #[must_use]
    pub fn hook(&self) -> Hook {
        let kinds = self.events.iter().map(|hears| (*hears).into()).collect();
        Hook { name: HookName::new(&self.name), kinds }
    }
}

words! {
    /// What an application hears of.
    Hears {
        /// A session comes in by a connection of its own.
        Connect = "connect",
        /// A session comes into a further room, or somebody polls.
        Join = "join",
        /// Somebody is gone.
        Leave = "leave",
        /// Something is said.
        Event = "event",
    }
}

impl From<Hears> for HookKind {
    fn from(hears: Hears) -> Self {
        match hears {
            Hears::Connect => Self::Connect,
            Hears::Join => Self::Join,
            Hears::Leave => Self::Leave,
            Hears::Event => Self::Event,
        }
    }
}

words! {
    /// What happens to what an application has given no verdict on.
    OnFailure {
        /// It is refused.
        Refuse = "refuse",
        /// It passes.
        Allow = "allow",
    }
}
