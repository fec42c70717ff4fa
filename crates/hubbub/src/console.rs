//! The console, embedded in the binary, and with it the client of Socket.IO for pages that load it from here.

use bytes::Bytes;
use hubbub_net::pages::File;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
struct Dist;

/// The console's file at `path`.
pub(crate) fn find(path: &str) -> Option<File> {
    let name = path.strip_prefix('/')?;
    let file = Dist::get(name)?;
    let hash: String = file.metadata.sha256_hash()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    let body = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    };
    // Vite puts a hash of the content into the names of all assets.
    Some(File {
        body,
        media_type: media_type(name),
        etag: format!("\"{hash}\""),
        immutable: name.starts_with("assets/"),
        public: name.starts_with("socket.io/"),
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" | "map" | "webmanifest" => "application/json",
        "md" => "text/markdown; charset=utf-8",
        // A name without a dot is its own last part.
        name if name.ends_with("LICENSE") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
