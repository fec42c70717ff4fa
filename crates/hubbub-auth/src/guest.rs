//! Guests: people whom nobody vouches for, on a host of their own so that they can pose as no account.

use hubbub_hub::address::NameError;
use hubbub_hub::{Identity, IdentityKind, UserAddress};

use crate::MAX_NAME_CHARS;
use crate::denied::Denied;

/// Without vowels, so that no word comes out, and without what looks alike.
const LETTERS: &[u8] = b"23456789bcdfghjkmnpqrstvwxyz";

/// A guest, by the name he gives or one that is made up.
pub(crate) fn guest(name: Option<&str>, host: &str, rng: &mut fastrand::Rng) -> Result<Identity, Denied> {
    let chosen = name.map(str::trim).filter(|name| !name.is_empty());
    let name = match chosen {
        Some(name) => shown_name(name)?.to_owned(),
        None => made_up(rng),
    };
    Ok(Identity {
        user: UserAddress::new(&name, host)?,
        name: name.into(),
        kind: IdentityKind::Guest,
        named: chosen.is_some(),
        grants: None,
        since_unix_ms: 0,
        expires_unix_ms: None,
    })
}

/// `guest-k3x9`. Two guests may be given one name: like two who choose it, they are then one in the eyes of others.
fn made_up(rng: &mut fastrand::Rng) -> String {
    let letters = (0..4).map(|_| char::from(LETTERS[rng.usize(..LETTERS.len())]));
    format!("guest-{}", letters.collect::<String>())
}

/// Checks a name that others will see.
pub(crate) fn shown_name(name: &str) -> Result<&str, Denied> {
    if name.chars().any(char::is_control) {
        return Err(NameError::Forbidden.into());
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Denied::LongName);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(name: Option<&str>) -> Result<Identity, Denied> {
        guest(name, "guest.localhost", &mut fastrand::Rng::with_seed(7))
    }

    #[test]
    fn a_guest_is_called_as_he_likes() {
        let ann = called(Some(" Ann ")).unwrap();
        assert_eq!(ann.user.as_str(), "ann@guest.localhost");
        assert_eq!((&*ann.name, ann.named, ann.kind), ("Ann", true, IdentityKind::Guest));
        assert_eq!((ann.grants, ann.expires_unix_ms), (None, None));
    }

    #[test]
    fn a_name_is_made_up_for_who_gives_none() {
        for name in [None, Some(""), Some("  ")] {
            let guest = called(name).unwrap();
            assert!(guest.name.starts_with("guest-") && guest.name.len() == 10, "{}", guest.name);
            assert_eq!(guest.user.local(), &*guest.name);
            assert!(!guest.named);
        }
        let mut rng = fastrand::Rng::with_seed(1);
        let names: std::collections::HashSet<_> = (0..100).map(|_| made_up(&mut rng)).collect();
        assert!(names.len() > 90);
    }

    #[test]
    fn names_that_cannot_be() {
        assert_eq!(called(Some("a\u{7}b")), Err(NameError::Forbidden.into()));
        assert_eq!(called(Some("a\u{85}b")), Err(NameError::Forbidden.into()));
        assert_eq!(called(Some(&"x".repeat(65))), Err(Denied::LongName));
        assert!(called(Some(&"x".repeat(64))).is_ok());
        assert!(called(Some("a\u{e000}")).unwrap_err().is_bad_request());
    }

    #[test]
    fn no_guest_poses_as_an_account() {
        let eve = called(Some("alice@localhost")).unwrap();
        assert_eq!(eve.user.as_str(), r"alice\40localhost@guest.localhost");
    }
}
