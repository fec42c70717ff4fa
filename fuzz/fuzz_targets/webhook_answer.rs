//! Any answer of an application is read or refused: nothing panics, what was understood stays within its limits, and what an
//! application has rewritten can be asked about again: it is JSON, and means the same when it is read once more.
//!
//! Input: a byte for the kind of question, then the answer.
#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use hubbub_gate::actions::ACTIONS_MAX;
use hubbub_hub::{
    Action, Body, Content, EventName, HookAsk, HookKind, HookName, Identity, IdentityKind, MessageId,
    SessionKey, Target, UserAddress,
};
use hubbub_webhook::{request, verdict};
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;

fn ask(kind: HookKind, body: Option<Body>) -> HookAsk {
    let who = Identity {
        user: UserAddress::from_prepared("ann@guest.localhost"),
        name: "Ann \"\u{1}".into(),
        kind: IdentityKind::Guest,
        named: true,
        grants: None,
        since_unix_ms: 0,
        expires_unix_ms: None,
    };
    HookAsk {
        id: MessageId(1),
        hook: HookName::new("app"),
        kind,
        unix_ms: 0,
        room: None,
        who: Arc::new(who),
        session: SessionKey { worker: 0, slot: 1, generation: 2 },
        label: None,
        body,
        hello: None,
    }
}

fn check(action: &Action) {
    match action {
        Action::Emit { to, body, ack_ms, .. } => {
            assert!(ack_ms.is_none_or(|ms| ms <= 60_000));
            shown(body);
            if let Target::User(user) = to {
                assert!(user.as_str().contains('@'));
            }
        }
        Action::Disconnect { reason, .. } => assert!(reason.len() <= 123),
        Action::Join { .. } | Action::Leave { .. } => {}
    }
}

/// The members that say the message as it is shown to an application, each as it is written.
fn shown(body: &Body) -> BTreeMap<String, Box<RawValue>> {
    let question = request::body(&ask(HookKind::Event, Some(body.clone())));
    let mut members: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(&question).expect("a question is a JSON object");
    members.retain(|name, _| ["event", "data", "encoding", "args"].contains(&name.as_str()));
    members
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, answer)) = input.split_first() else { return };
    let kind = HookKind::ALL[usize::from(kind % 4)];
    let said = Body::new(EventName::default(), Content::Text("hi".into()));
    let Ok(verdict) = verdict::parse(answer, &ask(kind, Some(said))) else { return };
    assert!(verdict.actions.len() <= ACTIONS_MAX);
    verdict.actions.iter().for_each(check);
    if let Some(no) = &verdict.refuse {
        assert!((1..=1000).contains(&no.message.len()));
    }
    if let Some(answer) = &verdict.answer {
        assert!(serde_json::from_slice::<Vec<&RawValue>>(answer).is_ok());
    }
    let Some(rewrite) = verdict.rewrite else { return };
    let again = serde_json::to_string(&BTreeMap::from([("rewrite", shown(&rewrite))])).expect("it was JSON");
    let again = verdict::parse(again.as_bytes(), &ask(HookKind::Event, None));
    let again = again.expect("what was shown can be said").rewrite.expect("it was rewritten");
    let text = |body: &Body| serde_json::to_string(&shown(body)).expect("it was JSON");
    assert_eq!(text(&again), text(&rewrite));
});
