//! Answers by examples, and requests as they look.

use hubbub_hub::{
    About, Body, Content, EventName, Hello, HookName, Identity, IdentityKind, MessageId, Original, RoomName,
    Sender, SessionKey, SessionName, Target, UserAddress,
};
use proptest::prelude::*;

use super::*;
use crate::request;

fn ask(kind: HookKind) -> HookAsk {
    let user = UserAddress::new("Ann", "guest.localhost").unwrap();
    let who = Identity {
        user,
        name: "Ann".into(),
        kind: IdentityKind::Guest,
        named: true,
        grants: None,
        since_unix_ms: 0,
        expires_unix_ms: None,
    };
    let said = Body::new(EventName::parse("move").unwrap(), Content::Text("\"hi\"".into()));
    HookAsk {
        id: MessageId(7),
        hook: HookName::new("app"),
        kind,
        unix_ms: 1_763_800_000_123,
        room: Some(RoomName::parse("game night").unwrap()),
        who: Arc::new(who),
        session: SessionKey { worker: 0, slot: 12, generation: 34 },
        label: None,
        body: Some(said).filter(|_| kind == HookKind::Event),
        hello: Some(Hello::by("websocket")).filter(|_| kind == HookKind::Connect),
    }
}

fn read(json: &str) -> Result<Verdict, String> {
    parse(json.as_bytes(), &ask(HookKind::Event))
}

#[test]
fn what_is_sent() {
    let body = |ask: &HookAsk| String::from_utf8(request::body(ask).to_vec()).unwrap();
    let event = r#"{"id":"00000000-0000-0000-0000-000000000007","time":1763800000123,"kind":"event","room":"game night","session":"s0.12.34","user":{"address":"ann@guest.localhost","name":"Ann","kind":"guest"},"event":"move","data":"\"hi\""}"#;
    assert_eq!(body(&ask(HookKind::Event)), event);
    let mut connect = ask(HookKind::Connect);
    connect.label = SessionName::parse("abc");
    connect.hello = Some(Arc::new(Hello { protocol: "socket.io", auth: Some("{\"t\":1}".into()) }));
    let tail = r#""session":"abc","user":{"address":"ann@guest.localhost","name":"Ann","kind":"guest"},"protocol":"socket.io","auth":{"t":1}}"#;
    assert!(body(&connect).ends_with(tail), "{}", body(&connect));
}

/// What is asked about something said of an earlier message.
fn ask_about(event: EventName, about: fn(Arc<Original>) -> About) -> HookAsk {
    let user = UserAddress::new("Bo", "guest.localhost").unwrap();
    let from = Sender { user, name: "Bo".into() };
    let original = Arc::new(Original { id: MessageId(8), own_id: None, from, text: "hello".into() });
    let content = Content::Json("[\"a\"]".into());
    let body = Body { about: Some(about(original)), ..Body::new(event, content) };
    HookAsk { body: Some(body), ..ask(HookKind::Event) }
}

