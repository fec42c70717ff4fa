//! The hub: addresses, rooms, presence, logs and permissions.
//!
//! It knows no protocol, does no I/O and reads no clock. A worker hands it [`Command`]s and [`LogAnswer`]s together
//! with the time, and takes away the [`Effect`]s. Every room has one home, so nothing here is ever shared or locked.
//!
//! Start with [`Hub::command`], then [`room`].

pub mod about;
pub mod accounts;
pub mod address;
pub mod affairs;
pub mod archive;
pub mod command;
pub mod event;
mod history;
pub mod hook;
mod hub;
pub mod id;
mod idempotency;
pub mod identity;
pub mod log;
mod names;
pub mod offset;
pub mod papers;
pub mod policy;
pub mod presence;
pub mod room;
pub mod signal;
pub mod time;

pub use about::{About, Act, Named, Original, Retracted, Wish};
pub use accounts::{AccountAnswer, AccountAsk, StoredVerifier, VerifierHash};
pub use address::{RoomName, UserAddress};
pub use affairs::{
    Affair, AffairsSnapshot, Affiliation, Change, Destroyed, Govern, Password, Removal, Role, RoomConfig,
    Subject, Whois,
};
pub use archive::{Archive, ArchiveAsk};
pub use command::{
    Command, Effect, Happening, Joined, Notice, Page, Passing, Published, Refusal, Reply, RoomInfo,
    SessionKey, Start, Ticket, WorkerId,
};
pub use event::{Args, Body, Carried, Content, Event, EventName, Part, Sender};
pub use hook::{
    Action, Emission, Hello, Hook, HookAnswer, HookAsk, HookKind, HookName, Refused, SessionName, Target,
    Verdict,
};
pub use hub::{Hub, HubSettings};
pub use id::MessageId;
pub use idempotency::{IdempotencyKey, Remembered};
pub use identity::{Grants, Identity, IdentityKind};
pub use log::{Fault, Find, LogAnswer, LogAsk, Opened};
pub use names::name_key;
pub use offset::Offset;
pub use papers::{Paper, PaperChange, PapersAnswer, PapersAsk};
pub use policy::{Keep, LogKind, Policies, PresenceMode, Right, RoomPolicy, Who};
pub use signal::{HeardPace, Hears, Signal, SignalTo, Signalled};
pub use time::Now;
