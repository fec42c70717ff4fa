//! Stream management (XEP-0198): enabled, acknowledged, lost, resumed.

use crate::talk::{At, C, Do, Gate, HEADER, OPEN, Row, S, Talk, jid, settings, tls};
use bytes::Bytes;
use hubbub_xmpp::stream::{Kind, Out, Pieces, Settings, SmState, Stream};

const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
const ASK: &str = "<r xmlns='urn:xmpp:sm:3'/>";

/// A bound stream that may be resumed.
pub(crate) fn managed(kind: Kind, settings: Settings) -> Talk {
    let mut talk = Talk::bound(kind, settings);
    talk.hold(&[
        C(ENABLE),
        S("<enabled xmlns='urn:xmpp:sm:3' id='*' resume='true' max='300'/>"),
        Do("SmEnabled { resume: true }"),
    ]);
    talk
}

/// A stream on which Ann has logged in and bound nothing.
pub(crate) fn returning(kind: Kind) -> Talk {
    let mut talk = Talk::new(kind, settings(), Some(tls()));
    let open = match kind {
        Kind::Tcp => OPEN,
        Kind::WebSocket => {
            "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>"
        }
    };
    talk.receive(open.as_bytes());
    talk.receive(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
    talk.act(|stream, out| stream.authenticated(jid("ann@guest.example.org"), 0, out));
    talk.receive(open.as_bytes());
    talk.outs.clear();
    talk
}

fn send(talk: &mut Talk, stanza: &'static str) {
    talk.act(|stream, out| stream.send(Bytes::from_static(stanza.as_bytes()), true, out));
}

/// Sends stanzas called 1 to `count`, and forgets what that made.
fn send_many(talk: &mut Talk, count: u32) {
    for nth in 1..=count {
        talk.act(|stream, out| stream.send(format!("<message id='{nth}'/>").into_bytes(), true, out));
    }
    talk.outs.clear();
}

fn resume(talk: &mut Talk, state: SmState, h: u32) {
    talk.receive(format!("<resume xmlns='urn:xmpp:sm:3' previd='{}' h='{h}'/>", state.id()).as_bytes());
    assert!(
        matches!(talk.outs.pop_front(), Some(Out::Resume { previd, h: said }) if previd == state.id() && said == h)
    );
    talk.act(|stream, out| stream.resume_with(state, h, out).unwrap());
}

/// XEP-0198 §8.1, "Basic Acking Scenario".
#[test]
fn basic_acking() {
    let mut talk = Talk::bound(Kind::Tcp, settings());
    talk.hold(&[
        C("<enable xmlns='urn:xmpp:sm:3'/>"),
        S("<enabled xmlns='urn:xmpp:sm:3'/>"),
        Do("SmEnabled { resume: false }"),
        C("<iq id='ls72g593' type='get'><query xmlns='jabber:iq:roster'/></iq><r xmlns='urn:xmpp:sm:3'/>"),
        Do("Stanza <iq *"),
        S("<a xmlns='urn:xmpp:sm:3' h='1'/>"),
        Gate(|stream, out| stream.send(Bytes::from_static(b"<iq id='ls72g593' type='result'/>"), true, out)),
        S("<iq id='ls72g593' type='result'/>"),
        C("<a xmlns='urn:xmpp:sm:3' h='1'/><presence/><r xmlns='urn:xmpp:sm:3'/>"),
        Do("Stanza <presence/>"),
        S("<a xmlns='urn:xmpp:sm:3' h='2'/>"),
    ]);
    assert!(talk.stream.take_unacked().is_empty());
    assert!(talk.stream.export_sm().is_none(), "nobody asked for that");
}

#[test]
fn the_longest_wait_is_the_shorter_one() {
    let no_resume = Settings { sm_resume_s: 0, ..settings() };
    let prefixed = Settings { sm_prefix: "w3.".to_owned(), ..settings() };
    let cases = [
        (settings(), "resume='true' max='60'", "id='*' resume='true' max='60'"),
        (settings(), "resume='1' max='3000'", "id='*' resume='true' max='300'"),
        (settings(), "resume='true' max='0'", "id='*' resume='true' max='300'"),
        (settings(), "resume='false'", ""),
        (no_resume, "resume='true'", ""),
        (prefixed, "resume='true'", "id='w3.*' resume='true' max='300'"),
    ];
    for (settings, asked, granted) in cases {
        let enable = format!("<enable xmlns='urn:xmpp:sm:3' {asked}/>");
        let enabled = format!("<enabled xmlns='urn:xmpp:sm:3' {granted}/>").replace(" />", "/>");
        let resumable = format!("SmEnabled {{ resume: {} }}", !granted.is_empty());
        let mut talk = Talk::bound(Kind::Tcp, settings);
        talk.hold(&[C(&enable), S(&enabled), Do(&resumable)]);
        assert_eq!(talk.stream.sm_max_s().is_some(), !granted.is_empty());
    }
}

/// XEP-0198 §3, §6: what comes at the wrong time fails, and the stream goes on.
#[test]
fn what_comes_at_the_wrong_time() {
    let unexpected = "<failed xmlns='urn:xmpp:sm:3'>\
                      <unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    let bad =
        "<failed xmlns='urn:xmpp:sm:3'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    let resume = "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>";
    let ack = "<a xmlns='urn:xmpp:sm:3' h='0'/>";
    let off = [C(ASK), S(unexpected), C(ack), S(unexpected), C(resume), S(unexpected)];
    Talk::bound(Kind::Tcp, settings()).hold(&off);
    let on = [C(ENABLE), S(unexpected), C(resume), S(unexpected), C("<a xmlns='urn:xmpp:sm:3'/>"), S(bad)];
    managed(Kind::Tcp, settings()).hold(&on);
    let nameless =
        [C(ENABLE), S(unexpected), C(ASK), S(unexpected), C("<resume xmlns='urn:xmpp:sm:3'/>"), S(bad)];
    returning(Kind::Tcp).hold(&nameless);
}

#[test]
fn nobody_manages_before_login() {
    let mut talk = Talk::tcp();
    talk.hold(&[C(OPEN), S("*"), C(ENABLE), S("<stream:error><unsupported-stanza-type *"), Do("Closed(*)")]);
}

/// After ten stanzas, or 32 KiB.
#[test]
fn the_client_is_asked_now_and_then() {
    let mut talk = managed(Kind::Tcp, settings());
    for _ in 0..2 {
        (0..9).for_each(|_| send(&mut talk, "<message/>"));
        talk.hold(&[S("<message/>"); 9]);
        send(&mut talk, "<message/>");
        talk.hold(&[S("<message/>"), S(ASK)]);
    }
    talk.act(|stream, out| stream.send(vec![b' '; 32 << 10], true, out));
    talk.hold(&[S("*"), S(ASK)]);
    talk.act(|stream, out| stream.send(Bytes::from_static(b"<x/>"), false, out));
    talk.hold(&[S("<x/>")]);
    assert_eq!(talk.stream.take_unacked().len(), 21, "no stanza, not counted");
}

/// XEP-0198 §4: more than was sent.
#[test]
fn too_much_is_acknowledged() {
    let mut talk = managed(Kind::Tcp, settings());
    send_many(&mut talk, 8);
    talk.hold(&[
        C("<a xmlns='urn:xmpp:sm:3' h='3'/>"),
        C("<a xmlns='urn:xmpp:sm:3' h='10'/>"),
        S("<a xmlns='urn:xmpp:sm:3' h='0'/><stream:error>\
           <undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
           <text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>\
           You acknowledged 10 stanzas, but I only sent you 8 so far.</text>\
           <handled-count-too-high xmlns='urn:xmpp:sm:3' h='10' send-count='8'/></stream:error></stream:stream>"),
        Do("Closed(Failed(UndefinedCondition))"),
    ]);
    assert!(talk.stream.export_sm().is_none());
    assert_eq!(talk.stream.take_unacked().len(), 5);
}

/// XEP-0198 §5. The stanzas the client has not seen come again, in order, and the counters go on.
/// XEP-0198 §4: what is acknowledged is the server's to look after, so it waits for what is being kept.
#[test]
fn what_is_not_kept_yet_is_not_acknowledged() {
    let mut talk = managed(Kind::Tcp, settings());
    let claims = |talk: &mut Talk| -> Vec<_> {
        let claim = |out| if let Out::Stanza(_, claim) = out { claim } else { None };
        talk.outs.drain(..).filter_map(claim).collect()
    };
    talk.receive(b"<message id='1'/><presence/><message id='3'/><r xmlns='urn:xmpp:sm:3'/>");
    let mut claims = claims(&mut talk);
    assert_eq!(claims.len(), 2);
    let due = talk.stream.deadline().unwrap();
    talk.hold(&[At(due)]);
    // The second alone does not help: acknowledgements have no gaps.
    claims.pop();
    talk.hold(&[At(due + 10), Gate(Stream::settle)]);
    claims.clear();
    talk.hold(&[Gate(Stream::settle), S("<a xmlns='urn:xmpp:sm:3' h='3'/>"), Gate(Stream::settle)]);
}

#[test]
fn who_waits_too_long_is_told_what_was_kept() {
    let mut talk = managed(Kind::Tcp, settings());
    talk.receive(b"<presence/><message id='2'/><r xmlns='urn:xmpp:sm:3'/>");
    let kept: Vec<_> = talk.outs.drain(..).collect();
    let since = talk.now;
    talk.hold(&[At(since + 999), At(since + 1004), S("<a xmlns='urn:xmpp:sm:3' h='1'/>")]);
    drop(kept);
    talk.hold(&[C("<r xmlns='urn:xmpp:sm:3'/>"), S("<a xmlns='urn:xmpp:sm:3' h='2'/>")]);
    assert_eq!(talk.stream.export_sm().unwrap().handled(), 2);
}

#[test]
fn a_lost_session_is_resumed() {
    let mut talk = managed(Kind::Tcp, settings());
    talk.hold(&[C("<presence/>"), Do("Stanza *"), C("<message/>"), Do("Stanza *")]);
    send_many(&mut talk, 4);
    let mut state = talk.stream.export_sm().unwrap();
    assert_eq!(state.jid(), &jid("ann@guest.example.org/phone"));
    assert_eq!((state.handled(), state.waiting(), state.max_s()), (2, 4, Some(300)));
    state.push(Bytes::from_static(b"<message id='5'/>")).unwrap();

    let mut talk = returning(Kind::Tcp);
    resume(&mut talk, state, 3);
    talk.hold(&[
        S("<resumed xmlns='urn:xmpp:sm:3' previd='*' h='2'/>"),
        S("<message id='4'/>"),
        S("<message id='5'/>"),
        S(ASK),
        C("<a xmlns='urn:xmpp:sm:3' h='5'/>"),
        C("<presence/><r xmlns='urn:xmpp:sm:3'/>"),
        Do("Stanza *"),
        S("<a xmlns='urn:xmpp:sm:3' h='3'/>"),
    ]);
    assert_eq!(talk.stream.jid(), Some(&jid("ann@guest.example.org/phone")));
    assert!(talk.stream.is_bound() && talk.stream.take_unacked().is_empty());
    assert!(talk.stream.export_sm().is_some(), "and again");
}

/// The state may go to another thread.
#[test]
fn the_state_is_send() {
    fn is_send<T: Send>() {}
    is_send::<SmState>();
}

#[test]
fn a_session_goes_on_over_another_kind_of_link() {
    let mut talk = managed(Kind::Tcp, settings());
    send(&mut talk, "<message id='1'><body>hi</body></message>");
    let state = talk.stream.export_sm().unwrap();
    let mut talk = returning(Kind::WebSocket);
    resume(&mut talk, state, 0);
    talk.hold(&[
        S("<resumed *"),
        S("<message xmlns='jabber:client' id='1'><body>hi</body></message>"),
        S(ASK),
    ]);
}

#[test]
fn what_cannot_be_resumed() {
    let gone = "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>";
    let gone_with_h = gone.replace("sm:3'>", "sm:3' h='7'>");
    let resume = "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>";
    let mut talk = returning(Kind::Tcp);
    talk.hold(&[
        C(resume),
        Do("Resume { previd: 'x', h: 0 }"),
        Gate(|stream, out| stream.resume_failed(None, out)),
        S(gone),
        C(resume),
        Do("Resume *"),
        Gate(|stream, out| stream.resume_failed(Some(7), out)),
        S(&gone_with_h),
        C("<iq type='set' id='1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
        Do("Bind *"),
    ]);
}

/// A session is its user's: an id that was stolen or guessed is of no use to another (XEP-0198 §9).
#[test]
fn nobody_resumes_the_session_of_another() {
    let mut talk = managed(Kind::Tcp, settings());
    let state = talk.stream.export_sm().unwrap();
    let mut talk = Talk::new(Kind::Tcp, settings(), Some(tls()));
    talk.receive(OPEN.as_bytes());
    talk.receive(b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>");
    talk.act(|stream, out| stream.authenticated(jid("bob@guest.example.org"), 0, out));
    talk.receive(OPEN.as_bytes());
    talk.outs.clear();
    talk.receive(format!("<resume xmlns='urn:xmpp:sm:3' previd='{}' h='0'/>", state.id()).as_bytes());
    talk.outs.clear();
    let mut back = None;
    talk.act(|stream, out| back = stream.resume_with(state, 0, out).err());
    talk.hold(&[S("<failed xmlns='urn:xmpp:sm:3'><item-not-found *")]);
    assert!(back.is_some() && !talk.stream.is_bound());
    // And one that nobody asked for is not taken either, nor another than was asked for.
    let back = talk.stream.resume_with(back.unwrap(), 0, &mut Vec::new()).unwrap_err();
    let mut talk = returning(Kind::Tcp);
    talk.hold(&[C("<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>"), Do("Resume *")]);
    talk.act(|stream, out| assert!(stream.resume_with(back, 0, out).is_err()));
    talk.hold(&[S("<failed xmlns='urn:xmpp:sm:3'><item-not-found *")]);
}

#[test]
fn too_much_is_acknowledged_on_the_way_back() {
    let mut talk = managed(Kind::Tcp, settings());
    send_many(&mut talk, 2);
    let state = talk.stream.export_sm().unwrap();
    let mut talk = returning(Kind::Tcp);
    resume(&mut talk, state, 3);
    talk.hold(&[
        S("*<handled-count-too-high xmlns='urn:xmpp:sm:3' h='3' send-count='2'/>*"),
        Do("Closed(*)"),
    ]);
    assert_eq!(talk.stream.take_unacked().len(), 2);
}

/// A stream that was closed properly, by either side, is not resumed; one whose link broke is (XEP-0198 §7).
#[test]
fn how_it_ends_decides() {
    let ends: [(&[Row<'_>], bool); 4] = [
        (
            &[C("</stream:stream>"), S("<a xmlns='urn:xmpp:sm:3' h='0'/></stream:stream>"), Do("Closed(*)")],
            false,
        ),
        (&[C("<bad>"), C("</worse>"), S("*<not-well-formed *"), Do("Closed(*)")], false),
        (&[At(8000), S(ASK), At(8500), S("*"), Do("Closed(Silent)")], true),
        (&[], true),
    ];
    for (rows, resumable) in ends {
        let mut talk = managed(Kind::Tcp, Settings { idle_ms: 8000, ping_ms: 500, ..settings() });
        talk.now = 0;
        talk.hold(rows);
        assert_eq!(talk.stream.export_sm().is_some(), resumable, "{:?}", rows.len());
    }
}

#[test]
fn the_queue_is_bounded() {
    let few = Settings { sm_queue_stanzas: 3, ..settings() };
    let small = Settings { sm_queue_bytes: 1000, ..settings() };
    for (settings, count) in [(few, 4), (small, 7)] {
        let mut talk = managed(Kind::Tcp, settings);
        let sent = (0..100).take_while(|_| {
            send(&mut talk, "<message><body>to be or not to be</body></message>");
            !talk.stream.is_over()
        });
        assert_eq!(sent.count() + 1, count);
        let mut rows = vec![S("<message>*"); count];
        rows.extend([S("*<resource-constraint *"), Do("Closed(Unacknowledged)")]);
        talk.hold(&rows);
        let mut state = talk.stream.export_sm().unwrap();
        assert_eq!(state.waiting(), count, "nothing is lost");
        assert!(state.push(Bytes::from_static(b"<message/>")).is_err());
        assert_eq!(state.into_unacked().len(), count + 1);
    }
}

/// What many receivers share is not copied, neither to the link nor onto the queue.
#[test]
fn what_is_shared_is_not_copied() {
    let body = Bytes::from("<body>hi</body>".repeat(10));
    let mut talk = managed(Kind::Tcp, settings());
    let pieces = Pieces::new(&b"<message to='a'>"[..], body.clone(), &b"</message>"[..]);
    talk.act(|stream, out| stream.send(pieces, true, out));
    let Some(Out::Send(sent)) = talk.outs.pop_front() else { panic!("it is sent") };
    assert_eq!((sent.len(), sent.iter().count()), (16 + 150 + 10, 3));
    assert_eq!(sent.iter().nth(1).unwrap().as_ptr(), body.as_ptr());
    let state = talk.stream.export_sm().unwrap();
    let mut talk = returning(Kind::Tcp);
    resume(&mut talk, state, 0);
    let Some(Out::Send(again)) = talk.outs.remove(1) else { panic!("it is sent again") };
    assert_eq!(again.iter().nth(1).unwrap().as_ptr(), body.as_ptr());
}

#[test]
fn our_own_answers_count_too() {
    let mut talk = managed(Kind::Tcp, settings());
    talk.hold(&[
        C("<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"),
        S("<iq type='result' id='s'/>"),
        C(ASK),
        S("<a xmlns='urn:xmpp:sm:3' h='1'/>"),
    ]);
    assert_eq!(talk.stream.take_unacked().len(), 1);
}

#[test]
fn a_new_stream_greets_before_it_resumes() {
    let mut talk = Talk::tcp();
    talk.hold(&[C(OPEN), S(&format!("{HEADER}*"))]);
    assert!(talk.stream.export_sm().is_none() && !talk.stream.is_managed() && talk.stream.sm_id().is_none());
}
