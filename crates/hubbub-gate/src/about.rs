//! Messages about messages (docs/http.md#messages-about-messages): what they say of an earlier one, in every protocol that writes JSON.

use hubbub_hub::Content;

/// Most different reactions of one person to one message.
const REACTIONS: usize = 20;

/// Most bytes of one reaction.
const REACTION_BYTES: usize = 64;

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
    fn what_is_no_reaction() {
        assert!(of(&["x".repeat(REACTION_BYTES).as_str()]).is_some());
        for wrong in ["", "a\nb", "\u{7f}", "x".repeat(REACTION_BYTES + 1).as_str()] {
            assert_eq!(of(&["👍", wrong]), None, "{wrong:?}");
        }
    }
}
