//! Own copies: what one says in somebody's inbox is kept in one's own as well, under the same id, so that each has both sides of
//! what they said to each other.

use std::sync::Arc;

use super::{Room, RoomCx};
use crate::address::{RoomName, UserAddress};
use crate::command::{Asked, Command, Effect};
use crate::event::Event;
use crate::identity::IdentityKind;
use crate::offset::Offset;

impl Room {
    /// Sends word of what somebody has said in this inbox to his own. Guests and the server have none.
    pub(super) fn copy_to_sender(&self, event: &Arc<Event>, asked: &Asked, cx: &mut RoomCx<'_>) {
        let who = &asked.identity;
        let Some(owner) = self.name.inbox_owner().filter(|_| !who.owns(&self.name)) else { return };
        if !matches!(who.kind, IdentityKind::Account | IdentityKind::Token) {
            return;
        }
        let to = UserAddress::from_prepared(&format!("{owner}@{}", who.user.host()));
        cx.effects.push(Effect::Ask(Box::new(Asked {
            session: asked.session,
            identity: who.clone(),
            room: RoomName::inbox_of(who.user.local()),
            command: Command::File { event: event.clone(), to },
            ticket: 0,
            label: None,
        })));
    }

    /// Keeps what the owner of this inbox has said in another. It was judged, counted and acknowledged there.
    pub(super) fn file(&mut self, asked: &Asked, cx: &mut RoomCx<'_>) {
        let Command::File { event, to } = &asked.command else { return };
        if !asked.identity.owns(&self.name) {
            return;
        }
        let copy = Event {
            room: self.name.clone(),
            at: Offset::new(self.epoch, self.next_seq()),
            to: Some(to.clone()),
            ..(**event).clone()
        };
        self.keep(Arc::new(copy), None, Vec::new(), None, cx);
    }
}