#[test]
fn what_is_meant_is_sent_along() {
    let id = r#""00000000-0000-0000-0000-000000000008""#;
    let quote = r#"{"from":"bo@guest.localhost","name":"Bo","text":"hello"}"#;
    let ends = |ask: &HookAsk, tail: &str| {
        let body = String::from_utf8(request::body(ask).to_vec()).unwrap();
        assert!(body.ends_with(tail), "{body}");
    };
    let reply = ask_about(EventName::default(), About::Reply);
    ends(&reply, &format!(r#","event":"message","reply_to":{id},"quote":{quote},"data":["a"]}}"#));
    let reactions = ask_about(EventName::reactions(), About::Reactions);
    ends(&reactions, &format!(r#","event":"hubbub:reactions","reactions_to":{id},"data":["a"]}}"#));
    let retraction = ask_about(EventName::retraction(), About::Retraction);
    ends(&retraction, &format!(r#","event":"hubbub:retraction","retracts":{id},"data":null}}"#));
}

#[test]
fn reactions_are_rewritten_to_reactions_and_retractions_not_at_all() {
    let reactions = ask_about(EventName::reactions(), About::Reactions);
    let rewritten = |json: &str, ask: &HookAsk| parse(json.as_bytes(), ask).map(|verdict| verdict.rewrite);
    let body = Body::new(EventName::reactions(), Content::Json("[\"b\"]".into()));
    assert_eq!(rewritten(r#"{"rewrite":{"data":["b","b"]}}"#, &reactions), Ok(Some(body)));
    for wrong in [r#"{"data":"b"}"#, r#"{"data":[7]}"#, r#"{"event":"message","data":["b"]}"#] {
        let why = rewritten(&format!(r#"{{"rewrite":{wrong}}}"#), &reactions).unwrap_err();
        assert!(why.starts_with("rewrite: "), "{why}");
    }
    let retraction = ask_about(EventName::retraction(), About::Retraction);
    assert!(rewritten(r#"{"rewrite":{"data":"x"}}"#, &retraction).is_err());
    let edit = ask_about(EventName::default(), About::Edit);
    assert!(rewritten(r#"{"rewrite":{"event":"move","data":"x"}}"#, &edit).is_ok());
}

#[test]
fn nothing_is_yes() {
    for json in ["", " \n", "{}", r#"{"refuse":null,"actions":[]}"#] {
        assert_eq!(read(json), Ok(Verdict::default()), "{json}");
    }
}

#[test]
fn no_and_why() {
    let refused = |json| read(json).unwrap().refuse.map(|no| (no.message.clone(), no.data.clone()));
    assert_eq!(refused(r#"{"refuse":"not \"here\""}"#), Some(("not \"here\"".into(), None)));
    let with_data = refused(r#"{"refuse":{"message":"no","data":{"n":1e400}}}"#);
    assert_eq!(with_data, Some(("no".into(), Some("{\"n\":1e400}".into()))));
}

#[test]
fn a_rewritten_message_keeps_its_event_unless_told_otherwise() {
    let rewritten =
        |json| read(json).unwrap().rewrite.map(|body| (body.event.as_str().to_owned(), body.content));
    let text = |event: &str, text: &'static str| Some((event.to_owned(), Content::Text(text.into())));
    assert_eq!(rewritten(r#"{"rewrite":{"data":"ho"}}"#), text("move", "ho"));
    assert_eq!(rewritten(r#"{"rewrite":{"event":"message","data":"ho"}}"#), text("message", "ho"));
    let null = rewritten(r#"{"rewrite":{"data":null}}"#);
    assert_eq!(null, Some(("move".to_owned(), Content::Json("null".into()))));
}

#[test]
fn a_result_for_the_sender_and_nothing_for_the_room() {
    let verdict = read(r#"{"publish":false,"answer":[1, {"ok":true}],"actions":[{"action":"emit","session":"sender","data":1}]}"#).unwrap();
    assert!(!verdict.publish);
    assert_eq!(verdict.answer.as_deref(), Some(&br#"[1, {"ok":true}]"#[..]));
    let sender = SessionName::parse("s0.12.34").unwrap();
    assert!(matches!(&verdict.actions[..], [Action::Emit { to: Target::Session(to), .. }] if *to == sender));
}

#[test]
fn what_is_no_answer() {
    for (json, says) in [
        ("yes", "cannot be read"),
        ("[]", "cannot be read"),
        (r#"{"refused":"no"}"#, "unknown field"),
        (r#"{"refuse":true}"#, "refuse"),
        (r#"{"refuse":""}"#, "1 to 1000"),
        (r#"{"refuse":{"data":1}}"#, "message"),
        (r#"{"rewrite":"ho"}"#, "cannot be read"),
        (r#"{"rewrite":{"event":"x"}}"#, "a message has data"),
        (r#"{"answer":1}"#, "an array"),
        (r#"{"publish":"no"}"#, "cannot be read"),
        (r#"{"actions":[{"action":"emit","all":true,"data":1},{}]}"#, "actions[1]"),
    ] {
        let why = read(json).unwrap_err();
        assert!(why.contains(says), "{json}: {why}");
    }
    assert!(parse(b"\xff", &ask(HookKind::Event)).unwrap_err().contains("UTF-8"));
    for json in [r#"{"rewrite":{"data":1}}"#, r#"{"answer":[]}"#, r#"{"publish":false}"#] {
        assert!(
            parse(json.as_bytes(), &ask(HookKind::Connect)).unwrap_err().contains("event only"),
            "{json}"
        );
    }
    let many = format!(r#"{{"actions":[{}7]}}"#, "7,".repeat(ACTIONS_MAX));
    assert!(read(&many).unwrap_err().contains("at most"));
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(
        json in "(\\{|\\}|\\[|\\]|:|,|\"refuse\"|\"rewrite\"|\"answer\"|\"publish\"|\"actions\"|\"data\"|\"action\"|\"emit\"|\"a\"|1|true|null){0,30}",
    ) {
        let _ = read(&json);
    }
}
