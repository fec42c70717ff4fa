//! Messages about messages (docs/http.md#messages-about-messages): how every protocol that writes JSON shows what one says of an
//! earlier one, and takes what somebody wants to say.

use hubbub_hub::{
    About, Act, Body, Command, Content, Event, EventName, IdempotencyKey, Named, Original, Passing,
    Retracted, Wish,
};
use serde_json::{Map, Value, json};

use crate::problem::Problem;

/// What the event is called that tells who is writing.
pub(crate) const TYPING: &str = "hubbub:typing";

/// Most different reactions of one person to one message.
const REACTIONS: usize = 20;

/// Most bytes of one reaction.
const REACTION_BYTES: usize = 64;

/// What is wrong with reactions that are none.
pub(crate) const NO_REACTIONS: &str =
    "Reactions are a JSON array of at most 20 strings, each of 1 to 64 bytes without control characters.";

/// How a client names the message that it speaks of, by what it says of it.
const WORDS: [(&str, Act); 4] = [
    ("reply_to", Act::Reply),
    ("edit_of", Act::Edit),
    ("reactions_to", Act::React),
    ("retracts", Act::Retract),
];

/// The words of [`WORDS`], for people.
pub(crate) const ONE_OF: &str = "reply_to, edit_of, reactions_to, retracts or typing";

/// Whether there is more to an event than its envelope always has. Few have.
pub(crate) fn is_more(event: &Event) -> bool {
    event.to.is_some() || event.body.about.is_some()
}

/// Whether the content is of use: what is taken back, and what takes back, have none.
pub(crate) fn has_content(body: &Body) -> bool {
    !matches!(body.about, Some(About::Retraction(_) | About::Retracted(_)))
}

/// Whether its name alone says that it is about another: nobody takes it for a message.
pub(crate) fn is_named(body: &Body) -> bool {
    matches!(body.about, Some(About::Reactions(_) | About::Retraction(_)))
}

/// Whether it may be shown to those who can be told a content and nothing else: a message, that somebody else has said.
pub(crate) fn is_plain(event: &Event) -> bool {
    let speaks = matches!(event.body.about, None | Some(About::Reply(_) | About::Edit(_)));
    event.to.is_none() && speaks && !event.body.event.is_carried()
}

/// The members that say what a message has to do with another, and of an own copy to whom it was said.
pub(crate) fn members(event: &Event) -> Map<String, Value> {
    let mut members = event.body.about.as_ref().map(relation).unwrap_or_default();
    if let Some(to) = &event.to {
        members.insert("to".into(), to.as_str().into());
    }
    members
}

/// The members that say what a message has to do with another.
pub(crate) fn relation(about: &About) -> Map<String, Value> {
    let (word, value) = match about {
        About::Reply(original) => ("reply_to", original.id.to_string().into()),
        About::Edit(original) => ("edit_of", original.id.to_string().into()),
        About::Reactions(original) => ("reactions_to", original.id.to_string().into()),
        About::Retraction(original) => ("retracts", original.id.to_string().into()),
        About::Retracted(end) => ("retracted", retracted(end)),
    };
    let mut members = Map::new();
    members.insert(word.into(), value);
    if let About::Reply(original) = about {
        members.insert("quote".into(), quote(original));
    }
    members
}

fn quote(original: &Original) -> Value {
    let mut quote = json!({ "from": original.from.user.as_str(), "name": &*original.from.name });
    if !original.text.is_empty() {
        quote["text"] = (&*original.text).into();
    }
    quote
}

fn retracted(end: &Retracted) -> Value {
    json!({
        "id": end.id.to_string(),
        "from": end.by.user.as_str(),
        "name": &*end.by.name,
        "time": end.unix_ms,
    })
}

/// The data of `hubbub:typing`; nothing if it was something else that was said in passing.
pub(crate) fn typing(passing: &Passing) -> Option<Value> {
    let typing = passing.typing?;
    let from = &passing.from;
    Some(json!({ "user": from.user.as_str(), "name": &*from.name, "typing": typing }))
}

/// That its sender is writing, or is not any more.
pub(crate) fn pass(typing: bool) -> Command {
    Command::Pass { typing: Some(typing), what: None }
}

/// What a client wants to say of the message `name`, in the words of a parameter or of a member; nothing if there is no such word.
///
/// # Errors
/// That names no message.
pub(crate) fn wish(word: &str, name: &str) -> Option<Result<Wish, Problem>> {
    let (_, act) = WORDS.iter().find(|(known, _)| *known == word)?;
    let named = named(name).ok_or_else(|| {
        Problem::bad_request(format!("{word} is a message's id, or its offset such as 1763800000-42."))
    });
    Some(named.map(|named| Wish { act: *act, named, or_plain: false }))
}

