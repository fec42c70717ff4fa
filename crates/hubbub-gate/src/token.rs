//! `POST /api/token`: a token for an account that has proved its password.

use std::sync::Arc;

use http::{HeaderValue, StatusCode, header};
use hubbub_hub::{Identity, IdentityKind};
use serde_json::json;

use crate::problem::{self, Problem};
use crate::respond::{respond, respond_problem};
use crate::session::{Close, Cx, Input, Session};

/// Somebody who wants a token.
pub struct IssueToken {
    who: Arc<Identity>,
}

impl IssueToken {
    /// `who` wants a token.
    #[must_use]
    pub fn new(who: Arc<Identity>) -> Self {
        Self { who }
    }

    fn issue(&self, cx: &mut Cx<'_>) -> Result<(), Close> {
        // A token is not renewed by itself: who has lost it must not keep it alive for ever.
        if self.who.kind != IdentityKind::Account {
            let detail =
                "Tokens are for accounts: send Authorization: Basic with the account's name and password.";
            return respond_problem(&Problem::unauthorized(detail), cx);
        }
        match cx.doorman.issue(&self.who, cx.settings.token_lifetime_s, cx.now.unix_ms) {
            Some((token, expires)) => {
                let answer = json!({ "token": token, "expires": expires, "user": self.who.user.as_str() });
                let mut head = problem::head(StatusCode::OK, "application/json");
                // RFC 6749 §5.1 asks the same of every answer that carries a token.
                head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                respond(head, format!("{answer}\n").into(), cx)
            }
            None => {
                respond_problem(&Problem::not_found("This server has no accounts. Start it with --data."), cx)
            }
        }
    }
}

impl Session for IssueToken {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.issue(cx),
            _ => Err(Close::Done),
        }
    }
}
