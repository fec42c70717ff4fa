//! Coming into a namespace (SIO5 "Connection to a namespace"): who it is, whether it may, and what is restored.

use hubbub_auth::{Denied, Verdict};
use hubbub_hub::address::NameError;
use hubbub_hub::hook::{Hello as Introduction, HookKind};
use hubbub_hub::{Identity, Joined, Refusal, RoomName, SessionName, Start, Ticket};
use hubbub_socketio::engine::Version;
use serde_json::json;
use std::sync::Arc;

use super::auth::Auth;
use super::recovery::{self, Former};
use super::space::{Asking, Joining, Number, Space, Stage};
use super::{Asker, Awaited, Connection};
use crate::engineio::line::Line;
use crate::listening::Listening;
use crate::problem::Problem;
use crate::session::{Answer, Cx, Deed, Question};

/// Letters of a socket's name: 64 of them, so 20 make 120 bits.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl Connection {
    /// A client wants into a namespace.
    pub(super) fn connect(
        &mut self,
        namespace: &str,
        auth: Result<Auth, Problem>,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        if self.spaces.iter().any(|space| *space.namespace == *namespace) {
            return;
        }
        let room = match namespace.strip_prefix('/').filter(|name| !name.is_empty()) {
            None => Ok(None),
            Some(name) => RoomName::parse(name).map(Some).map_err(invalid),
        };
        let (auth, room) = match (auth, room) {
            _ if self.spaces.len() >= cx.settings.socketio.namespaces => {
                let problem =
                    Problem::too_many("One connection has at most so many namespaces (socketio.namespaces).");
                return self.refuse(namespace, &problem, cx, line);
            }
            (Ok(auth), Ok(room)) => (auth, room),
            (Err(problem), _) | (_, Err(problem)) => return self.refuse(namespace, &problem, cx, line),
        };
        self.last_number = self.last_number.wrapping_add(1);
        let number = self.last_number;
        let credentials = auth.credentials.clone();
        let by = cx.now.mono_ms + cx.settings.answer_ms;
        let asking = Asking { auth, account: String::new(), by };
        // Most connections have one namespace, and most namespaces one room: no room is made for more.
        self.spaces.reserve_exact(1);
        self.spaces.push(Space {
            number,
            namespace: namespace.into(),
            room,
            stage: Stage::Asking(Box::new(asking)),
            who: None,
            name: None,
            listening: Vec::new(),
            expires: u64::MAX,
        });
        match (credentials, &self.who) {
            // Whoever has said once who he is need not say it for each namespace.
            (None, Some(who)) => self.admitted(number, &who.clone(), cx, line),
            (own, _) => {
                let credentials = own.unwrap_or_else(|| self.hello.credentials.clone());
                let verdict = cx.doorman.admit(credentials, cx.now.unix_ms, cx.rng);
                self.judged(number, verdict, cx, line);
            }
        }
    }

    fn judged(&mut self, number: Number, verdict: Verdict, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        match verdict {
            Verdict::In(who) => self.admitted(number, &who, cx, line),
            Verdict::CheckPassword { user, password } => {
                let Some(ticket) = self.await_answer(number, Awaited::Password) else { return };
                if let Some(Stage::Asking(asking)) = self.space(number).map(|space| &mut space.stage) {
                    asking.account.clone_from(&user);
                }
                cx.ask(Question::Password { user, password }, ticket);
            }
            Verdict::Out(denied) => self.reject(number, &denial(&denied), cx, line),
        }
    }

    /// The answer to a slow question.
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Answer, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(waiting) = self.awaited(ticket) else { return };
        let number = waiting.space;
        match (waiting.what, answer) {
            (Awaited::Password, Answer::Password(Some(name))) => {
                let Some(Space { stage: Stage::Asking(asking), .. }) = self.space(number) else { return };
                let who = cx.doorman.account_in(&asking.account, &name);
                self.admitted(number, &who, cx, line);
            }
            (Awaited::Password, Answer::Password(None)) => {
                self.reject(number, &denial(&Denied::WrongPassword), cx, line);
            }
            (Awaited::Connect, Answer::Hook(Ok(verdict))) => match verdict.refuse {
                Some(no) => self.reject(number, &Problem::refused(&Refusal::ByApplication(no)), cx, line),
                None => self.come_in(number, cx, line),
            },
            (Awaited::Said(ack), Answer::Hook(answer)) => {
                self.application_said(Asker { space: number, ack }, answer, cx, line);
            }
            (Awaited::Said(ack), _) => {
                let problem = Problem::unavailable("The application does not answer. Try again.");
                self.say_no(Asker { space: number, ack }, &problem, cx, line);
            }
            (Awaited::Password | Awaited::Connect, _) => {
                let problem =
                    Problem::unavailable("Whether you may come in could not be settled. Try again.");
                self.reject(number, &problem, cx, line);
            }
        }
    }

    /// Who it is has been settled. The application behind `/` is asked next, if there is one.
    fn admitted(&mut self, number: Number, who: &Arc<Identity>, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(at) = self.spaces.iter().position(|space| space.number == number) else { return };
        let Some((label, who)) = self.name(at, who, cx) else { return };
        let space = &mut self.spaces[at];
        let Stage::Asking(asking) = &mut space.stage else { return };
        if asking.auth.credentials.is_none() && self.who.is_none() {
            self.who = Some(who.clone());
        }
        space.expires = who.expires_mono_ms(cx.now);
        space.who = Some(who.clone());
        let auth = asking.auth.whole.clone();
        let hook = cx
            .settings
            .socketio
            .hook
            .as_ref()
            .filter(|hook| space.is_main() && hook.wants(HookKind::Connect));
        let Some(name) = hook.map(|hook| hook.name.clone()) else { return self.come_in(number, cx, line) };
        let Some(ticket) = self.await_answer(number, Awaited::Connect) else { return };
        let hello = Some(Arc::new(Introduction { protocol: "socket.io", auth }));
        cx.ask_hook(&name, HookKind::Connect, &who, ticket, |ask| {
            (ask.hello, ask.label) = (hello, Some(label))
        });
    }

    /// What its socket is called, and who it is: as before if it comes back. Said before anybody is asked whether it may come in, so
    /// that an application knows it by one name from the beginning.
    fn name(
        &mut self,
        at: usize,
        who: &Arc<Identity>,
        cx: &mut Cx<'_>,
    ) -> Option<(SessionName, Arc<Identity>)> {
        if self.sid.is_empty() {
            self.sid = new_sid(cx);
        }
        let space = &mut self.spaces[at];
        let Stage::Asking(asking) = &space.stage else { return None };
        let former = former(&asking.auth, &space.namespace, who, self.hello.recovers, cx);
        let name = SessionName::parse(former.as_ref().map_or(&self.sid, |former| &former.sid))?;
        let who = former.and_then(|former| former.guest).unwrap_or_else(|| who.clone());
        space.name = Some(name.clone());
        cx.deeds.push(Deed::Name(name.clone(), who.clone()));
        Some((name, who))
    }

    /// It may come in: its rooms are looked at.
    fn come_in(&mut self, number: Number, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let (recovers, echo) = (self.hello.recovers, self.hello.echo);
        let Some(space) = self.space(number) else { return };
        let (Stage::Asking(asking), Some(who)) = (&mut space.stage, space.who.clone()) else { return };
        let Some(name) = space.name.clone() else { return };
        let auth = std::mem::take(&mut asking.auth);
        let former = former(&auth, &space.namespace, &who, recovers, cx);
        let start = auth.start.unwrap_or(Start::Now);
        let hello = Arc::new(Introduction { protocol: "socket.io", auth: auth.whole });
        let (former, rooms) = match &space.room {
            Some(room) => {
                let at = former.as_ref().and_then(|former| {
                    auth.offset.as_deref().map_or(former.from, |offset| offset.parse().ok())
                });
                let former = former.filter(|_| at.is_some());
                (former, vec![(room.clone(), at.map_or(start, Start::After))])
            }
            None => {
                let positions = former.as_ref().and_then(|_| {
                    recovery::positions(
                        auth.offset.as_deref().unwrap_or_default(),
                        cx.settings.socketio.rooms,
                    )
                });
                let former = former.filter(|_| positions.is_some());
                let rooms = positions.unwrap_or_default();
                (former, rooms.into_iter().map(|(room, at)| (room, Start::After(at))).collect())
            }
        };
        let resumes = auth.pid.is_some();
        let by = cx.now.mono_ms + cx.settings.answer_ms;
        space.stage = Stage::Joining(Box::new(Joining { former, resumes, start, by }));
        let listening = |(room, start)| {
            let listening = Listening::new(room, who.clone(), start, echo, Some(hello.clone()));
            listening.heard_as(name.as_str().into())
        };
        space.listening = rooms.into_iter().map(listening).collect();
        space.listening.shrink_to_fit();
        self.read_on(number, cx, line);
    }

    /// Asks for all that it is to read. In `/` the rooms are looked at before anything is said: all or nothing is restored.
    pub(super) fn read_on(&mut self, number: Number, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let mut ticket = self.last_ticket;
        let Some(space) = self.space(number) else { return };
        let checks = space.is_main() && matches!(space.stage, Stage::Joining(_));
        for listening in &mut space.listening {
            ticket = ticket.wrapping_add(1);
            match (checks, line.is_full(cx)) {
                (true, _) => listening.look(ticket, cx),
                (false, true) => listening.wait(cx),
                (false, false) => listening.ask(ticket, cx),
            }
        }
        let nothing_to_wait_for = checks && space.listening.is_empty();
        self.last_ticket = ticket;
        if nothing_to_wait_for {
            self.connected(number, None, cx, line);
        }
    }

    /// A room looked at for the namespace `/` that is to be restored.
    pub(super) fn looked_at(
        &mut self,
        number: Number,
        joined: &Joined,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) {
        if !joined.recovered {
            return self.forget_former(number, cx, line);
        }
        let Some(space) = self.space(number) else { return };
        if space.listening.iter().all(Listening::is_settled) {
            self.connected(number, None, cx, line);
            self.read_on(number, cx, line);
        }
    }

    /// What was is gone: the client begins anew, and is told so.
    pub(super) fn forget_former(&mut self, number: Number, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let fresh: Arc<str> = self.sid.as_str().into();
        let Some(space) = self.space(number) else { return };
        let Stage::Joining(joining) = &mut space.stage else { return };
        joining.former = None;
        let start = joining.start;
        if space.is_main() {
            let rooms = std::mem::take(&mut space.listening);
            rooms.iter().for_each(|listening| self.stop(listening, cx));
        } else {
            space.listening.iter_mut().for_each(|listening| {
                listening.begin_at(start);
                listening.rename(fresh.clone());
            });
        }
        self.read_on(number, cx, line);
    }

    /// It is in: it is told what it is called. Gives whether it was restored.
    pub(super) fn connected(
        &mut self,
        number: Number,
        joined: Option<&Joined>,
        cx: &mut Cx<'_>,
        line: &mut Line<'_>,
    ) -> bool {
        let (fresh, recovers, v3) =
            (self.sid.clone(), self.hello.recovers, self.hello.version == Version::V3);
        let msgpack = self.msgpack;
        let Some(space) = self.space(number) else { return false };
        let Stage::Joining(joining) = std::mem::replace(&mut space.stage, Stage::Connected) else {
            return false;
        };
        let Some(who) = space.who.clone() else { return false };
        let restored = joining.former.is_some();
        let renames = joining.former.as_ref().is_some_and(|former| former.sid != fresh);
        let (sid, pid) = match joining.former {
            Some(former) => (former.sid, Some(former.pid)),
            None => {
                let from = joined.map(|joined| joined.page.from);
                let pid = recovers
                    .then(|| recovery::pid(&space.namespace, &fresh, &who, from, cx.now, cx.doorman))
                    .flatten();
                (fresh, pid)
            }
        };
        let mut answer = json!({ "sid": sid });
        if let Some(pid) = pid {
            answer["pid"] = pid.into();
        }
        let wire = super::Wire { namespace: &space.namespace, msgpack };
        let answer = (!v3).then(|| answer.to_string());
        let packets = wire.connect(answer.as_deref());
        line.answer(packets, cx);
        // Another namespace may have named the connection otherwise meanwhile; it goes by one name.
        let name = SessionName::parse(&sid);
        if (renames || space.name != name)
            && let Some(name) = name
        {
            space.name = Some(name.clone());
            cx.deeds.push(Deed::Name(name, who));
        }
        self.sid = sid;
        restored
    }

    /// The client may not come in.
    pub(super) fn reject(&mut self, number: Number, problem: &Problem, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(namespace) = self.space(number).map(|space| space.namespace.clone()) else { return };
        self.depart(number, cx);
        self.refuse(&namespace, problem, cx, line);
    }

    /// SIO5 "Connection to a namespace": an object with a `message`, and `data` for programs; in SIO4 a text will do.
    fn refuse(&self, namespace: &str, problem: &Problem, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let whole = match self.hello.version {
            Version::V4 => json!({ "message": problem.detail, "data": problem.json() }),
            Version::V3 => problem.detail.clone().into(),
        };
        let packets = self.wire(namespace).connect_error(&whole.to_string());
        line.answer(packets, cx);
    }

    /// A namespace whose time is over: it could not be let in, or its identity has ended.
    pub(super) fn space_due(&mut self, number: Number, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(space) = self.space(number) else { return };
        if !matches!(space.stage, Stage::Connected) {
            let problem = Problem::unavailable("Nobody answered in time whether you may come in. Try again.");
            return self.reject(number, &problem, cx, line);
        }
        self.put_out(number, &Problem::unauthorized("Your token has expired."), cx, line);
    }

    /// Puts a client out of a namespace, and tells it why.
    pub(super) fn put_out(&mut self, number: Number, why: &Problem, cx: &mut Cx<'_>, line: &mut Line<'_>) {
        let Some(namespace) = self.space(number).map(|space| space.namespace.clone()) else { return };
        let wire = self.wire(&namespace);
        let mut packets = wire.server_event("hubbub:error", &why.json(), None);
        packets.extend(wire.disconnect());
        line.answer(packets, cx);
        self.depart(number, cx);
    }
}

