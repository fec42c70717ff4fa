//! Closed by default: when the server refuses to start.

use hubbub_config::{Admit, Flags, load};

use crate::read;

/// What it says instead of starting, without the name of the file.
fn refusal(text: &str) -> String {
    let told = read(text).unwrap().admitted().unwrap_err().to_string();
    told.split_once("hubbub.toml:").map_or(told.clone(), |(_, rest)| rest.to_owned())
}

#[test]
fn on_this_machine_everybody_is_let_in() {
    for listen in ["127.0.0.1:0", "127.8.9.10:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
        let config = read(&format!("[server]\nlisten = [\"{listen}\"]")).unwrap();
        assert_eq!(config.admitted().unwrap(), [Admit::Guests, Admit::Accounts, Admit::Tokens], "{listen}");
    }
}

#[test]
fn beyond_it_somebody_must_be_named() {
    for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "[::ffff:192.0.2.1]:80"] {
        let told = refusal(&format!("[server]\nlisten = [\"127.0.0.1:80\", \"{listen}\"]"));
        let wanted = format!(
            "2:10: access.admit: {listen} can be reached from beyond this machine, and nothing says who may come in; \
             write `[access]` and below it `admit = [\"accounts\", \"tokens\"]` in the configuration file \
             (accounts need server.data; \"guests\" lets in whoever can reach the address), or listen on 127.0.0.1"
        );
        assert_eq!(told, wanted);
    }
    let config = read("[server]\nlisten = [\"0.0.0.0:80\"]\n[access]\nadmit = [\"guests\"]").unwrap();
    assert_eq!(config.admitted().unwrap(), [Admit::Guests]);
}

#[test]
fn a_flag_that_opens_it_is_named() {
    let flags = Flags { listen: vec!["0.0.0.0:0".into()], ..Flags::default() };
    let told = load(None, std::iter::empty(), flags).unwrap().admitted().unwrap_err().to_string();
    assert!(told.starts_with("--listen: access.admit: 0.0.0.0:0 can be reached"), "{told}");
}

#[test]
fn accounts_need_a_folder() {
    let told = refusal("[access]\nadmit = [\"accounts\"]");
    assert_eq!(
        told,
        "2:9: access.admit: there is nowhere to keep accounts; set server.data (or --data), or take \"accounts\" out"
    );
    assert!(read("[server]\ndata = \"d\"\n[access]\nadmit = [\"accounts\"]").unwrap().admitted().is_ok());
}

#[test]
fn tokens_need_a_key() {
    assert!(
        refusal("[access]\nadmit = [\"tokens\"]")
            .starts_with("2:9: access.admit: there is no key to check tokens with; set ")
    );
    let secret = "[token]\nhmac_secret = \"0123456789abcdef0123456789abcdef\"\n";
    for enough in [secret, "[server]\ndata = \"d\"\n"] {
        assert!(read(&format!("{enough}[access]\nadmit = [\"tokens\"]")).unwrap().admitted().is_ok());
    }
}

#[test]
fn durable_rooms_need_a_folder() {
    let told = refusal("[[room]]\nmatch = \"a\"\n[[room]]\nmatch = \"b\"\nlog = \"durable\"");
    assert_eq!(
        told,
        "5:7: room.log: there is no folder for a durable log; set server.data (or --data), or write \"auto\" or \"memory\""
    );
}

#[test]
fn guests_relay_on_this_machine_only() {
    let relay = |text: &str| read(text).unwrap().relays_for_guests();
    assert!(relay(""));
    assert!(!relay("[server]\nlisten = [\"127.0.0.1:80\", \"0.0.0.0:80\"]"));
    assert!(relay("[server]\nlisten = [\"0.0.0.0:80\"]\n[turn]\nguests = true"));
    assert!(!relay("[turn]\nguests = false"));
}

#[test]
fn it_signs_for_itself_on_this_machine_only() {
    let signs = |listen: &str, tls: &str| {
        read(&format!("[server]\nlisten = [\"{listen}\"]\n[tls]\n{tls}")).unwrap().signs_for_itself()
    };
    assert!(signs("127.0.0.1:443", "") && !signs("0.0.0.0:443", ""));
    assert!(signs("0.0.0.0:443", "self_signed = \"always\""));
    assert!(!signs("127.0.0.1:443", "self_signed = \"never\""));
    let files = "certificate_files = [\"a.pem\"]\nkey_files = [\"a.key\"]\nself_signed = \"always\"";
    assert!(!signs("127.0.0.1:443", files), "there is a better one");
}
