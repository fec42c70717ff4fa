//! Where settings come from: command line over environment over file over default.

use std::path::PathBuf;

use hubbub_config::{Admit, Config, Flags, Problems, load};

use crate::{TempFile, problems, read};

fn with_environment(text: &str, variables: &[(&str, &str)], flags: Flags) -> Result<Config, Problems> {
    let file = TempFile::new("hubbub.toml", text);
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    load(Some(file.path()), variables, flags)
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let variables = [
        ("HUBBUB_SERVER_DOMAIN", "env.example"),
        ("HUBBUB_LIMITS_ROOMS", "7"),
        ("HUBBUB_LIMITS_MESSAGE_BYTES", "2 KiB"),
        ("HUBBUB_LIMITS_HEADER_TIMEOUT", "3"),
        ("HUBBUB_ACCESS_ADMIT", "guests, tokens"),
        ("HUBBUB_WEBSOCKET_DEFLATE", "false"),
        ("HUBBUB_SERVER_LISTEN", "127.0.0.1:1,[::1]:2"),
    ];
    let file = "[server]\ndomain = \"file.example\"\n[limits]\nrooms = 5\nmailbox = 100";
    let config = with_environment(file, &variables, Flags::default()).unwrap();
    assert_eq!(
        (config.server.domain.as_str(), config.limits.rooms, config.limits.mailbox),
        ("env.example", 7, 100)
    );
    assert_eq!((config.limits.message_bytes, config.limits.header_timeout.as_secs()), (2048, 3));
    assert_eq!(config.access.admit, Some(vec![Admit::Guests, Admit::Tokens]));
    assert!(!config.websocket.deflate);
    assert_eq!(config.server.listen.len(), 2);

    let flags = Flags {
        listen: vec!["127.0.0.1:0".into()],
        data: Some("d".into()),
        domain: Some("Flag.Example".into()),
        workers: Some(3),
    };
    let config = with_environment(file, &variables, flags).unwrap();
    assert_eq!((config.server.domain.as_str(), config.server.workers), ("flag.example", Some(3)));
    assert_eq!(
        (config.server.listen, config.server.data),
        (vec!["127.0.0.1:0".parse().unwrap()], Some(PathBuf::from("d")))
    );
}

#[test]
fn a_wrong_variable_is_told_by_its_name() {
    let told =
        |name, value| with_environment("", &[(name, value)], Flags::default()).unwrap_err().to_string();
    assert_eq!(
        told("HUBBUB_LIMITS_ROOMS", "0"),
        "HUBBUB_LIMITS_ROOMS (environment): limits.rooms: \"0\" is too small; it must be 1 to 100000000 rooms"
    );
    assert_eq!(
        told("HUBBUB_LIMITS_ROOM", "1"),
        "HUBBUB_LIMITS_ROOM (environment): limits.room: there is no such setting; did you mean \"rooms\"?"
    );
    assert_eq!(
        told("HUBBUB_HTTP_SSE_RETRY", "soon"),
        "HUBBUB_HTTP_SSE_RETRY (environment): http.sse_retry: \"soon\" is not a time; write a number of seconds, or a string such as \"5 min\""
    );
}

#[test]
fn variables_of_others_are_left_alone() {
    let variables = [
        ("HUBBUB_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("HUBBUB_BIN", "x"),
        ("LIMITS_ROOMS", "0"),
        ("HUBBUB_", ""),
    ];
    assert_eq!(with_environment("", &variables, Flags::default()).unwrap().limits.rooms, 100_000);
}

#[test]
fn wrong_flags_are_told_by_name() {
    let told = |flags| load(None, std::iter::empty(), flags).unwrap_err().to_string();
    assert_eq!(
        told(Flags { listen: vec!["nonsense".into()], ..Flags::default() }),
        "--listen: \"nonsense\" is not an address to listen on; write IP:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\""
    );
    assert_eq!(
        told(Flags { workers: Some(0), ..Flags::default() }),
        "--workers: \"0\" is too small; it must be 1 to 1024 workers"
    );
    assert!(
        told(Flags { domain: Some("not a domain".into()), ..Flags::default() })
            .starts_with("--domain: server.domain: \"not a domain\" is not")
    );
}

#[test]
fn a_missing_file_is_told() {
    let told = load(Some("/nowhere/absent.toml".as_ref()), std::iter::empty(), Flags::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        told,
        "/nowhere/absent.toml cannot be read: No such file or directory (os error 2); `hubbub init` writes one"
    );
}

#[test]
fn keys_are_read_from_their_files_and_never_shown() {
    let secret = TempFile::new("secret", "  0123456789abcdef0123456789abcdef\n");
    let public = TempFile::new("public.pem", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n");
    let text = format!(
        "[token]\nhmac_secret_file = {:?}\ned25519_public_key_file = {:?}",
        secret.path(),
        public.path()
    );
    let config = read(&text).unwrap();
    assert_eq!(config.token.hmac_secret.as_ref().unwrap().expose(), "0123456789abcdef0123456789abcdef");
    assert!(config.ed25519_public_key.as_ref().unwrap().contains("MCow"));
    assert!(!format!("{config:?}").contains("0123456789abcdef"));
}

#[test]
fn a_weak_key_in_a_file_is_told_without_showing_it() {
    let secret = TempFile::new("secret", "hunter2");
    let told = problems(&format!("[token]\nhmac_secret_file = {:?}", secret.path())).join("\n");
    assert!(told.contains("7 bytes are too few") && !told.contains("hunter2"), "{told}");
}
