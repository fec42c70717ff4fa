//! `GET /api/turn/allocations`: what this server relays, page by page (docs/turn.md).

use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;
use hubbub_hub::{Identity, Now};
use hubbub_turn::{AllocationView, Transport};
use serde_json::{Value, json};

use crate::admin::only_server;
use crate::params::Params;
use crate::problem::Problem;
use crate::respond::{respond_json, respond_problem};
use crate::session::{Answer, Close, Cx, Input, Question, Session};

/// Allocations in an answer when nobody says how many.
const DEFAULT_LIMIT: u32 = 100;

/// Most allocations in one answer.
const LIMIT_MAX: u32 = 1000;

/// Which allocations somebody wants to see: a page of all, by relayed address.
#[derive(Debug)]
pub struct Span {
    after: Option<SocketAddr>,
    limit: usize,
}

/// Checks a request.
///
/// # Errors
/// A limit of nothing, or what cannot be a relayed address.
pub fn want(params: &Params) -> Result<Span, Problem> {
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).min(LIMIT_MAX);
    if limit == 0 {
        return Err(Problem::bad_request("limit must be at least 1."));
    }
    let after = params.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| Problem::bad_request("after is the `next` of an answer, ADDRESS:PORT."))?;
    Ok(Span { after, limit: limit as usize })
}

/// A question under way.
pub struct Allocations {
    span: Span,
    who: Arc<Identity>,
    deadline: u64,
}

impl Allocations {
    /// What `who` wants to see.
    #[must_use]
    pub fn new(span: Span, who: Arc<Identity>) -> Self {
        Self { span, who, deadline: u64::MAX }
    }

    fn begin(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        if let Err(problem) = only_server(&self.who) {
            return respond_problem(&problem, cx);
        }
        if cx.settings.ice.own.is_none() {
            return respond_problem(&Problem::not_found("TURN is off here. Set turn.enabled."), cx);
        }
        self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
        cx.ask(Question::Allocations, 0);
        Ok(())
    }
}

/// The answer, of all that there are at `now`.
fn page(all: Vec<AllocationView>, span: &Span, now: Now) -> Value {
    // One that is still being opened has no address yet.
    let named = all.into_iter().filter_map(|one| Some((*one.relays.first()?, one)));
    let mut found: Vec<_> =
        named.filter(|(relay, _)| span.after.is_none_or(|after| *relay > after)).collect();
    found.sort_unstable_by_key(|(relay, _)| *relay);
    let more = found.len() > span.limit;
    found.truncate(span.limit);
    let shown: Vec<_> = found.iter().map(|(_, one)| shown(one, now)).collect();
    let mut answer = json!({ "allocations": shown });
    if let Some((last, _)) = found.last().filter(|_| more) {
        answer["next"] = last.to_string().into();
    }
    answer
}

fn shown(one: &AllocationView, now: Now) -> Value {
    // Milliseconds since 1970 of a moment in process time.
    let unix = |mono_ms: u64| (now.unix_ms + mono_ms).saturating_sub(now.mono_ms);
    let relays: Vec<_> = one.relays.iter().map(SocketAddr::to_string).collect();
    json!({
        "user": one.user,
        "client": one.client.remote.to_string(),
        "transport": transport(one.client.transport),
        "relays": relays,
        "since": unix(one.since_ms),
        "ends": unix(one.ends_ms),
        "permissions": one.permissions,
        "channels": one.channels,
        "bytes_to_peers": one.bytes_to_peers,
        "bytes_to_client": one.bytes_to_clients,
    })
}

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Udp => "udp",
        Transport::Tcp => "tcp",
        Transport::Tls => "tls",
        Transport::Dtls => "dtls",
    }
}

impl Session for Allocations {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.begin(cx),
            Input::Answer(_, Answer::Allocations(all)) => {
                respond_json(StatusCode::OK, &page(all, &self.span, cx.now), cx)
            }
            Input::Answer(..) | Input::Timeout => {
                respond_problem(&Problem::unavailable("A worker does not answer."), cx)
            }
            Input::Shutdown => respond_problem(&Problem::unavailable("The server is closing."), cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}

#[cfg(test)]
mod tests {
    use hubbub_turn::Client;

    use super::*;

    fn view(relay: Option<&str>) -> AllocationView {
        let client = Client {
            transport: Transport::Tls,
            local: ([127, 0, 0, 1], 443).into(),
            remote: ([192, 0, 2, 7], 51_000).into(),
            link: 3,
        };
        AllocationView {
            user: "ann@example.org".into(),
            client,
            relays: relay.iter().map(|relay| relay.parse().unwrap()).collect(),
            since_ms: 2_000,
            ends_ms: 602_000,
            permissions: 1,
            channels: 2,
            bytes_to_peers: 3,
            bytes_to_clients: 4,
        }
    }

    const NOW: Now = Now { unix_ms: 1_763_800_005_000, mono_ms: 5_000 };

    fn span(after: Option<&str>, limit: u32) -> Span {
        let params = Params { after: after.map(Into::into), limit: Some(limit), ..Params::default() };
        want(&params).unwrap()
    }

    #[test]
    fn one() {
        let wanted = json!({ "allocations": [{
            "user": "ann@example.org",
            "client": "192.0.2.7:51000",
            "transport": "tls",
            "relays": ["198.51.100.1:50000"],
            "since": 1_763_800_002_000_u64,
            "ends": 1_763_800_602_000_u64,
            "permissions": 1,
            "channels": 2,
            "bytes_to_peers": 3,
            "bytes_to_client": 4,
        }] });
        assert_eq!(page(vec![view(None), view(Some("198.51.100.1:50000"))], &span(None, 1), NOW), wanted);
    }

    #[test]
    fn page_by_page() {
        let relays = ["198.51.100.1:50001", "[2001:db8::1]:50000", "198.51.100.1:50000"];
        let all = || relays.iter().map(|relay| view(Some(relay))).collect();
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..3 {
            let answer = page(all(), &span(after.as_deref(), 1), NOW);
            seen.push(answer["allocations"][0]["relays"][0].as_str().unwrap().to_owned());
            after = answer["next"].as_str().map(Into::into);
        }
        assert_eq!(seen, ["198.51.100.1:50000", "198.51.100.1:50001", "[2001:db8::1]:50000"]);
        assert_eq!(after, None);
    }

    #[test]
    fn what_is_no_page() {
        for (after, limit) in [(Some("198.51.100.1"), 1), (Some(""), 1), (None, 0)] {
            let params = Params { after: after.map(Into::into), limit: Some(limit), ..Params::default() };
            assert!(want(&params).is_err(), "{after:?} {limit}");
        }
        assert_eq!(span(None, 5_000).limit, 1000);
    }
}
