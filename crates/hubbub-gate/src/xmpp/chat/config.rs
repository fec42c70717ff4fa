//! How a room is set up, as a form (XEP-0045 §10.2, §15.5.3, by XEP-0004).

use hubbub_hub::{Password, RoomConfig, Whois};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::xml::{Node, Tag};

/// The namespace of forms.
pub(super) const NS_DATA: &str = "jabber:x:data";
/// Which form it is.
const FORM: &str = "http://jabber.org/protocol/muc#roomconfig";
/// Whether people may register who are not members: no field of XEP-0045, so its name says that (XEP-0068 §3.2).
const REGISTER: &str = "x-roomconfig_register";

/// The form, filled in.
pub(super) fn form(config: &RoomConfig) -> Tag {
    let most = config.max_people.map_or_else(|| "none".to_owned(), |most| most.to_string());
    let word = config.password.as_ref().map_or("", |password| password.expose());
    let whois = if config.whois == Whois::Anyone { "anyone" } else { "moderators" };
    Tag::new("x", NS_DATA)
        .attr("type", "form")
        .child(Tag::new("title", NS_DATA).text("Configuration of the room"))
        .child(field("FORM_TYPE", "hidden", "", FORM))
        .child(field("muc#roomconfig_roomname", "text-single", "Name", &config.title))
        .child(field("muc#roomconfig_roomdesc", "text-single", "What it is about", &config.description))
        .child(switch("muc#roomconfig_persistentroom", "Stays when nobody is there", config.persistent))
        .child(switch("muc#roomconfig_publicroom", "Shown in lists of rooms", config.public))
        .child(switch("muc#roomconfig_membersonly", "For members only", config.members_only))
        .child(switch("muc#roomconfig_moderatedroom", "Only those with a voice speak", config.moderated))
        .child(switch("muc#roomconfig_passwordprotectedroom", "Has a password", config.password.is_some()))
        .child(field("muc#roomconfig_roomsecret", "text-private", "The password", word))
        .child(
            field("muc#roomconfig_whois", "list-single", "Who sees addresses", whois)
                .child(option("Everybody", "anyone"))
                .child(option("Moderators", "moderators")),
        )
        .child(switch("muc#roomconfig_changesubject", "All may change the subject", config.change_subject))
        .child(switch("muc#roomconfig_allowinvites", "All may invite others", config.invites))
        .child(switch(REGISTER, "All may register, and are members then", config.register))
        .child(
            field("muc#roomconfig_maxusers", "list-single", "Most people at once", &most)
                .children(["10", "20", "50", "100", "none"].map(|most| option(most, most))),
        )
}

pub(super) fn field(var: &str, kind: &str, label: &str, value: &str) -> Tag {
    Tag::new("field", NS_DATA)
        .attr("var", var)
        .attr("type", kind)
        .attr_opt("label", (!label.is_empty()).then_some(label))
        .child(Tag::new("value", NS_DATA).text(value))
}

fn switch(var: &str, label: &str, is_on: bool) -> Tag {
    field(var, "boolean", label, if is_on { "1" } else { "0" })
}

fn option(label: &str, value: &str) -> Tag {
    Tag::new("option", NS_DATA).attr("label", label).child(Tag::new("value", NS_DATA).text(value))
}

/// How the room is to be: as it `was`, but for what the form says. Fields that are not known say nothing.
pub(super) fn filled_in(form: Node<'_>, was: RoomConfig) -> Result<RoomConfig, Condition> {
    let mut config = was;
    let (mut locked, mut word) = (None, None);
    for field in form.children().filter(|child| child.is("field", NS_DATA)) {
        let Some(var) = field.attr("var") else { continue };
        let value = field.child("value", NS_DATA).map(|value| value.text().into_owned()).unwrap_or_default();
        match var.strip_prefix("muc#roomconfig_").unwrap_or(&var) {
            "FORM_TYPE" if value != FORM => return Err(Condition::BadRequest),
            "roomname" => config.title = value,
            "roomdesc" => config.description = value,
            "persistentroom" => config.persistent = is_on(&value)?,
            "publicroom" => config.public = is_on(&value)?,
            "membersonly" => config.members_only = is_on(&value)?,
            "moderatedroom" => config.moderated = is_on(&value)?,
            "changesubject" => config.change_subject = is_on(&value)?,
            "allowinvites" => config.invites = is_on(&value)?,
            "passwordprotectedroom" => locked = Some(is_on(&value)?),
            "roomsecret" => word = Some(value),
            "whois" => config.whois = whois(&value)?,
            REGISTER => config.register = is_on(&value)?,
            "maxusers" => config.max_people = most(&value)?,
            _ => {}
        }
    }
    config.password = password(locked, word, config.password)?;
    Ok(config)
}

