//! The names that people have in a room: whoever is there has one of his own, so that others can tell who spoke.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::address::{MAX_NAME_BYTES, UserAddress};
use crate::command::Refusal;

/// What two names are compared by. Names that differ in case, in width or in surrounding space only are the same; so are those
/// that XMPP takes for the same (RFC 6122 appendix B, resourceprep), as far as its tables know their characters.
#[must_use]
pub fn name_key(name: &str) -> String {
    let name = name.trim();
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    let prepared = stringprep::resourceprep(name).unwrap_or(name.into());
    // Upper case first: it knows that two letters may be one ("ß").
    prepared.trim().to_uppercase().to_lowercase()
}

/// A name that somebody asked for.
///
/// # Errors
/// It is empty, longer than [`MAX_NAME_BYTES`], or has control characters.
pub(crate) fn wished(nick: &Arc<str>) -> Result<Arc<str>, Refusal> {
    let trimmed = nick.trim();
    if trimmed.is_empty() || trimmed.len() > MAX_NAME_BYTES || trimmed.chars().any(char::is_control) {
        return Err(Refusal::BadName);
    }
    Ok(if trimmed.len() == nick.len() { nick.clone() } else { trimmed.into() })
}

/// Who has which name in a room.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_key: HashMap<String, UserAddress>,
    /// The names that are kept for somebody, whether he is there or not.
    kept: HashMap<String, UserAddress>,
    /// The same, as they are spelt.
    spelt: BTreeMap<UserAddress, Arc<str>>,
}

impl Names {
    /// Who is called so.
    pub(crate) fn owner(&self, name: &str) -> Option<&UserAddress> {
        self.by_key.get(&name_key(name))
    }

    /// Gives a name to `user`. Whoever else had it must not be there any more.
    pub(crate) fn give(&mut self, name: &str, user: &UserAddress) {
        self.by_key.insert(name_key(name), user.clone());
    }

    /// Nobody is called so any more.
    pub(crate) fn take(&mut self, name: &str) {
        self.by_key.remove(&name_key(name));
    }

    /// These names are kept from now on, and no others.
    pub(crate) fn keep(&mut self, names: &BTreeMap<UserAddress, Arc<str>>) {
        self.kept = names.iter().map(|(user, name)| (name_key(name), user.clone())).collect();
        self.spelt.clone_from(names);
    }

    /// The name that is kept for `user`.
    pub(crate) fn kept_for(&self, user: &UserAddress) -> Option<&Arc<str>> {
        self.spelt.get(user)
    }

    /// Whether `user` cannot be called so: somebody else is, or it is kept for somebody else.
    pub(crate) fn is_taken(&self, name: &str, user: &UserAddress) -> bool {
        let key = name_key(name);
        let owners = [self.by_key.get(&key), self.kept.get(&key)];
        owners.into_iter().flatten().any(|owner| owner != user)
    }

    /// `name` if `user` can be called so, else with a number behind it that makes it free. The number is found in few steps however
    /// many wished for the same.
    pub(crate) fn free(&self, name: &Arc<str>, user: &UserAddress) -> Arc<str> {
        if !self.is_taken(name, user) {
            return name.clone();
        }
        let numbered = |number: u64| format!("{} ({number})", name.trim_end());
        let is_taken = |number: u64| self.is_taken(&numbered(number), user);
        let (mut taken, mut free) = (1, 2);
        while is_taken(free) {
            (taken, free) = (free, free * 2);
        }
        while free - taken > 1 {
            let middle = taken + (free - taken) / 2;
            if is_taken(middle) { taken = middle } else { free = middle }
        }
        numbered(free).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_the_same() {
        for (one, other) in
            [("Ann", "ann "), ("Straße", "STRASSE"), ("Ａｎｎ", "ann"), ("Ünal", "ünal"), ("😀", "😀")]
        {
            assert_eq!(name_key(one), name_key(other), "{one} {other}");
        }
        assert_ne!(name_key("ann"), name_key("anna"));
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut names = Names::default();
        let user = UserAddress::from_prepared("ann@localhost");
        let other = UserAddress::from_prepared("ann@guest.localhost");
        let wish: Arc<str> = "Ann".into();
        for expected in ["Ann", "Ann (2)", "Ann (3)", "Ann (4)", "Ann (5)", "Ann (6)"] {
            let name = names.free(&wish, &other);
            assert_eq!(&*name, expected);
            names.give(&name, &user);
        }
        names.take("ann (3)");
        assert!(["Ann (3)", "Ann (7)"].contains(&&*names.free(&wish, &other)));
    }

    #[test]
    fn a_name_that_is_kept_is_for_one() {
        let user = UserAddress::from_prepared("ann@localhost");
        let other = UserAddress::from_prepared("ann@guest.localhost");
        let mut names = Names::default();
        names.keep(&[(user.clone(), "Ann".into())].into());
        assert!(names.is_taken("ANN ", &other) && !names.is_taken("ANN ", &user));
        assert_eq!(&*names.free(&"ann".into(), &other), "ann (2)");
        assert_eq!(names.owner("ann"), None, "nobody is there");
        names.keep(&BTreeMap::new());
        assert!(!names.is_taken("Ann", &other) && names.kept_for(&user).is_none());
    }
}
