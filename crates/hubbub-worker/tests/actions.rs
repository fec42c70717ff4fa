//! What applications want done: orders reach the sessions they are for on every worker, names are found, what came of it is told.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::sessions::{lobby, somebody};
use common::{House, Rules};
use hubbub_gate::session::{
    AckId, Act, Answer, Close, Cx, Deed, Delivery, Input, Outcome, Question, Session,
};
use hubbub_hub::command::Stay;
use hubbub_hub::{
    Action, Body, Command, Content, EventName, Happening, Hello, Notice, Reply, SessionKey, SessionName,
    Start, Target, UserAddress, WorkerId,
};

type Log = Rc<RefCell<Vec<String>>>;

/// Sits in the lobby and writes down what the application wants of it; acknowledges when it is given bytes.
struct Member {
    user: &'static str,
    name: Option<&'static str>,
    acknowledges: bool,
    owes: Vec<AckId>,
    log: Log,
}

impl Member {
    fn note(&self, what: String) {
        self.log.borrow_mut().push(what);
    }

    fn act(&mut self, act: Act) -> Result<(), Close> {
        match act {
            Act::Emit { emission, ack } => {
                self.owes.extend(ack);
                self.note(format!("{}{}", text(&emission.body), if ack.is_some() { "?" } else { "" }));
            }
            Act::Join(room) => self.note(format!("join {room}")),
            Act::Leave(room) => self.note(format!("leave {room}")),
            Act::TakenOver => {
                self.note("end: taken over".to_owned());
                return Err(Close::Done);
            }
            Act::Removed => {
                self.note("end: no account".to_owned());
                return Err(Close::Done);
            }
            Act::Disconnect(reason) => {
                self.note(format!("end: {reason}"));
                return Err(Close::Done);
            }
        }
        Ok(())
    }
}

impl Session for Member {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                let who = somebody(self.user);
                if let Some(name) = self.name {
                    cx.deeds.push(Deed::Name(named(name), who.clone()));
                }
                let hello = Some(Hello::by("test"));
                let command = Command::join(Start::Now, 9, Stay::Seated, true, hello);
                cx.command(&lobby(), &who, command, 0);
            }
            Input::Notice(Notice::Reply { reply: Reply::Joined(_), .. }) => {
                cx.seat(&lobby(), Delivery::Personal, true);
            }
            Input::Notice(Notice::Happened { what, .. }) => {
                for one in what {
                    match one {
                        Happening::Event(event) => {
                            self.note(format!("#{} {}", event.at.seq, text(&event.body)))
                        }
                        Happening::Emission(emission) => self.note(text(&emission.body)),
                        Happening::Presence(_) | Happening::Affair(_) | Happening::Passing(_) => {}
                    }
                }
            }
            Input::Act(act) => return self.act(act),
            Input::Stream(_) => {
                let owed = self.owes.drain(..).map(|id| Deed::Acked(id, "[1]".into()));
                cx.deeds.extend(owed);
            }
            _ => {}
        }
        Ok(())
    }

    fn can_acknowledge(&self) -> bool {
        self.acknowledges
    }
}

fn text(body: &Body) -> String {
    String::from_utf8_lossy(body.content.bytes()).into_owned()
}

/// Wants actions done, and writes down what came of them.
struct Asker {
    actions: Vec<Action>,
    log: Log,
}

impl Session for Asker {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => {
                for (ticket, action) in (0..).zip(self.actions.drain(..)) {
                    cx.ask(Question::Act(action), ticket);
                }
            }
            Input::Answer(ticket, Answer::Acted(outcome)) => {
                self.log.borrow_mut().push(format!("{ticket}: {}", words(&outcome)));
            }
            Input::Notice(Notice::Reply { ticket, reply, .. }) => {
                let word = match reply {
                    Reply::Published(published) => format!("kept {}", published.at.seq),
                    Reply::Answered(None) => "told".to_owned(),
                    other => panic!("{other:?}"),
                };
                self.log.borrow_mut().push(format!("{ticket}: {word}"));
            }
            _ => {}
        }
        Ok(())
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reached(count) => format!("reached {count}"),
        Outcome::NoSuchSession => "nobody".to_owned(),
        Outcome::OneRoomOnly => "one room".to_owned(),
        Outcome::Acked { reached, acks, timeout } => {
            let who: Vec<_> = acks.iter().map(|(name, _)| name.as_str()).collect();
            format!("reached {reached}, acked by [{}]{}", who.join(" "), if *timeout { " late" } else { "" })
        }
    }
}

/// A server and who is in it.
struct Scene {
    house: House,
}

impl Scene {
    fn new() -> Self {
        Self { house: House::new(2, &Rules::default()) }
    }

