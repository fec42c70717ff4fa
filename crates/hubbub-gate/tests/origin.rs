//! Which pages may use the server.

mod desk;

use desk::settings;
use http::{HeaderMap, HeaderValue, header};
use hubbub_gate::origin::Origin;
use hubbub_gate::problem::Problem;

fn of(origin: &str, host: &str, listed: &[&str]) -> Result<Origin, Problem> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ORIGIN, HeaderValue::from_str(origin).expect("each of these can be a header"));
    let mut settings = settings();
    settings.domain = "chat.example".to_owned();
    settings.origins = listed.iter().map(ToString::to_string).collect();
    Origin::of(&headers, Some(host), &settings)
}

#[test]
fn pages_of_the_server_itself() {
    for (origin, host) in [
        ("http://chat.example:8080", "chat.example:8080"),
        ("https://Chat.example", "chat.example"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://localhost:3000", "localhost:3000"),
    ] {
        assert_eq!(of(origin, host, &[]), Ok(Origin::Own), "{origin}");
    }
}

#[test]
fn a_name_that_is_made_to_point_here_is_not_ours() {
    assert!(of("http://evil.example:8080", "evil.example:8080", &[]).is_err());
}

#[test]
fn listed_origins() {
    assert!(matches!(
        of("https://app.example", "chat.example", &["https://app.example"]),
        Ok(Origin::Listed(_))
    ));
    assert_eq!(of("null", "chat.example", &["*"]), Ok(Origin::Any));
    assert!(matches!(
        of("https://a.example", "chat.example", &["*", "https://a.example"]),
        Ok(Origin::Listed(_))
    ));
}

#[test]
fn strange_origins() {
    for strange in
        ["http://chat.example:81", "http://chat.example.evil.example", "null", "https://app.example.evil", ""]
    {
        assert!(of(strange, "chat.example", &["https://app.example"]).is_err(), "{strange}");
    }
}