/// The session that is to be restored: it must be this namespace's and this person's.
fn former(auth: &Auth, namespace: &str, who: &Identity, recovers: bool, cx: &Cx<'_>) -> Option<Former> {
    let pid = auth.pid.as_deref().filter(|_| recovers)?;
    let lifetime_ms = cx.settings.socketio.session_ms;
    let former = recovery::former(pid, namespace, cx.now, lifetime_ms, cx.doorman)?;
    let same = who.user.as_str() == former.user;
    // A guest without a name is somebody else each time; his note says who he was.
    let nameless = former.guest.is_some() && who.kind == hubbub_hub::IdentityKind::Guest && !who.named;
    (same || nameless).then_some(former)
}

fn new_sid(cx: &mut Cx<'_>) -> String {
    (0..20).map(|_| char::from(LETTERS[cx.rng.usize(..LETTERS.len())])).collect()
}

fn invalid(error: NameError) -> Problem {
    match error {
        NameError::Remote => Problem::not_found("Rooms on other servers cannot be reached from here."),
        _ => Problem::bad_request(format!("Invalid namespace: it is / or the name of a room, and {error}.")),
    }
}

fn denial(denied: &Denied) -> Problem {
    if denied.is_bad_request() {
        Problem::bad_request(denied.to_string())
    } else {
        Problem::unauthorized(denied.to_string())
    }
}
