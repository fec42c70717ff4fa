//! One request and its answer.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hubbub_hub::{HookAsk, Verdict};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::{Application, Trust};
use crate::courier::{Attempt, Settings};
use crate::request::DELIVERY;
use crate::{signature, verdict};

/// Sends requests and keeps connections. It follows no redirections.
pub(super) type Client = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How long a connection is kept that nothing is sent over. Servers commonly close theirs after 5 seconds or more.
const IDLE: Duration = Duration::from_secs(4);

/// A client for an application. A connection that does not come about leaves time for the further attempts.
pub(super) fn client(settings: Settings, trust: &Trust) -> Client {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let attempts = u64::from(settings.retries) + 1;
    tcp.set_connect_timeout(Some(Duration::from_millis(settings.timeout_ms / attempts)));
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(trust.config())
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(settings.parallel)
        .build(https)
}

/// One attempt at one question.
pub(super) struct Errand {
    pub(super) client: Client,
    pub(super) application: Arc<Application>,
    pub(super) ask: Box<HookAsk>,
    pub(super) body: Bytes,
    /// When it is sent, in seconds since 1970: signed with it.
    pub(super) unix_s: u64,
    pub(super) left: Duration,
}

impl Errand {
    pub(super) async fn run(self) -> Attempt<Verdict> {
        match tokio::time::timeout(self.left, self.ask()).await {
            Ok(attempt) => attempt,
            Err(_) => Attempt::Passing("it took too long".to_owned()),
        }
    }

    async fn ask(&self) -> Attempt<Verdict> {
        let response = match self.client.request(self.request()).await {
            Ok(response) => response,
            Err(error) => return Attempt::Passing(said(&error)),
        };
        let status = response.status();
        let limit = self.application.answer_bytes;
        match Limited::new(response.into_body(), limit).collect().await {
            Ok(body) => self.understood(status, &body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Attempt::Final(format!("its answer has more than {limit} bytes"))
            }
            Err(error) => Attempt::Passing(format!("its answer broke off: {}", said(&*error))),
        }
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&self.application.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "Hubbub")
            .header(DELIVERY, self.ask.id.to_string());
        if let Some(signer) = &self.application.signer {
            request = request.header(signature::HEADER, signer.sign(self.unix_s, &self.body));
        }
        let body = Full::new(self.body.clone());
        request.body(body).expect("the address was checked, and the headers are visible ASCII")
    }

    fn understood(&self, status: StatusCode, body: &[u8]) -> Attempt<Verdict> {
        if status.is_server_error() {
            return Attempt::Passing(format!("it answered {status}"));
        }
        if !status.is_success() {
            return Attempt::Final(format!("it answered {status}"));
        }
        match verdict::parse(body, &self.ask) {
            Ok(verdict) => Attempt::Answered(verdict),
            Err(why) => Attempt::Final(why),
        }
    }
}

/// An error with its causes: the outermost rarely says what happened.
fn said(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}
