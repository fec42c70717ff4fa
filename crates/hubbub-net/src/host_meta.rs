//! Where clients find XMPP over WebSocket: `/.well-known/host-meta` and `host-meta.json` (XEP-0156, RFC 6415).

use http::uri::Authority;
use http::{HeaderMap, header};

/// The relation of a link to where XMPP is spoken over WebSocket (XEP-0156 §3).
const WEBSOCKET: &str = "urn:xmpp:alt-connections:websocket";

/// Where it is told to be.
#[derive(Debug, Clone)]
pub enum HostMeta {
    /// Nowhere: there is no such page.
    Off,
    /// Here: at the address that the page itself was asked for.
    Here,
    /// At this address, `wss://…`.
    At(String),
}

impl HostMeta {
    /// The address to tell somebody who asks with `headers`, over TLS or not.
    fn address(&self, headers: &HeaderMap, secure: bool) -> Option<String> {
        match self {
            Self::Off => None,
            Self::At(address) => Some(address.clone()),
            Self::Here => {
                let host = headers.get(header::HOST)?.to_str().ok()?;
                // Nothing that is no authority gets into the page.
                let host: Authority = host.parse().ok()?;
                let scheme = if secure { "wss" } else { "ws" };
                Some(format!("{scheme}://{host}/xmpp-websocket"))
            }
        }
    }

    /// The page at `path`, with its media type, if it is one of these.
    pub(crate) fn find(
        &self,
        path: &str,
        headers: &HeaderMap,
        secure: bool,
    ) -> Option<(&'static str, String)> {
        match path {
            "/.well-known/host-meta" => {
                let href = self
                    .address(headers, secure)?
                    .replace('&', "&amp;")
                    .replace('<', "&lt;")
                    .replace('\'', "&apos;");
                let text = format!(
                    "<?xml version='1.0' encoding='utf-8'?>\n<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\
                     <Link rel='{WEBSOCKET}' href='{href}'/></XRD>\n"
                );
                Some(("application/xrd+xml", text))
            }
            "/.well-known/host-meta.json" => {
                let href = self.address(headers, secure)?.replace('\\', "\\\\").replace('"', "\\\"");
                let text = format!("{{\"links\":[{{\"rel\":\"{WEBSOCKET}\",\"href\":\"{href}\"}}]}}\n");
                Some(("application/json", text))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_address_is_the_askers_own_unless_it_is_set() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("example.org:8443"));
        let json =
            |meta: &HostMeta| meta.find("/.well-known/host-meta.json", &headers, true).map(|page| page.1);
        let here = json(&HostMeta::Here).unwrap_or_default();
        assert!(here.contains("\"wss://example.org:8443/xmpp-websocket\""), "{here}");
        assert!(
            json(&HostMeta::At("wss://x.example/ws".to_owned()))
                .is_some_and(|text| text.contains("wss://x.example/ws"))
        );
        assert_eq!(json(&HostMeta::Off), None);
        headers.insert(header::HOST, HeaderValue::from_static("'><evil"));
        assert_eq!(HostMeta::Here.find("/.well-known/host-meta", &headers, false), None);
    }
}
