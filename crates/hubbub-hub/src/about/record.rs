//! How what a message says of another is written down beside it.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{About, Original, Retracted};
use crate::address::UserAddress;
use crate::event::Sender;
use crate::id::MessageId;

/// What is kept, as JSON. Words are never given another meaning.
#[derive(Serialize, Deserialize)]
struct Record<'a> {
    act: Cow<'a, str>,
    id: MessageIdText,
    user: Cow<'a, str>,
    name: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    own_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    text: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unix_ms: Option<u64>,
}

/// An id as everybody writes it.
#[derive(Serialize, Deserialize)]
struct MessageIdText(String);

impl About {
    /// As it is kept.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let act = match self {
            Self::Reply(_) => "reply",
            Self::Edit(_) => "edit",
            Self::Reactions(_) => "reactions",
            Self::Retraction(_) => "retraction",
            Self::Retracted(_) => "retracted",
        };
        let record = match self {
            Self::Reply(original)
            | Self::Edit(original)
            | Self::Reactions(original)
            | Self::Retraction(original) => Record {
                act: act.into(),
                id: MessageIdText(original.id.to_string()),
                user: original.from.user.as_str().into(),
                name: (&*original.from.name).into(),
                own_id: original.own_id.as_deref().map(Into::into),
                text: (&*original.text).into(),
                unix_ms: None,
            },
            Self::Retracted(retracted) => Record {
                act: act.into(),
                id: MessageIdText(retracted.id.to_string()),
                user: retracted.by.user.as_str().into(),
                name: (&*retracted.by.name).into(),
                own_id: None,
                text: "".into(),
                unix_ms: Some(retracted.unix_ms),
            },
        };
        serde_json::to_vec(&record).unwrap_or_default()
    }

    /// What was kept; nothing if no Hubbub wrote it so.
    #[must_use]
    pub fn decode(kept: &[u8]) -> Option<Self> {
        let record: Record<'_> = serde_json::from_slice(kept).ok()?;
        let id: MessageId = record.id.0.parse().ok()?;
        let from = Sender { user: UserAddress::from_prepared(&record.user), name: record.name.into() };
        if record.act == "retracted" {
            let retracted = Retracted { id, by: from, unix_ms: record.unix_ms? };
            return Some(Self::Retracted(Arc::new(retracted)));
        }
        let own_id = record.own_id.map(Into::into);
        let original = Arc::new(Original { id, own_id, from, text: record.text.into() });
        match &*record.act {
            "reply" => Some(Self::Reply(original)),
            "edit" => Some(Self::Edit(original)),
            "reactions" => Some(Self::Reactions(original)),
            "retraction" => Some(Self::Retraction(original)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let from = Sender { user: UserAddress::from_prepared("ann@localhost"), name: "\"Ann\"".into() };
        let id = MessageId(0x019a_aaac_2600_7000_8000_0000_0000_0001);
        let original =
            |own_id| Arc::new(Original { id, own_id, from: from.clone(), text: "line\nline".into() });
        let retracted = Retracted { id, by: from.clone(), unix_ms: 7 };
        for about in [
            About::Reply(original(None)),
            About::Edit(original(Some("m1".into()))),
            About::Reactions(original(None)),
            About::Retraction(original(Some("".into()))),
            About::Retracted(Arc::new(retracted)),
        ] {
            assert_eq!(About::decode(&about.encode()), Some(about));
        }
        for broken in ["", "{}", "{\"act\":\"wave\",\"id\":\"x\",\"user\":\"\",\"name\":\"\"}"] {
            assert_eq!(About::decode(broken.as_bytes()), None, "{broken}");
        }
    }
}