/// A password is there if the form says so, or if it says which and does not say that there is none (§10.1.3).
fn password(
    locked: Option<bool>,
    word: Option<String>,
    was: Option<Password>,
) -> Result<Option<Password>, Condition> {
    match (locked, word.filter(|word| !word.is_empty())) {
        (Some(false), _) => Ok(None),
        (_, Some(word)) => Ok(Some(Password::new(&word))),
        // One that nobody knows would lock everybody out.
        (Some(true), None) if was.is_none() => Err(Condition::NotAcceptable),
        _ => Ok(was),
    }
}

fn is_on(value: &str) -> Result<bool, Condition> {
    match value.trim() {
        "1" | "true" => Ok(true),
        "0" | "false" | "" => Ok(false),
        _ => Err(Condition::BadRequest),
    }
}

fn whois(value: &str) -> Result<Whois, Condition> {
    match value.trim() {
        "anyone" => Ok(Whois::Anyone),
        "moderators" => Ok(Whois::Moderators),
        // Nobody at all (§4.2: fully anonymous) is not to be had.
        _ => Err(Condition::NotAcceptable),
    }
}

fn most(value: &str) -> Result<Option<u32>, Condition> {
    match value.trim() {
        "" | "none" | "0" => Ok(None),
        number => number.parse().map(Some).map_err(|_| Condition::BadRequest),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail by it")]

    use hubbub_xmpp::xml::{Limits, parse};

    use super::*;

    fn submitted(fields: &str) -> Result<RoomConfig, Condition> {
        let xml = format!("<x xmlns='jabber:x:data' type='submit'>{fields}</x>");
        let form = parse(xml.as_bytes(), &Limits::default()).unwrap();
        filled_in(form.root(), RoomConfig { title: "was".into(), ..RoomConfig::default() })
    }

    fn one(name: &str, value: &str) -> Result<RoomConfig, Condition> {
        submitted(&format!("<field var='muc#roomconfig_{name}'><value>{value}</value></field>"))
    }

    #[test]
    fn what_a_form_shows_is_what_it_sets() {
        let config = RoomConfig {
            title: "Tea & cake".into(),
            description: "<b>".into(),
            persistent: true,
            public: false,
            members_only: true,
            moderated: true,
            password: Some(Password::new("a 'rose'")),
            whois: Whois::Moderators,
            change_subject: false,
            invites: false,
            register: true,
            max_people: Some(20),
        };
        for config in [config, RoomConfig::default()] {
            let shown = parse(&form(&config).to_vec(""), &Limits::default()).unwrap();
            let other = RoomConfig { members_only: true, max_people: Some(5), ..RoomConfig::default() };
            assert_eq!(filled_in(shown.root(), other).unwrap(), config);
        }
    }

    #[test]
    fn an_empty_form_changes_nothing() {
        assert_eq!(submitted("").unwrap().title, "was");
        assert_eq!(one("something_new", "x").unwrap().title, "was");
    }

    #[test]
    fn passwords_come_and_go() {
        let secret = Some(Password::new("rose"));
        assert_eq!(one("roomsecret", "rose").unwrap().password, secret);
        assert_eq!(one("passwordprotectedroom", "1").unwrap_err(), Condition::NotAcceptable);
        assert_eq!(one("passwordprotectedroom", "0").unwrap().password, None);
        assert_eq!(password(None, None, secret.clone()).unwrap(), secret);
        assert_eq!(password(Some(false), Some("x".into()), secret).unwrap(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for (name, value) in [("publicroom", "maybe"), ("whois", "none"), ("maxusers", "-1")] {
            assert!(one(name, value).is_err(), "{name}: {value}");
        }
        assert!(submitted("<field var='FORM_TYPE'><value>other</value></field>").is_err());
    }
}
