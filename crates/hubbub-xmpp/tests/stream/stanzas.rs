//! Stanzas of a bound client (RFC 6120 §8), and the state of its user (XEP-0352).

use crate::talk::{C, Do, Row, S, Talk, settings};
use hubbub_xmpp::stanza::{Condition, ErrorType, error_reply, iq_result};
use hubbub_xmpp::stream::Kind;
use hubbub_xmpp::xml::{CLIENT, Limits, Tag, parse_under};

fn on_a_bound_stream(rows: &[Row<'_>]) {
    Talk::bound(Kind::Tcp, settings()).hold(rows);
}

#[test]
fn stanzas_are_handed_on() {
    for stanza in [
        "<message to='bob@example.org' type='chat'><body>&lt;hi&gt;</body></message>",
        "<presence><show>away</show></presence>",
        "<iq type='get' id='1' to='bob@example.org/x'><query xmlns='jabber:iq:version'/></iq>",
        "<iq type='result' id='1' to='bob@example.org/x'/>",
        "<iq type='error' id='1' to='bob@example.org/x'><error type='cancel'/></iq>",
        "<message from='ann@guest.example.org'/>",
        "<message from='ann@guest.example.org/phone'/>",
        "<message from='ANN@guest.example.org/phone'/>",
    ] {
        on_a_bound_stream(&[C(stanza), Do(&format!("Stanza {stanza}"))]);
    }
}

/// RFC 6120 §8.1.2.1.
#[test]
fn who_speaks_for_others_is_closed() {
    for from in [
        "bob@example.org",
        "ann@guest.example.org/laptop",
        "guest.example.org",
        "",
        "@",
        "ann@example.org/phone",
    ] {
        on_a_bound_stream(&[
            C(&format!("<message from='{from}'><body>hi</body></message>")),
            S("<stream:error><invalid-from xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>*</stream:stream>"),
            Do("Closed(Failed(InvalidFrom))"),
        ]);
    }
}

/// RFC 6120 §8.2.3.
#[test]
fn an_iq_has_an_id_a_type_and_one_child() {
    let bad = "*<error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
    for iq in [
        "<iq type='get'><query xmlns='x'/></iq>",
        "<iq type='get' id=''><query xmlns='x'/></iq>",
        "<iq id='1'><query xmlns='x'/></iq>",
        "<iq type='give' id='1'><query xmlns='x'/></iq>",
        "<iq type='get' id='1'/>",
        "<iq type='set' id='1'><a xmlns='x'/><b xmlns='x'/></iq>",
    ] {
        on_a_bound_stream(&[C(iq), S(bad)]);
    }
    // There is nobody to tell.
    on_a_bound_stream(&[
        C("<iq type='result'/>"),
        C("<iq type='result' id='1'><a/><b/></iq>"),
        C("<iq type='error'/>"),
    ]);
}

#[test]
fn what_is_not_known_ends_the_stream() {
    for element in [
        "<gossip/>",
        "<message xmlns='jabber:server'/>",
        "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>",
        "<db:verify xmlns:db='jabber:server:dialback'/>",
        "<idle xmlns='urn:xmpp:csi:0'/>",
        "<t xmlns='urn:xmpp:sm:3'/>",
        "<stream:features/>",
    ] {
        on_a_bound_stream(&[
            C(element),
            S("<stream:error><unsupported-stanza-type *"),
            Do("Closed(Failed(UnsupportedStanzaType))"),
        ]);
    }
}

#[test]
fn the_state_of_the_user() {
    on_a_bound_stream(&[
        C("<inactive xmlns='urn:xmpp:csi:0'/>"),
        Do("Csi(Inactive)"),
        C("<active xmlns='urn:xmpp:csi:0'/>"),
        Do("Csi(Active)"),
    ]);
}

#[test]
fn either_side_ends_it() {
    on_a_bound_stream(&[
        C(" \n"),
        C("</stream:stream>"),
        S("</stream:stream>"),
        Do("Closed(Finished)"),
        C("<x/>"),
    ]);
    on_a_bound_stream(&[
        C("<stream:error><undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"),
        S("</stream:stream>"),
        Do("Closed(Reported)"),
    ]);
}

fn reply(stanza: &str, from: Option<&str>, text: Option<&str>) -> Option<String> {
    let stanza = parse_under(stanza.as_bytes(), CLIENT, &Limits::default()).unwrap();
    let condition = Condition::ItemNotFound;
    let tag = error_reply(&stanza, from, condition.default_type(), condition, text)?;
    Some(String::from_utf8(tag.to_vec(CLIENT)).unwrap())
}

#[test]
fn errors_answer() {
    let told =
        reply("<message from='a@x/1' to='b@y' id='7' type='chat'><body>hi</body></message>", None, None);
    let expected = "<message type='error' id='7' to='a@x/1' from='b@y'><error type='cancel'>\
                    <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";
    assert_eq!(told.unwrap(), expected);
    let told = reply("<presence/>", Some("r@y"), Some("<nobody>"));
    let expected = "<presence type='error' from='r@y'><error type='cancel'>\
                    <item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                    <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>&lt;nobody&gt;</text>\
                    </error></presence>";
    assert_eq!(told.unwrap(), expected);
}

/// RFC 6120 §8.3.1: or two could answer each other for ever.
#[test]
fn errors_and_results_are_not_answered() {
    for stanza in [
        "<iq type='result' id='1'/>",
        "<iq type='error' id='1'/>",
        "<message type='error'/>",
        "<x xmlns='y'/>",
    ] {
        assert_eq!(reply(stanza, None, None), None);
    }
}

#[test]
fn results_and_types() {
    let result = iq_result("1", Some("a@x/1"), None, Some(Tag::new("query", "jabber:iq:roster")));
    let expected = "<iq type='result' id='1' to='a@x/1'><query xmlns='jabber:iq:roster'/></iq>";
    assert_eq!(String::from_utf8(result.to_vec(CLIENT)).unwrap(), expected);
    assert_eq!(Condition::ResourceConstraint.default_type(), ErrorType::Wait);
    assert_eq!(Condition::Forbidden.default_type().as_str(), "auth");
    assert_eq!(Condition::JidMalformed.default_type().as_str(), "modify");
}
