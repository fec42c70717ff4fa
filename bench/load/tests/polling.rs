//! Socket.IO over polling against a small server that does as the protocol says, or not.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/http.rs"]
mod http;
#[path = "support/run.rs"]
mod run;
#[path = "support/serve.rs"]
mod serve;

use std::net::TcpStream;
use std::process::Output;
use std::sync::{Arc, Condvar, Mutex};

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The second client does not get the third event.
    Lose,
    /// The second client gets the third event twice.
    Repeat,
    /// Knows no session.
    Forget,
    /// Does not confirm what is posted as the protocol says.
    Mumble,
}

/// One client's session.
#[derive(Default)]
struct Session {
    queue: Vec<String>,
    ponged: bool,
}

/// All sessions, and how many events there were. The id of a session is its number.
#[derive(Default)]
struct State {
    sessions: Vec<Session>,
    events: usize,
}

/// The state, and who waits for it to change.
#[derive(Default)]
struct Lobby {
    state: Mutex<State>,
    changed: Condvar,
}

#[test]
fn a_right_server_passes() {
    let text = run::passed(&polling_against(Fault::None));
    assert!(text.contains("\"deliveries\":15,"), "three clients, five events each: {text}");
}

#[test]
fn a_lost_event_fails() {
    fails(Fault::Lose, "1 deliveries are missing at 1 of 3 receivers");
}

#[test]
fn a_repeated_event_fails() {
    fails(Fault::Repeat, "got message 2 again");
}

#[test]
fn a_session_that_is_not_known_fails() {
    fails(Fault::Forget, "status 400: {\"code\":1");
}

#[test]
fn a_wrong_confirmation_fails() {
    fails(Fault::Mumble, "status 200: hm");
}

fn fails(fault: Fault, complaint_has: &str) {
    run::failed(&polling_against(fault), complaint_has);
}

fn polling_against(fault: Fault) -> Output {
    let lobby = Arc::new(Lobby::default());
    let address = serve::start(move |stream| while serve(&stream, &lobby, fault).is_some() {});
    let url = format!("http://{address}/socket.io/?EIO=4&transport=polling");
    run::load(&url, &["polling", "--connections=3", "--rounds=5", "--warmup=0", "--pause=1"])
}

/// Answers one request; `None` when the client is gone.
fn serve(stream: &TcpStream, lobby: &Lobby, fault: Fault) -> Option<()> {
    let (first, body) = http::receive(stream)?;
    let Some((_, sid)) = first.split_once("&sid=") else {
        let sessions = &mut lobby.state.lock().unwrap().sessions;
        sessions.push(Session::default());
        let open = format!(r#"0{{"sid":"{}","upgrades":[]}}"#, sessions.len() - 1);
        return http::send(stream, "200 OK", &open);
    };
    if fault == Fault::Forget {
        return http::send(stream, "400 Bad Request", r#"{"code":1,"message":"Session ID unknown"}"#);
    }
    let n: usize = sid.split(' ').next().unwrap().parse().unwrap();
    if first.starts_with("GET") {
        return http::send(stream, "200 OK", &poll(lobby, n));
    }
    post(lobby, n, &String::from_utf8(body).unwrap(), fault);
    http::send(stream, "200 OK", if fault == Fault::Mumble { "hm" } else { "ok" })
}

/// Waits until there is something for the session.
fn poll(lobby: &Lobby, n: usize) -> String {
    let state = lobby.state.lock().unwrap();
    let mut state = lobby.changed.wait_while(state, |state| state.sessions[n].queue.is_empty()).unwrap();
    std::mem::take(&mut state.sessions[n].queue).join("\u{1e}")
}

/// Does what one packet asks.
fn post(lobby: &Lobby, n: usize, packet: &str, fault: Fault) {
    let mut state = lobby.state.lock().unwrap();
    match packet {
        "40/lobby,{}" => {
            let welcome = [r#"40/lobby,{"sid":"x"}"#.to_owned(), "2".to_owned()];
            state.sessions[n].queue.extend(welcome);
        }
        "3" => state.sessions[n].ponged = true,
        event => {
            assert!(event.starts_with("42/lobby,"), "{event}");
            // Nobody gets anything until all have answered the ping that came with the welcome.
            let silent = |state: &mut State| state.sessions.iter().any(|session| !session.ponged);
            tell(&mut lobby.changed.wait_while(state, silent).unwrap(), event, fault);
        }
    }
    lobby.changed.notify_all();
}

/// Passes an event on to everybody, but for the fault.
fn tell(state: &mut State, event: &str, fault: Fault) {
    for (n, session) in state.sessions.iter_mut().enumerate() {
        let copies = match fault {
            Fault::Lose if (state.events, n) == (2, 1) => 0,
            Fault::Repeat if (state.events, n) == (2, 1) => 2,
            _ => 1,
        };
        session.queue.extend(std::iter::repeat_n(event.to_owned(), copies));
    }
    state.events += 1;
}
