//! Who is given what.

use hubbub_hub::UserAddress;

use super::*;

const NOW: Now = Now { unix_ms: 1_433_895_918_506, mono_ms: 5 };
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn person(user: &str, kind: IdentityKind) -> Identity {
    let user = UserAddress::from_prepared(user);
    Identity {
        user,
        name: "N".into(),
        kind,
        named: true,
        grants: None,
        since_unix_ms: 0,
        expires_unix_ms: None,
    }
}

fn ninefingers() -> Identity {
    person("ninefingers", IdentityKind::Account)
}

fn group(access: Option<IceAccess>, guests: bool) -> IceGroup {
    let service = |scheme| IceService { scheme, host: "example.org".into(), port: 3478, transport: "udp" };
    let services = Arc::new(OnceLock::from(vec![service("stun"), service("turn")]));
    IceGroup { services, access, guests }
}

fn settings(access: Option<IceAccess>) -> IceSettings {
    IceSettings { own: None, others: group(access, true) }
}

fn minted(secret: &str) -> IceAccess {
    IceAccess::Minted { secrets: RestSecrets::new([secret.into()]), lifetime_s: 86_400 }
}

fn shared() -> IceAccess {
    IceAccess::Shared { username: "guest".into(), password: "opensesame".into() }
}

fn usernames(servers: &[IceServer]) -> Vec<&str> {
    servers.iter().filter_map(|server| Some(server.credentials.as_ref()?.username.as_str())).collect()
}

/// By hand: `printf %s 1433982318:ninefingers | openssl dgst -sha1 -hmac north -binary | base64`.
#[test]
fn credentials_are_minted() {
    let servers = settings(Some(minted("north"))).servers(&ninefingers(), HERE, NOW);
    let [stun, turn] = &servers[..] else { panic!("there are two") };
    assert_eq!(stun.credentials, None);
    let minted = turn.credentials.as_ref().expect("who relays wants to know for whom");
    assert_eq!(minted.username, "1433982318:ninefingers");
    assert_eq!(minted.password, "Sg6tKrlQmpp18Ql2cCY27uZ8nHU=");
    assert_eq!(minted.expires_unix_s, Some(1_433_982_318));
}

#[test]
fn nobody_is_given_more_time_than_he_has() {
    let who = Identity { expires_unix_ms: Some(NOW.unix_ms + 60_000), ..ninefingers() };
    let servers = settings(Some(minted("north"))).servers(&who, HERE, NOW);
    let ends = servers[1].credentials.as_ref().and_then(|minted| minted.expires_unix_s);
    assert_eq!(ends, Some(1_433_895_978));
}

#[test]
fn or_the_same_for_everybody_or_none() {
    let servers = settings(Some(shared())).servers(&ninefingers(), HERE, NOW);
    let (username, password) = ("guest".to_owned(), "opensesame".to_owned());
    assert_eq!(servers[1].credentials, Some(IceCredentials { username, password, expires_unix_s: None }));
    let servers = settings(None).servers(&ninefingers(), HERE, NOW);
    assert!(servers.iter().all(|one| one.credentials.is_none()));
}

#[test]
fn our_own_come_first_and_have_credentials_of_their_own() {
    let both =
        IceSettings { own: Some(group(Some(minted("south")), true)), others: group(Some(shared()), true) };
    let servers = both.servers(&ninefingers(), HERE, NOW);
    assert_eq!(usernames(&servers), ["1433982318:ninefingers", "guest"]);
    assert!(!both.is_empty() && !both.withholds(&ninefingers()));
}

/// A guest calls himself what he likes: whatever that is, he is the same to a TURN server.
#[test]
fn guests_go_by_their_address() {
    let all = settings(Some(minted("north")));
    for (from, wanted) in [
        ("192.0.2.7", "192.0.2.7@guest.localhost"),
        ("::ffff:192.0.2.7", "192.0.2.7@guest.localhost"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64@guest.localhost"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64@guest.localhost"),
    ] {
        for name in ["ann@guest.localhost", "eve@guest.localhost"] {
            let guest = person(name, IdentityKind::Guest);
            let servers = all.servers(&guest, from.parse().unwrap(), NOW);
            assert_eq!(usernames(&servers), [format!("1433982318:{wanted}")], "{from}");
        }
    }
}

#[test]
fn guests_may_be_told_of_stun_alone() {
    let own = IceSettings { own: Some(group(Some(minted("north")), false)), others: IceGroup::default() };
    let told = |who: &Identity| {
        let servers = own.servers(who, HERE, NOW);
        servers.iter().map(|server| server.service.scheme).collect::<Vec<_>>()
    };
    let ann = person("ann@guest.localhost", IdentityKind::Guest);
    assert_eq!((told(&ann), own.withholds(&ann)), (vec!["stun"], true));
    assert_eq!((told(&ninefingers()), own.withholds(&ninefingers())), (vec!["stun", "turn"], false));
}

#[test]
fn where_this_server_is_may_be_said_later() {
    let own = IceSettings { own: Some(IceGroup::default()), others: IceGroup::default() };
    assert!(own.is_empty() && own.servers(&ninefingers(), HERE, NOW).is_empty());
    let later = own.clone();
    let services = group(None, true).services().to_vec();
    own.own.as_ref().unwrap().services.set(services).expect("it is said once");
    assert_eq!(later.servers(&ninefingers(), HERE, NOW).len(), 2);
}

#[test]
fn long_names_fit_into_a_username() {
    let long = person(&format!("{}é@localhost", "a".repeat(479)), IdentityKind::Token);
    assert_eq!(user(&long, HERE), "a".repeat(479));
}

#[test]
fn urls() {
    let url =
        |scheme, host: &str, transport| IceService { scheme, host: host.into(), port: 3478, transport }.url();
    assert_eq!(url("stun", "example.org", "udp"), "stun:example.org:3478");
    assert_eq!(url("turn", "example.org", "udp"), "turn:example.org:3478?transport=udp");
    assert_eq!(url("turns", "2001:db8::7", "tcp"), "turns:[2001:db8::7]:3478?transport=tcp");
}

#[test]
fn passwords_are_not_shown() {
    let servers = settings(Some(shared())).servers(&ninefingers(), HERE, NOW);
    assert!(!format!("{:?} {servers:?}", shared()).contains("opensesame"));
}
