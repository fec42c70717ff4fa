//! For any input at all: nothing panics, how it is cut makes no difference, and what goes out is XML.

use crate::talk::{OPEN, Talk, jid, settings, shown, tls};
use hubbub_xmpp::sasl::Known;
use hubbub_xmpp::stream::{Kind, Out, Settings};
use hubbub_xmpp::xml::{Framer, Limits, parse};
use proptest::collection::vec;
use proptest::prelude::*;

/// What clients say, right or wrong.
const WORDS: &[&str] = &[
    OPEN,
    "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.org' version='1.0'/>",
    "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
    "</stream:stream>",
    "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGFsaWNlAHNlY3JldA==</auth>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1hbGljZSxyPXg=</auth>",
    "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>biws</response>",
    "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
    "<iq xmlns='jabber:client' type='set' id='&lt;&apos;'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><x/></iq>",
    "<iq xmlns='jabber:client' type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
    "<iq xmlns='jabber:client' type='get' id='r'><query xmlns='jabber:iq:register'/></iq>",
    "<iq xmlns='jabber:client' type='result' id='alive-1'/>",
    "<message xmlns='jabber:client' to='b'><body>hi</body></message>",
    "<presence xmlns='jabber:client' from='ann@guest.example.org/phone'/>",
    "<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "<a xmlns='urn:xmpp:sm:3' h='1'/>",
    "<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>",
    "<inactive xmlns='urn:xmpp:csi:0'/>",
    "<stream:error/>",
    " ",
    "<",
];

#[derive(Debug, Clone)]
enum Happens {
    Word(usize),
    Bytes(Vec<u8>),
    Answer(bool),
    Send,
    Time(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => (0..WORDS.len()).prop_map(Happens::Word),
        1 => vec(any::<u8>(), 0..20).prop_map(Happens::Bytes),
        6 => any::<bool>().prop_map(Happens::Answer),
        2 => Just(Happens::Send),
        1 => (0..2000_u64).prop_map(Happens::Time),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Tcp), Just(Kind::WebSocket)]
}

fn lively() -> Settings {
    Settings {
        register: true,
        tls_available: true,
        auth_ms: 5000,
        idle_ms: 3000,
        ping_ms: 500,
        failures: 5,
        ..settings()
    }
}

/// Answers whatever is asked, well or badly.
fn answer(talk: &mut Talk, well: bool) {
    talk.act(|stream, out| {
        stream.secured(tls(), 0, out);
        stream.known(if well { Known::Yes } else { Known::Verifier(None) }, 0, out);
        if well {
            stream.authenticated(jid("ann@guest.example.org"), 0, out);
            stream.bound(jid("ann@guest.example.org/phone"), out);
        } else {
            stream.refused(hubbub_xmpp::sasl::Failure::AccountDisabled, 0, out);
            stream.bind_refused(hubbub_xmpp::stanza::Condition::Conflict, out);
        }
        stream.resume_failed(None, out);
    });
}

fn happen(talk: &mut Talk, happens: &Happens) {
    match happens {
        Happens::Word(nth) => talk.receive(WORDS[*nth].as_bytes()),
        Happens::Bytes(bytes) => talk.receive(bytes),
        Happens::Answer(well) => answer(talk, *well),
        Happens::Send => {
            let stanza = format!("<message{}/>", talk.stream.head_ns());
            talk.act(|stream, out| stream.send(stanza.into_bytes(), true, out));
        }
        Happens::Time(ms) => {
            talk.now += ms;
            let now = talk.now;
            talk.act(|stream, out| stream.timeout(now, out));
            assert!(talk.stream.deadline().is_none_or(|deadline| deadline > now));
        }
    }
}

/// Every message is a document; the bytes of TCP are streams, one after the other.
fn assert_xml(kind: Kind, outs: &[Out]) {
    let mut framer = Framer::new(Limits::default());
    for out in outs {
        let Out::Send(pieces) = out else { continue };
        let bytes = pieces.to_bytes();
        if kind == Kind::WebSocket {
            assert!(parse(&bytes, &Limits::default()).is_ok(), "{}", shown(out));
            continue;
        }
        if bytes.starts_with(b"<?xml") {
            framer = Framer::new(Limits::default());
        }
        framer.push(&bytes);
        while framer.next().unwrap_or_else(|error| panic!("{error} in {}", shown(out))).is_some() {}
        assert_eq!(framer.buffered(), 0, "half an element in {}", shown(out));
    }
}

proptest! {
    #[test]
    fn whatever_happens(kind in kind(), all in vec(happens(), 0..40)) {
        let mut talk = Talk::new(kind, lively(), None);
        all.iter().for_each(|happens| happen(&mut talk, happens));
        let outs: Vec<_> = talk.outs.drain(..).collect();
        assert_xml(kind, &outs);
        let ends = outs.iter().filter(|out| matches!(out, Out::Closed(_))).count();
        prop_assert_eq!(ends, usize::from(talk.stream.is_over()));
        prop_assert!(ends == 0 || matches!(outs.last(), Some(Out::Closed(_))));
    }

    /// The same bytes, cut anywhere, say the same.
    #[test]
    fn cuts_make_no_difference(words in vec(0..WORDS.len(), 0..12), cuts in vec(1..60_usize, 1..20)) {
        let bytes: Vec<u8> = words.iter().flat_map(|nth| WORDS[*nth].bytes()).collect();
        let mut whole = Talk::bound(Kind::Tcp, lively());
        whole.receive(&bytes);
        let mut cut = Talk::bound(Kind::Tcp, lively());
        let mut rest = bytes.as_slice();
        for len in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at(rest.len().min(*len));
            cut.receive(chunk);
            rest = after;
        }
        // Ids of sessions are random.
        let text = |talk: &Talk| {
            let lines: Vec<_> = talk.outs.iter().map(shown).filter(|line| !line.starts_with("<enabled")).collect();
            lines.join("\n")
        };
        prop_assert_eq!(text(&whole), text(&cut));
    }

    #[test]
    fn random_bytes(kind in kind(), bytes in vec(any::<u8>(), 0..200)) {
        let mut talk = Talk::new(kind, lively(), None);
        talk.receive(&bytes);
        assert_xml(kind, &talk.outs.drain(..).collect::<Vec<_>>());
    }
}