    fn member(
        &mut self,
        worker: WorkerId,
        user: &'static str,
        name: Option<&'static str>,
    ) -> (SessionKey, Log) {
        let log = Log::default();
        let member = Member { user, name, acknowledges: name.is_some(), owes: Vec::new(), log: log.clone() };
        let key = self.house.open(worker, member);
        self.house.settle();
        (key, log)
    }

    /// Asks on a worker, lets everything happen, and gives the log of what came of it.
    fn act(&mut self, worker: WorkerId, actions: Vec<Action>) -> Log {
        let log = Log::default();
        self.house.open(worker, Asker { actions, log: log.clone() });
        self.house.settle();
        log
    }
}

fn take(log: &Log) -> Vec<String> {
    std::mem::take(&mut *log.borrow_mut())
}

fn named(name: &str) -> SessionName {
    SessionName::parse(name).expect("it is a name")
}

fn session(name: &str) -> Target {
    Target::Session(named(name))
}

fn emit(to: Target, what: &'static str) -> Action {
    let body = Body::new(EventName::default(), Content::Text(what.into()));
    Action::Emit { to, except: Vec::new(), body, volatile: false, ack_ms: None }
}

fn acknowledged(action: Action, within_ms: u64) -> Action {
    let Action::Emit { to, except, body, volatile, .. } = action else {
        panic!("only an emit is acknowledged")
    };
    Action::Emit { to, except, body, volatile, ack_ms: Some(within_ms) }
}

#[test]
fn sessions_are_found_by_key_name_and_user_wherever_they_are() {
    for asker in [0, 1] {
        let mut scene = Scene::new();
        let (ann, ann_log) = scene.member(0, "ann", Some("x"));
        let (_, bo_log) = scene.member(1, "bo", Some("yy"));
        let (_, other_log) = scene.member(1, "ann", None);
        let log = scene.act(
            asker,
            vec![
                emit(session(&ann.to_string()), "by key"),
                emit(session("yy"), "by name"),
                emit(Target::User(UserAddress::from_prepared("ann@guest.localhost")), "by user"),
                emit(Target::All, "all"),
                emit(session("zzz"), "nobody"),
                emit(session("s1.77.1"), "nobody"),
                emit(session("s9.0.0"), "nobody"),
            ],
        );
        let mut told = take(&log);
        told.sort();
        let wanted = [
            "0: reached 1",
            "1: reached 1",
            "2: reached 2",
            "3: reached 3",
            "4: nobody",
            "5: nobody",
            "6: nobody",
        ];
        assert_eq!(told, wanted);
        assert_eq!(take(&ann_log), ["by key", "by user", "all"]);
        assert_eq!(take(&bo_log), ["by name", "all"]);
        assert_eq!(take(&other_log), ["by user", "all"]);
    }
}

#[test]
fn who_has_gone_is_not_found_by_any_name() {
    let mut scene = Scene::new();
    let (ann, _) = scene.member(0, "ann", Some("x"));
    scene.house.release(ann);
    scene.house.settle();
    let user = Target::User(UserAddress::from_prepared("ann@guest.localhost"));
    let log =
        scene.act(1, vec![emit(session("x"), "a"), emit(session(&ann.to_string()), "b"), emit(user, "c")]);
    let mut told = take(&log);
    told.sort();
    assert_eq!(told, ["0: nobody", "1: nobody", "2: reached 0"]);
}

#[test]
fn whoever_takes_a_name_over_ends_the_former() {
    let mut scene = Scene::new();
    let (former, former_log) = scene.member(0, "ann", Some("x"));
    let (_, log) = scene.member(1, "ann", Some("x"));
    assert_eq!(take(&former_log), ["end: taken over"]);
    assert!(scene.house.is_over(former));
    scene.act(0, vec![emit(session("x"), "hello")]);
    assert_eq!(take(&log), ["hello"], "the former's end has not taken the name away");
}

#[test]
fn what_a_room_is_told_is_kept_unless_it_is_for_some() {
    let mut scene = Scene::new();
    let (ann, ann_log) = scene.member(0, "ann", None);
    let (_, bo_log) = scene.member(1, "bo", Some("bo"));
    let hint = |except: &[&str], volatile| {
        let Action::Emit { to, body, .. } = emit(Target::Room(lobby()), "hint") else { unreachable!() };
        let except = except.iter().map(|name| named(name)).collect();
        Action::Emit { to, except, body, volatile, ack_ms: None }
    };
    let kept = emit(Target::Room(lobby()), "kept");
    let log = scene.act(1, vec![kept.clone(), hint(&[&ann.to_string()], false), hint(&["bo"], false), kept]);
    assert_eq!(take(&log), ["0: kept 1", "1: told", "2: told", "3: kept 2"]);
    assert_eq!(take(&ann_log), ["#1 kept", "hint", "#2 kept"]);
    assert_eq!(take(&bo_log), ["#1 kept", "hint", "#2 kept"]);
}

