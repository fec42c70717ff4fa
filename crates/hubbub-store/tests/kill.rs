//! Acknowledged means kept: a child process writes messages and papers and says what was acknowledged, is killed at some
//! moment with SIGKILL, and whoever opens its store finds all of that, without a hole and nothing by half.
//!
//! Run without the usual harness, because this program is its own child.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};

use hubbub_hub::{
    Body, Content, Event, EventName, Keep, LogAnswer, LogAsk, MessageId, Offset, PapersAnswer, PapersAsk,
    RoomName, Sender, SessionKey, UserAddress,
};
use hubbub_store::{Answer, PapersLimits, Store, StoreHandle, StoreSettings};

const ROOMS: [&str; 3] = ["red", "green", "blue"];
const KILLS: usize = 12;
/// Messages of one room that are on their way at once.
const IN_FLIGHT: u64 = 40;
const CHILD: &str = "--child";
const SESSION: SessionKey = SessionKey { worker: 0, slot: 0, generation: 0 };
/// Who keeps papers: two under these keys, always written together and always the same.
const OWNER: &str = "ann";
const KEYS: [&str; 2] = ["a", "b"];

fn main() {
    let mut args = std::env::args().skip(1);
    match (args.next().as_deref(), args.next()) {
        (Some(CHILD), Some(dir)) => write_for_ever(Path::new(&dir)),
        _ => kill_again_and_again(),
    }
}

fn kill_again_and_again() {
    let dir = tempfile::tempdir().expect("a place to write");
    let mut rng = fastrand::Rng::new();
    let mut acknowledged = HashMap::new();
    for round in 0..KILLS {
        let lines = rng.usize(1..400);
        run_and_kill(dir.path(), lines, &mut acknowledged);
        check(dir.path(), &acknowledged, round);
    }
    let writes = acknowledged.remove(OWNER).expect("somebody was told of papers");
    let total: u64 = acknowledged.values().sum();
    println!("killed {KILLS} times: all of {total} acknowledged messages are there, without a hole");
    println!("and the papers of {writes} acknowledged changes, none by half");
}

/// Lets a child write until it has said so many lines; takes what it has said until its end.
fn run_and_kill(dir: &Path, lines: usize, acknowledged: &mut HashMap<String, u64>) {
    let program = std::env::current_exe().expect("a running program has a name");
    let mut child =
        Command::new(program).arg(CHILD).arg(dir).stdout(Stdio::piped()).spawn().expect("a child");
    let out = BufReader::new(child.stdout.take().expect("it was asked for"));
    for (count, line) in out.lines().map_while(Result::ok).enumerate() {
        if count == lines {
            child.kill().expect("it runs until it is killed");
        }
        // The last line may be cut: then nobody was told.
        if let Some((room, seq)) = line.strip_suffix('.').and_then(|line| line.split_once(' ')) {
            acknowledged.insert(room.to_owned(), seq.parse().expect("a number"));
        }
    }
    child.wait().expect("it was killed");
}

/// Everything acknowledged is there, in order, as it was written.
fn check(dir: &Path, acknowledged: &HashMap<String, u64>, round: usize) {
    let (store, answers) = start(dir);
    for room in ROOMS {
        store.log(0, open(room));
        let Ok(Answer::Log(LogAnswer::Opened { log: Ok(Some(log)), .. })) = answers.recv() else {
            panic!("{room}")
        };
        let told = acknowledged.get(room).copied().unwrap_or(0);
        assert!(log.head >= told, "round {round}: {room} was told {told} and has {}", log.head);
        let mut after = 0;
        while after < log.head {
            store.log(0, LogAsk::Read { room: name(room), after, limit: 1000, ticket: 0 });
            let Ok(Answer::Log(LogAnswer::Page { events: Ok(events), .. })) = answers.recv() else {
                panic!("{room}")
            };
            assert!(
                !events.is_empty(),
                "round {round}: nothing after {after} of {room}, which has {}",
                log.head
            );
            for found in events {
                after += 1;
                assert_eq!(*found, event(room, log.epoch, after), "round {round}");
            }
        }
    }
    let kept = papers(&store, &answers);
    let told = acknowledged.get(OWNER).copied().unwrap_or(0);
    assert!(kept >= told, "round {round}: papers were told {told} and are of {kept}");
    store.stop();
}

