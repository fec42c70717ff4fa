//! When an account is removed, all that is its ends, wherever it is; nothing else does.

mod common;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use common::sessions::lobby;
use common::{House, Rules};
use hubbub_gate::session::{Act, Close, Cx, Deed, Input, Session};
use hubbub_hub::command::Stay;
use hubbub_hub::{
    Command, Identity, IdentityKind, LogAnswer, RoomName, SessionKey, Start, UserAddress, WorkerId,
};
use hubbub_worker::Mail;

/// Somebody's session, which writes down that it was ended.
struct Owned {
    who: Arc<Identity>,
    /// In a room, or only said to be his.
    joins: bool,
    ended: Rc<RefCell<Vec<SessionKey>>>,
}

impl Session for Owned {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened if self.joins => {
                let command = Command::join(Start::Now, 9, Stay::Seated, true, None);
                cx.command(&lobby(), &self.who, command, 0);
            }
            Input::Opened => cx.deeds.push(Deed::Belong(self.who.user.clone())),
            Input::Act(Act::Removed) => {
                self.ended.borrow_mut().push(cx.key);
                return Err(Close::Done);
            }
            _ => {}
        }
        Ok(())
    }
}

struct Scene {
    house: House,
    ended: Rc<RefCell<Vec<SessionKey>>>,
}

impl Scene {
    fn new() -> Self {
        Self { house: House::new(2, &Rules::default()), ended: Rc::default() }
    }

    fn open(&mut self, worker: WorkerId, user: &str, kind: IdentityKind, joins: bool) -> SessionKey {
        let (user, name) = (UserAddress::from_prepared(user), user.into());
        let who =
            Identity { user, name, kind, named: true, grants: None, since_unix_ms: 0, expires_unix_ms: None };
        let key = self.house.open(worker, Owned { who: Arc::new(who), joins, ended: self.ended.clone() });
        self.house.settle();
        key
    }

    /// The store says that the account is no more; who has ended by that, in order.
    fn remove(&mut self, owner: &str) -> Vec<SessionKey> {
        for worker in 0..2 {
            self.house.post.send(worker, Mail::Log(LogAnswer::Gone { room: RoomName::inbox_of(owner) }));
        }
        self.house.settle();
        let mut ended = std::mem::take(&mut *self.ended.borrow_mut());
        ended.sort_unstable_by_key(|key| (key.worker, key.slot));
        ended
    }
}

#[test]
fn its_sessions_end_on_every_worker() {
    let mut scene = Scene::new();
    let alice = "alice@localhost";
    let here = scene.open(0, alice, IdentityKind::Account, true);
    let apart = scene.open(0, alice, IdentityKind::Account, false);
    let there = scene.open(1, alice, IdentityKind::Account, true);
    for (user, kind) in [
        ("bob@localhost", IdentityKind::Account),
        ("alice@guest.localhost", IdentityKind::Guest),
        // The store knows nothing of whom others vouch for.
        (alice, IdentityKind::Token),
    ] {
        scene.open(1, user, kind, true);
    }
    assert_eq!(scene.remove("alice"), [here, apart, there]);
    assert_eq!(scene.remove("alice"), []);
}

#[test]
fn who_has_gone_is_nobody_s_any_more() {
    let mut scene = Scene::new();
    let gone = scene.open(0, "alice@localhost", IdentityKind::Account, true);
    scene.house.release(gone);
    let next = scene.open(0, "bob@localhost", IdentityKind::Account, true);
    assert_eq!((next.slot, scene.remove("alice")), (gone.slot, vec![]));
    assert_eq!(scene.remove("bob"), [next]);
}