#[test]
fn what_is_volatile_leaves_out_who_has_not_read_yet() {
    let mut scene = Scene::new();
    let [reads, sleeps] = [0, 1].map(|worker| scene.house.stream(worker, "/rooms/lobby/messages"));
    scene.house.settle();
    scene.act(0, vec![emit(Target::Room(lobby()), "first")]);
    scene.house.sent(reads);
    // The shell has flushed what it could.
    scene.house.workers.iter_mut().for_each(|worker| worker.take_touched(&mut Vec::new()));
    let volatile = |to, what| {
        let Action::Emit { to, except, body, .. } = emit(to, what) else { unreachable!() };
        Action::Emit { to, except, body, volatile: true, ack_ms: None }
    };
    // Two in one turn: what this turn has written itself does not count.
    let room = || Target::Room(lobby());
    scene.act(0, vec![volatile(room(), "now"), volatile(room(), "and now")]);
    let one_by_one = [reads, sleeps].map(|key| volatile(session(&key.to_string()), "now to you"));
    let log = scene.act(1, one_by_one.into());
    assert_eq!(take(&log), ["0: reached 1", "1: reached 0"]);
    let (awake, asleep) = (scene.house.sent_text(reads), scene.house.sent_text(sleeps));
    assert!(awake.contains("\"now\"") && awake.contains("\"and now\""), "{awake}");
    assert!(asleep.contains("first") && !asleep.contains("now"), "{asleep}");
}

#[test]
fn acknowledgements_are_collected_from_those_who_can_give_them() {
    let mut scene = Scene::new();
    let (ann, ann_log) = scene.member(0, "ann", Some("ann"));
    let (bo, _) = scene.member(1, "bo", Some("bo"));
    let (_, plain_log) = scene.member(1, "cleo", None);
    let log = scene.act(0, vec![acknowledged(emit(Target::Room(lobby()), "vote"), 1000)]);
    assert_eq!((take(&ann_log), take(&plain_log)), (vec!["vote?".to_owned()], vec!["vote".to_owned()]));
    for member in [bo, ann] {
        assert_eq!(take(&log), [""; 0]);
        scene.house.input(member, Input::Stream(&mut []));
        scene.house.settle();
    }
    assert_eq!(take(&log), ["0: reached 3, acked by [bo ann]"]);
}

#[test]
fn acknowledgements_that_do_not_come_are_not_waited_for_for_ever() {
    let mut scene = Scene::new();
    let (ann, _) = scene.member(0, "ann", Some("ann"));
    scene.member(1, "bo", Some("bo"));
    let log = scene.act(1, vec![acknowledged(emit(Target::All, "vote"), 1000)]);
    scene.house.input(ann, Input::Stream(&mut []));
    scene.house.wait(999);
    assert_eq!(take(&log), [""; 0]);
    scene.house.wait(1);
    assert_eq!(take(&log), ["0: reached 2, acked by [ann] late"]);
    let nobody = scene.act(0, vec![acknowledged(emit(session("zzz"), "vote"), 1000)]);
    assert_eq!(take(&nobody), ["0: nobody"]);
}

#[test]
fn only_who_can_move_is_moved() {
    let mut scene = Scene::new();
    let (_, ann_log) = scene.member(0, "ann", Some("ann"));
    let (bo, bo_log) = scene.member(1, "bo", None);
    let room = lobby();
    let session = named;
    let log = scene.act(
        0,
        vec![
            Action::Join { session: session("ann"), room: room.clone() },
            Action::Leave { session: session("ann"), room: room.clone() },
            Action::Join { session: bo.into(), room },
        ],
    );
    let mut told = take(&log);
    told.sort();
    assert_eq!(told, ["0: reached 1", "1: reached 1", "2: one room"]);
    assert_eq!((take(&ann_log), take(&bo_log)), (vec!["join lobby".into(), "leave lobby".into()], vec![]));
}

#[test]
fn whoever_is_told_to_go_goes() {
    let mut scene = Scene::new();
    let (ann, ann_log) = scene.member(0, "ann", None);
    let (bo, _) = scene.member(1, "bo", None);
    let log = scene.act(1, vec![Action::Disconnect { to: Target::Room(lobby()), reason: "closing".into() }]);
    assert_eq!(take(&log), ["0: reached 2"]);
    assert_eq!(take(&ann_log), ["end: closing"]);
    assert!(scene.house.is_over(ann) && scene.house.is_over(bo));
}