/// Which change the papers are of; 0 if there are none. Both are of the same.
fn papers(store: &StoreHandle, answers: &mpsc::Receiver<Answer>) -> u64 {
    store.papers(SESSION, 0, PapersAsk::Read { owner: OWNER.to_owned(), shelf: "card" }).expect("a place");
    let Ok(Answer::Papers { answer: PapersAnswer::Found(papers), .. }) = answers.recv() else {
        panic!("papers")
    };
    let numbers: Vec<u64> = papers.iter().map(|paper| number_in(&paper.value)).collect();
    match numbers[..] {
        [] => 0,
        [a, b] if a == b => a,
        _ => panic!("by half: {numbers:?}"),
    }
}

fn number_in(value: &[u8]) -> u64 {
    std::str::from_utf8(value).expect("digits").trim_start_matches('.').parse().expect("a number")
}

/// The child: keeps messages on their way in every room and says which were acknowledged.
fn write_for_ever(dir: &Path) {
    let (store, answers) = start(dir);
    let mut sent = HashMap::new();
    let mut change = papers(&store, &answers) + 1;
    send_papers(&store, change);
    for room in ROOMS {
        store.log(0, open(room));
    }
    let mut out = std::io::stdout().lock();
    for answer in answers {
        match answer {
            Answer::Papers { answer: PapersAnswer::Kept, .. } => {
                writeln!(out, "{OWNER} {change}.").expect("the parent listens");
                out.flush().expect("the parent listens");
                change += 1;
                send_papers(&store, change);
            }
            Answer::Log(LogAnswer::Opened { room, log: Ok(Some(log)) }) => {
                sent.insert(room.clone(), (log.epoch, log.head));
                send_up_to(&store, &mut sent, &room, log.head + IN_FLIGHT);
            }
            Answer::Log(LogAnswer::Kept { room, through, .. }) => {
                writeln!(out, "{room} {through}.").expect("the parent listens");
                out.flush().expect("the parent listens");
                send_up_to(&store, &mut sent, &room, through + IN_FLIGHT);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Long enough for pages of their own.
fn send_papers(store: &StoreHandle, change: u64) {
    let value = format!("{change:.>9000}");
    let changes = KEYS.map(|key| ("card", key.to_owned(), Some(value.clone().into()))).to_vec();
    store.papers(SESSION, 0, PapersAsk::Write { owner: OWNER.to_owned(), changes }).expect("a place");
}

fn send_up_to(store: &StoreHandle, sent: &mut HashMap<RoomName, (u32, u64)>, room: &RoomName, until: u64) {
    let (epoch, last) = sent.get_mut(room).expect("it was opened");
    while *last < until {
        *last += 1;
        let event = Arc::new(event(room.as_str(), *epoch, *last));
        store.log(0, LogAsk::Append { event, key: None });
    }
}

fn start(dir: &Path) -> (StoreHandle, mpsc::Receiver<Answer>) {
    let (to, from) = mpsc::channel();
    let settings = StoreSettings {
        dir: dir.to_owned(),
        sync_full: true,
        domain: "example.org".to_owned(),
        workers: 1,
        batch_max: 50,
        password_queue: 1,
        iterations: 1,
        verifier_queue: 1,
        papers: PapersLimits { entries: 1000, bytes: 100_000 },
        papers_queue: 1_000_000,
    };
    let store = Store::open(settings).expect("a store");
    let handle = store.start(move |_, answer| {
        let _ = to.send(answer);
    });
    (handle, from)
}

fn name(room: &str) -> RoomName {
    RoomName::parse(room).expect("a name")
}

fn open(room: &str) -> LogAsk {
    LogAsk::Open {
        room: name(room),
        only_for_account: None,
        keep: Keep { count: u64::MAX, bytes: u64::MAX, age_ms: u64::MAX },
        tail_count: 0,
        tail_bytes: 0,
        keys_since_ms: 0,
        new_epoch: 1,
    }
}

fn event(room: &str, epoch: u32, seq: u64) -> Event {
    Event {
        room: name(room),
        at: Offset::new(epoch, seq),
        id: MessageId(u128::from(seq)),
        unix_ms: seq,
        from: Sender { user: UserAddress::from_prepared("ann@localhost"), name: "Ann".into() },
        to: None,
        body: Body::new(EventName::default(), Content::Text(format!("{room} {seq}").repeat(20).into())),
        origin: None,
    }
}
