//! What is not a room: the console, health, metrics, the description of the surface.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use hubbub_gate::problem::Problem;
use hubbub_worker::Counters;

use crate::host_meta::HostMeta;
use crate::metrics::{self, Readings};

/// A whole answer that needs no session.
#[derive(Debug, Clone)]
pub struct Page {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body.
    pub body: Bytes,
}

/// A file of the console.
#[derive(Debug, Clone)]
pub struct File {
    /// Its content.
    pub body: Bytes,
    /// Its media type.
    pub media_type: &'static str,
    /// An entity tag, in quotes.
    pub etag: String,
    /// Its name changes with its content, so it may be kept for ever.
    pub immutable: bool,
    /// Pages of any origin may load it as a module, which asks for CORS.
    pub public: bool,
}

/// Finds a file by path; the binary embeds them.
pub type Files = fn(&str) -> Option<File>;

/// All pages.
pub struct Pages {
    files: Files,
    openapi: &'static str,
    host_meta: HostMeta,
    counters: Vec<Arc<Counters>>,
    readings: Readings,
}

/// Nothing from elsewhere, nothing inline; sockets to this server only.
const CONTENT_SECURITY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

impl Pages {
    /// The console's `files`, the description of the surface, where XMPP is found, what the workers count, and what others do.
    #[must_use]
    pub fn new(
        files: Files,
        openapi: &'static str,
        host_meta: HostMeta,
        counters: Vec<Arc<Counters>>,
        readings: Readings,
    ) -> Self {
        Self { files, openapi, host_meta, counters, readings }
    }

    /// The page at `path`, if it is one, for somebody who came by TLS or not.
    #[must_use]
    pub fn find(&self, method: &Method, path: &str, headers: &HeaderMap, secure: bool) -> Option<Page> {
        let page = match path {
            _ if path.starts_with("/.well-known/") => {
                let (media_type, text) = self.host_meta.find(path, headers, secure)?;
                readable_from_anywhere(plain(media_type, text.into()))
            }
            "/health" => plain("application/json", Bytes::from_static(b"{\"status\":\"ok\"}\n")),
            "/metrics" => plain(metrics::MEDIA_TYPE, metrics::text(&self.counters, (self.readings)()).into()),
            "/api/openapi.json" => {
                readable_from_anywhere(plain("application/json", Bytes::from_static(self.openapi.as_bytes())))
            }
            "/" => self.file("/index.html", headers)?,
            _ => self.file(path, headers)?,
        };
        match *method {
            Method::GET => Some(page),
            Method::HEAD => Some(Page { body: Bytes::new(), ..page }),
            _ => Some(method_not_allowed()),
        }
    }

    fn file(&self, path: &str, headers: &HeaderMap) -> Option<Page> {
        let file = (self.files)(path)?;
        let known =
            headers.get(header::IF_NONE_MATCH).is_some_and(|have| have.as_bytes() == file.etag.as_bytes());
        let mut page = plain(file.media_type, if known { Bytes::new() } else { file.body });
        if known {
            page.status = StatusCode::NOT_MODIFIED;
        }
        let caching = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        page.headers.push((header::CACHE_CONTROL, HeaderValue::from_static(caching)));
        page.headers.push((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY)));
        page.headers.push((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
        page.headers.push((header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")));
        page.headers.push((header::ETAG, HeaderValue::from_str(&file.etag).ok()?));
        Some(if file.public { readable_from_anywhere(page) } else { page })
    }
}

fn plain(media_type: &'static str, body: Bytes) -> Page {
    let headers = vec![
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_LENGTH, HeaderValue::from(body.len())),
    ];
    Page { status: StatusCode::OK, headers, body }
}

fn readable_from_anywhere(mut page: Page) -> Page {
    page.headers.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")));
    page
}

fn method_not_allowed() -> Page {
    let (head, body) = Problem::method("GET, HEAD").response();
    let headers = head.headers.into_iter().filter_map(|(name, value)| Some((name?, value))).collect();
    Page { status: head.status, headers, body }
}
