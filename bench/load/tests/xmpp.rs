//! XMPP against a small server that does as the protocol says, or not.
#![expect(clippy::unwrap_used, reason = "the helpers of these tests fail as the tests themselves do")]

#[path = "support/run.rs"]
mod run;
#[path = "support/serve.rs"]
mod serve;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Output;
use std::sync::{Arc, Mutex};

/// What the server does wrong, or differently.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Lets nobody in.
    Refuse,
    /// The second client does not get the fourth message.
    Lose,
    /// The second client gets the fourth message twice.
    Repeat,
    /// The second client gets other words in the fourth message.
    Damage,
    /// Everybody gets an error instead of the fourth message.
    Bounce,
    /// Every stream ends instead of the fourth message.
    End,
}

/// The fourth message, by its number.
const FOURTH: usize = 3;

/// Where streams begin.
const OPEN: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0'>";

/// Everybody on a stream, in the order of their coming.
type Streams = Arc<Mutex<Vec<TcpStream>>>;

#[test]
fn a_right_server_passes() {
    passes(&room(), 2 * 6);
    passes(&["sessions", "--connections=2", "--warmup=1", "--settle=0"], 0);
}

#[test]
fn pairs_hear_each_other() {
    let chat = ["chat", "--connections=2", "--seconds=0", "--warmup=3", "--window=2"];
    run::passed(&run_against(Fault::None, &chat));
}

#[test]
fn clients_come_and_go() {
    let logins = ["logins", "--connections=2", "--seconds=0", "--warmup=7", "--accounts=4"];
    run::passed(&run_against(Fault::None, &logins));
}

#[test]
fn a_refusal_fails_and_is_shown() {
    fails(Fault::Refuse, "<not-authorized/>");
}

#[test]
fn a_lost_message_fails() {
    fails(Fault::Lose, "receiver 1 got message 4 before message 3");
}

#[test]
fn a_repeated_message_fails() {
    fails(Fault::Repeat, "receiver 1 got message 3 again");
}

#[test]
fn a_damaged_message_fails() {
    fails(Fault::Damage, "receiver 1 got damaged bytes instead of message 3");
}

#[test]
fn an_error_fails_and_is_shown() {
    fails(Fault::Bounce, "an error: <message type='error'");
}

#[test]
fn the_end_of_the_stream_fails() {
    fails(Fault::End, "was closed by the server (end of the XMPP stream)");
}

/// Two clients in a room, six rounds of six messages.
fn room() -> [&'static str; 6] {
    ["fanout", "--xmpp=bench@rooms.localhost", "--connections=2", "--rounds=6", "--warmup=0", "--burst=1"]
}

fn passes(options: &[&str], deliveries: usize) {
    let text = run::passed(&run_against(Fault::None, options));
    let counted = text.contains(&format!("\"deliveries\":{deliveries},"));
    assert!(counted || deliveries == 0, "{deliveries} deliveries: {text}");
}

fn fails(fault: Fault, complaint_has: &str) {
    let options = room().map(|option| if option == "--burst=1" { "--burst=6" } else { option });
    run::failed(&run_against(fault, &options), complaint_has);
}

/// The load generator against a server with the fault.
fn run_against(fault: Fault, options: &[&str]) -> Output {
    let streams = Streams::default();
    let address = serve::start(move |stream| serve(stream, &streams, fault));
    let pid = format!("--server-pid={}", std::process::id());
    let pid = if options[0] == "sessions" { &[pid.as_str()][..] } else { &[] };
    run::load(&format!("xmpp://{address}/localhost"), &[options, pid].concat())
}

/// What a client has said and nobody has looked at.
struct Heard {
    stream: TcpStream,
    text: String,
}

impl Heard {
    /// Up to and with the first of these; `None` when the client is gone.
    fn until(&mut self, ends: &[&str]) -> Option<String> {
        loop {
            let found = ends.iter().filter_map(|end| self.text.find(end).map(|at| at + end.len())).min();
            if let Some(at) = found {
                return Some(self.text.drain(..at).collect());
            }
            let mut piece = [0; 4096];
            let size = self.stream.read(&mut piece).ok().filter(|&size| size > 0)?;
            self.text.push_str(std::str::from_utf8(&piece[..size]).unwrap());
        }
    }
}

/// Serves one client until it goes.
fn serve(stream: TcpStream, streams: &Streams, fault: Fault) -> Option<()> {
    let mut say = stream.try_clone().unwrap();
    let mut heard = Heard { stream, text: String::new() };
    let mut tell = |text: &str| say.write_all(text.as_bytes()).ok();
    heard.until(&["streams'>"])?;
    tell(&format!("{OPEN}<stream:features><mechanisms/></stream:features>"))?;
    heard.until(&["/>"])?;
    if fault == Fault::Refuse {
        return tell("<failure><not-authorized/></failure>");
    }
    // In two pieces: whoever reads must put them together.
    tell("<succ")?;
    tell("ess/>")?;
    heard.until(&["streams'>"])?;
    tell(&format!("{OPEN}<stream:features><bind/></stream:features>"))?;
    heard.until(&["</iq>"])?;
    let number = streams.lock().unwrap().len();
    streams.lock().unwrap().push(heard.stream.try_clone().unwrap());
    tell(&format!("<iq type='result' id='bind'><bind><jid>{number}@localhost/r</jid></bind></iq>"))?;
    heard.until(&["<presence/>"])?;
    tell("<presence/>")?;
    for said in 0.. {
        answer(&mut heard, streams, number, said, fault)?;
    }
    Some(())
}

/// Answers one stanza. Rooms and single addresses differ only in who gets a message.
fn answer(heard: &mut Heard, streams: &Streams, number: usize, said: usize, fault: Fault) -> Option<()> {
    let stanza = heard.until(&["</presence>", "</message>", "</iq>", "</stream:stream>"])?;
    let tell = |text: &str| streams.lock().unwrap()[number].write_all(text.as_bytes()).ok();
    if stanza.starts_with("<presence") {
        return tell("<presence/><message type='groupchat'><subject/></message>");
    }
    if stanza.starts_with("<iq") {
        return tell("<iq type='result' id='ping'/>");
    }
    if stanza.starts_with("</stream") {
        tell("</stream:stream>")?;
        return None;
    }
    let body = &stanza[stanza.find("<body>")?..stanza.find("</message>")?];
    if stanza.contains("groupchat") {
        // The first presence of the speaker's is not counted, the entry is.
        return streams
            .lock()
            .unwrap()
            .iter_mut()
            .enumerate()
            .try_for_each(|(n, stream)| stream.write_all(told(body, n, said - 1, fault).as_bytes()).ok());
    }
    let other = format!("<message from='{number}@localhost' type='chat'>{body}</message>");
    streams.lock().unwrap()[number ^ 1].write_all(other.as_bytes()).ok()
}

/// What client `n` is told of message `said`.
fn told(body: &str, n: usize, said: usize, fault: Fault) -> String {
    let message = format!("<message from='bench@rooms.localhost/n0' type='groupchat'>{body}<x/></message>");
    match fault {
        _ if said != FOURTH => message,
        Fault::Bounce => "<message type='error'><error/></message>".to_owned(),
        Fault::End => "</stream:stream>".to_owned(),
        Fault::Lose if n == 1 => String::new(),
        Fault::Repeat if n == 1 => message.repeat(2),
        Fault::Damage if n == 1 => message.replace("</body>", "!</body>"),
        _ => message,
    }
}