/// A message by its id or its offset.
pub(crate) fn named(text: &str) -> Option<Named> {
    text.parse().map(Named::At).or_else(|_| text.parse().map(Named::Id)).ok()
}

/// What is to be said, as a client gave it.
pub(crate) struct Words {
    /// The event's name, if it gave one.
    pub(crate) event: Option<EventName>,
    /// The content, if there is any.
    pub(crate) content: Option<Content>,
    /// What it says of an earlier message.
    pub(crate) wish: Option<Wish>,
    /// What makes a repetition harmless.
    pub(crate) key: Option<IdempotencyKey>,
}

impl Words {
    /// The command that says it.
    ///
    /// # Errors
    /// A message without content, reactions that are none, a retraction with something to say, or an event's name for what has one.
    pub(crate) fn command(self) -> Result<Command, Problem> {
        let Self { event, content, wish, key } = self;
        let body = match wish.as_ref().map(|wish| wish.act) {
            None | Some(Act::Reply | Act::Edit) => {
                let content = content.ok_or_else(|| Problem::bad_request("A message has data."))?;
                Body::new(event.unwrap_or_default(), content)
            }
            Some(_) if event.is_some() => {
                return Err(Problem::bad_request("Reactions and retractions have names of their own."));
            }
            Some(Act::React) => {
                let set = content.as_ref().and_then(checked);
                Body::new(EventName::reactions(), set.ok_or_else(|| Problem::bad_request(NO_REACTIONS))?)
            }
            Some(Act::Retract) if content.is_some() => {
                return Err(Problem::bad_request("A retraction says nothing else."));
            }
            Some(Act::Retract) => Body::new(EventName::retraction(), Content::Text("".into())),
        };
        Ok(Command::Publish { body, key, about: wish.map(Box::new) })
    }
}

/// A client's array of reactions, as it is kept. Nothing if it is none.
pub(crate) fn checked(content: &Content) -> Option<Content> {
    let Content::Json(json) = content else { return None };
    serde_json::from_slice::<Vec<String>>(json).ok().and_then(reactions)
}

/// All that somebody feels about a message, as the content that says so: each once, in the order in which it was given.
///
/// Nothing if there are more than [`REACTIONS`], or one is empty, has more than [`REACTION_BYTES`] or control characters.
pub(crate) fn reactions(set: impl IntoIterator<Item = String>) -> Option<Content> {
    let mut all: Vec<String> = Vec::new();
    for one in set {
        if one.is_empty() || one.len() > REACTION_BYTES || one.chars().any(char::is_control) {
            return None;
        }
        if all.contains(&one) {
            continue;
        }
        if all.len() == REACTIONS {
            return None;
        }
        all.push(one);
    }
    let json = serde_json::to_vec(&all).expect("strings are always JSON");
    Some(Content::Json(json.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[&str]) -> Option<Content> {
        reactions(set.iter().map(|&one| one.to_owned()))
    }

    fn json(text: &'static str) -> Option<Content> {
        Some(Content::Json(text.as_bytes().into()))
    }

    #[test]
    fn reactions_are_a_set_in_their_order() {
        assert_eq!(of(&["👍", "🎉", "👍"]), json("[\"👍\",\"🎉\"]"));
        assert_eq!(of(&[]), json("[]"));
        let many: Vec<String> = (0..=REACTIONS).map(|one| one.to_string()).collect();
        assert!(reactions(many.iter().take(REACTIONS).chain(&many[..3]).cloned()).is_some());
        assert_eq!(reactions(many), None);
    }

    #[test]
    fn a_message_is_named_by_id_or_offset() {
        assert_eq!(named("7-42"), Some(Named::At(hubbub_hub::Offset::new(7, 42))));
        let id = "019aaaac-2600-7000-8000-000000000001";
        assert_eq!(named(id), id.parse().map(Named::Id).ok());
        for wrong in ["", "0", "7", "7-", "019aaaac", "7-42 "] {
            assert_eq!(named(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_no_reaction() {
        assert!(of(&["x".repeat(REACTION_BYTES).as_str()]).is_some());
        for wrong in ["", "a\nb", "\u{7f}", "x".repeat(REACTION_BYTES + 1).as_str()] {
            assert_eq!(of(&["👍", wrong]), None, "{wrong:?}");
        }
    }
}
