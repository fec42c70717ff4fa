//! What a room remembers of its affairs, and how that is written down.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Affiliation, Password, RoomConfig, Whois};
use crate::address::UserAddress;
use crate::event::Sender;

/// What is talked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The words; empty if somebody took them back.
    pub text: Arc<str>,
    /// Whose.
    pub by: Sender,
    /// Since when, in milliseconds since 1970.
    pub unix_ms: u64,
}

/// A room is closed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destroyed {
    /// Why.
    pub reason: Option<Arc<str>>,
    /// Where to go instead.
    pub alternate: Option<Arc<str>>,
}

/// A room's affairs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Affairs {
    /// What people are to it. Nobody is [`Affiliation::None`].
    pub(crate) affiliations: BTreeMap<UserAddress, Affiliation>,
    /// The names that it keeps for people who are members at least, so that nobody else is called so.
    pub(crate) names: BTreeMap<UserAddress, Arc<str>>,
    pub(crate) config: RoomConfig,
    pub(crate) subject: Option<Subject>,
    pub(crate) destroyed: Option<Arc<Destroyed>>,
}

impl Affairs {
    /// Nobody has ever set anything.
    pub(crate) fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn affiliation(&self, user: &UserAddress) -> Affiliation {
        self.affiliations.get(user).copied().unwrap_or_default()
    }

    /// Somebody is this to the room from now on. Whoever is no member any more loses his name.
    pub(crate) fn set_affiliation(&mut self, user: &UserAddress, affiliation: Affiliation) {
        if affiliation < Affiliation::Member {
            self.names.remove(user);
        }
        match affiliation {
            Affiliation::None => self.affiliations.remove(user),
            other => self.affiliations.insert(user.clone(), other),
        };
    }

    /// Whether this is the one owner.
    pub(crate) fn is_last_owner(&self, user: &UserAddress) -> bool {
        let owners = self.affiliations.values().filter(|one| **one == Affiliation::Owner).count();
        owners == 1 && self.affiliation(user) == Affiliation::Owner
    }

    /// As they are kept.
    pub(crate) fn write(&self) -> Bytes {
        let written = Written::from(self);
        serde_json::to_vec(&written).expect("words, numbers and lists of them can be written").into()
    }

    /// As they were kept; nothing if that makes no sense.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Written>(bytes).ok().and_then(Written::affairs)
    }
}

/// What is kept, as JSON. What a later version adds is not known to an earlier one, which must not forget it: unknown members are
/// an error.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    affiliations: BTreeMap<String, String>,
    // Rooms where nobody has registered are written as by versions that knew nothing of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<String, String>,
    title: String,
    description: String,
    persistent: bool,
    public: bool,
    members_only: bool,
    moderated: bool,
    password: Option<String>,
    whois_moderators: bool,
    change_subject: bool,
    invites: bool,
    #[serde(default, skip_serializing_if = "is_off")]
    register: bool,
    max_people: Option<u32>,
    subject: Option<WrittenSubject>,
    destroyed: Option<WrittenEnd>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "so serde wants it")]
fn is_off(switch: &bool) -> bool {
    !switch
}

