//! Whole answers to one HTTP exchange.

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header, response};

use crate::problem::{self, Problem};
use crate::session::{Close, Cx};

/// Answers with `body` and ends the session.
///
/// # Errors
/// Always [`Close::Done`]: the exchange is over.
pub(crate) fn respond(mut head: response::Parts, body: Bytes, cx: &mut Cx<'_>) -> Result<(), Close> {
    // RFC 9110 §8.6: a 204 has none.
    if !matches!(head.status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    // Nothing of what was meant for a stream belongs into it.
    cx.out.clear_unsent();
    cx.out.answer(head);
    cx.out.write_page(body);
    Err(Close::Done)
}

/// Answers with JSON and ends the session.
///
/// # Errors
/// Always [`Close::Done`]: the exchange is over.
pub(crate) fn respond_json(
    status: StatusCode,
    value: &serde_json::Value,
    cx: &mut Cx<'_>,
) -> Result<(), Close> {
    respond_text(status, value.to_string(), cx)
}

/// Answers with JSON that is written already and ends the session.
///
/// # Errors
/// Always [`Close::Done`]: the exchange is over.
pub(crate) fn respond_text(status: StatusCode, mut body: String, cx: &mut Cx<'_>) -> Result<(), Close> {
    body.push('\n');
    respond(problem::head(status, "application/json"), body.into(), cx)
}

/// Answers that it is done and that there is nothing to say of it (RFC 9110 §15.3.5), and ends the session.
///
/// # Errors
/// Always [`Close::Done`]: the exchange is over.
pub(crate) fn respond_nothing(cx: &mut Cx<'_>) -> Result<(), Close> {
    let mut head = http::Response::new(()).into_parts().0;
    head.status = StatusCode::NO_CONTENT;
    head.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    respond(head, Bytes::new(), cx)
}

/// Answers with a refusal and ends the session.
///
/// # Errors
/// Always [`Close::Refused`].
pub(crate) fn respond_problem(problem: &Problem, cx: &mut Cx<'_>) -> Result<(), Close> {
    let (head, body) = problem.response();
    let _ = respond(head, body, cx);
    Err(Close::Refused)
}