#[derive(Serialize, Deserialize)]
struct WrittenSubject {
    text: String,
    user: String,
    name: String,
    unix_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct WrittenEnd {
    reason: Option<String>,
    alternate: Option<String>,
}

impl From<&Affairs> for Written {
    fn from(affairs: &Affairs) -> Self {
        let Affairs { affiliations, names, config, subject, destroyed } = affairs;
        let words = affiliations.iter().map(|(user, one)| (user.to_string(), one.as_str().to_owned()));
        Self {
            affiliations: words.collect(),
            names: names.iter().map(|(user, name)| (user.to_string(), name.to_string())).collect(),
            title: config.title.clone(),
            description: config.description.clone(),
            persistent: config.persistent,
            public: config.public,
            members_only: config.members_only,
            moderated: config.moderated,
            password: config.password.as_ref().map(|password| password.expose().to_owned()),
            whois_moderators: config.whois == Whois::Moderators,
            change_subject: config.change_subject,
            invites: config.invites,
            register: config.register,
            max_people: config.max_people,
            subject: subject.as_ref().map(|subject| WrittenSubject {
                text: subject.text.to_string(),
                user: subject.by.user.to_string(),
                name: subject.by.name.to_string(),
                unix_ms: subject.unix_ms,
            }),
            destroyed: destroyed.as_ref().map(|end| WrittenEnd {
                reason: end.reason.as_deref().map(str::to_owned),
                alternate: end.alternate.as_deref().map(str::to_owned),
            }),
        }
    }
}

impl Written {
    fn affairs(self) -> Option<Affairs> {
        let known = |(user, word): (String, String)| {
            Some((UserAddress::from_prepared(&user), Affiliation::parse(&word)?))
        };
        let names =
            self.names.iter().map(|(user, name)| (UserAddress::from_prepared(user), name.as_str().into()));
        Some(Affairs {
            affiliations: self.affiliations.into_iter().map(known).collect::<Option<_>>()?,
            names: names.collect(),
            config: RoomConfig {
                title: self.title,
                description: self.description,
                persistent: self.persistent,
                public: self.public,
                members_only: self.members_only,
                moderated: self.moderated,
                password: self.password.as_deref().map(Password::new),
                whois: if self.whois_moderators { Whois::Moderators } else { Whois::Anyone },
                change_subject: self.change_subject,
                invites: self.invites,
                register: self.register,
                max_people: self.max_people,
            },
            subject: self.subject.map(|subject| Subject {
                text: subject.text.into(),
                by: Sender { user: UserAddress::from_prepared(&subject.user), name: subject.name.into() },
                unix_ms: subject.unix_ms,
            }),
            destroyed: self.destroyed.map(|end| {
                Arc::new(Destroyed {
                    reason: end.reason.map(Into::into),
                    alternate: end.alternate.map(Into::into),
                })
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affairs_come_back_as_they_were() {
        let ann = UserAddress::from_prepared("ann@localhost");
        let mut affairs = Affairs::default();
        assert!(affairs.is_blank());
        assert_eq!(Affairs::read(&affairs.write()), Some(affairs.clone()));
        affairs.set_affiliation(&ann, Affiliation::Owner);
        affairs.set_affiliation(&UserAddress::from_prepared("troll@localhost"), Affiliation::Outcast);
        affairs.config = RoomConfig {
            title: "Tea \"&\" cake".into(),
            members_only: true,
            password: Some(Password::new("sesame")),
            whois: Whois::Moderators,
            register: true,
            max_people: Some(3),
            ..RoomConfig::default()
        };
        affairs.names.insert(ann.clone(), "Ann".into());
        let by = Sender { user: ann, name: "Ann".into() };
        affairs.subject = Some(Subject { text: "cake".into(), by, unix_ms: 5 });
        let alternate = Some("other@rooms.localhost".into());
        affairs.destroyed = Some(Arc::new(Destroyed { reason: None, alternate }));
        assert_eq!(Affairs::read(&affairs.write()), Some(affairs.clone()));
        assert!(!affairs.is_blank());
        for broken in ["", "{}", "[]", "{\"title\":1}"] {
            assert_eq!(Affairs::read(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn who_is_no_member_any_more_loses_his_name() {
        let ann = UserAddress::from_prepared("ann@localhost");
        let mut affairs = Affairs::default();
        let register = |affairs: &mut Affairs| affairs.names.insert(ann.clone(), "Ann".into());
        affairs.set_affiliation(&ann, Affiliation::Admin);
        register(&mut affairs);
        affairs.set_affiliation(&ann, Affiliation::Member);
        assert_eq!(affairs.names.len(), 1);
        for lower in [Affiliation::None, Affiliation::Outcast] {
            register(&mut affairs);
            affairs.set_affiliation(&ann, lower);
            assert!(affairs.names.is_empty(), "{lower:?}");
        }
    }

    /// What a version wrote that knew no registration.
    #[test]
    fn old_rows_are_read_and_written_as_they_were() {
        let old = r#"{"affiliations":{"ann@localhost":"owner"},"title":"","description":"","persistent":false,
            "public":true,"members_only":false,"moderated":false,"password":null,"whois_moderators":false,
            "change_subject":true,"invites":true,"max_people":null,"subject":null,"destroyed":null}"#;
        let affairs = Affairs::read(old.as_bytes()).unwrap();
        assert!(affairs.names.is_empty() && !affairs.config.register);
        assert_eq!(affairs.affiliation(&UserAddress::from_prepared("ann@localhost")), Affiliation::Owner);
        let written = affairs.write();
        let squeezed: String = old.split_whitespace().collect();
        assert_eq!(written, squeezed.as_bytes());
    }

    #[test]
    fn nobody_is_nothing_in_particular() {
        let ann = UserAddress::from_prepared("ann@localhost");
        let mut affairs = Affairs::default();
        affairs.set_affiliation(&ann, Affiliation::Owner);
        assert!(affairs.is_last_owner(&ann));
        affairs.set_affiliation(&ann, Affiliation::None);
        assert!(affairs.is_blank() && !affairs.is_last_owner(&ann));
    }
}
