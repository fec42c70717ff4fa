//! Long-term credentials: RFC 8489 section 9.2.4, and time-limited ones.

use hubbub_turn::{Algorithm, Key, Known, Settings, Who};
use stun_types::message::{IntegrityAlgorithm, MessageClass, MessageWrite, MessageWriteExt};

use crate::world::*;

const AT: &str = "198.41.0.4:1234";

fn accounts() -> Settings {
    Settings { accounts: true, ..settings() }
}

/// What a request gets that is signed, except that one attribute is left out or has another value.
fn answer_to_forged(world: &mut World, user: &User, attribute: u16, value: Option<&[u8]>) -> Answer {
    let hashed: &[(u16, &[u8])] =
        &[UDP, (USERNAME, user.name.as_bytes()), (REALM, user.realm.as_bytes()), (NONCE, &user.nonce)];
    let mut attributes = Vec::new();
    for (kind, original) in hashed {
        match value {
            _ if *kind != attribute => attributes.push((*kind, *original)),
            Some(value) => attributes.push((*kind, value)),
            None => {}
        }
    }
    let mut message = user.bare(MessageClass::Request, ALLOCATE, &attributes);
    let credentials = stun_types::message::LongTermKeyCredentials::new(
        user.name.clone(),
        user.password.clone(),
        user.realm.clone(),
    );
    message
        .add_message_integrity_with_key(
            &credentials.make_key(IntegrityAlgorithm::Sha1),
            IntegrityAlgorithm::Sha1,
        )
        .unwrap();
    world.ask(user.at, &message.finish())
}

#[test]
fn a_stranger_is_told_what_is_needed() {
    let mut world = World::new(settings());
    let answer = world.ask(udp(AT), &User::new(udp(AT)).plain(ALLOCATE, &[UDP]));
    assert_eq!(answer.code(), 401);
    assert_eq!(answer.attributes(), [ERROR_CODE, REALM, NONCE, PASSWORD_ALGORITHMS]);
    assert_eq!(answer.value(REALM).unwrap(), b"example.org");
    assert_eq!(answer.value(PASSWORD_ALGORITHMS).unwrap(), OFFERED);
    // The leftmost bit says that the algorithms must not be taken away (RFC 8489 section 18.1).
    assert!(answer.value(NONCE).unwrap().starts_with(b"obMatJos2gAAA"));
    assert_eq!(world.held(), (0, 0, 0));
}

#[test]
fn without_sha256_nothing_of_rfc_8489_is_said() {
    let mut world = World::new(Settings { sha256: false, ..settings() });
    let answer = world.ask(udp(AT), &User::new(udp(AT)).plain(ALLOCATE, &[UDP]));
    assert_eq!(answer.attributes(), [ERROR_CODE, REALM, NONCE]);
    let mut user = User::new(udp(AT));
    assert!(user.allocate_with(&mut world, &[UDP]).is_success());
}

#[test]
fn time_limited_credentials_need_nobody_to_be_asked() {
    for algorithm in [IntegrityAlgorithm::Sha1, IntegrityAlgorithm::Sha256] {
        let mut world = World::new(settings());
        let mut user = User { algorithm, ..User::new(udp(AT)) };
        let answer = user.allocate_with(&mut world, &[UDP]);
        let mac =
            if algorithm == IntegrityAlgorithm::Sha1 { MESSAGE_INTEGRITY } else { MESSAGE_INTEGRITY_SHA256 };
        assert!(answer.has(mac));
        assert_eq!(world.asked, []);
    }
}

#[test]
fn credentials_of_the_old_secret_are_good_and_those_of_another_are_not() {
    for (secret, code) in [("the old one", 0), ("somebody else's", 401)] {
        let mut world = World::new(settings());
        let secrets = hubbub_turn::RestSecrets::new([secret.as_bytes().to_vec()]);
        let minted = secrets.mint("ann", BEGIN_S + 60).unwrap();
        let mut user = User::with_password(udp(AT), &minted.username, &minted.password);
        user.learn_nonce(&mut world);
        assert_eq!(world.ask(user.at, &user.signed(ALLOCATE, &[UDP])).code(), code, "{secret}");
    }
}

#[test]
fn expired_credentials_make_no_allocation_but_keep_one() {
    let mut world = World::new(settings());
    let minted = settings().rest.mint("ann", BEGIN_S + 300).unwrap();
    let mut early = User::with_password(udp(AT), &minted.username, &minted.password);
    let mut late = User { at: udp("198.41.0.4:2"), ..early.clone() };
    let mut last = User { at: udp("198.41.0.4:3"), ..early.clone() };
    early.allocate(&mut world);
    world.pass(299_999);
    last.allocate(&mut world);
    world.pass(1);
    late.learn_nonce(&mut world);
    assert_eq!(world.ask(late.at, &late.signed(ALLOCATE, &[UDP])).code(), 401);
    assert_eq!(early.refresh(&mut world, 600).lifetime(), 600);
}

#[test]
fn a_wrong_password_is_asked_for_again() {
    let mut world = World::new(settings());
    let mut user = User { password: "wrong".into(), ..User::new(udp(AT)) };
    user.learn_nonce(&mut world);
    let answer = world.ask(user.at, &user.signed(ALLOCATE, &[UDP]));
    assert_eq!(answer.code(), 401);
    assert!(answer.has(NONCE) && answer.has(REALM) && !answer.has(MESSAGE_INTEGRITY));
    assert_eq!(world.server.counters().bad_credentials, 1);
}

#[test]
fn what_is_missing_is_a_bad_request() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.learn_nonce(&mut world);
    for attribute in [USERNAME, REALM, NONCE] {
        let answer = answer_to_forged(&mut world, &user, attribute, None);
        assert_eq!(answer.code(), 400, "{attribute:#x}");
        assert_eq!(answer.attributes(), [ERROR_CODE]);
    }
    for username in [&b""[..], &[b'x'; 509], b"\xff"] {
        assert_eq!(answer_to_forged(&mut world, &user, USERNAME, Some(username)).code(), 400);
    }
}

#[test]
fn a_nonce_is_good_for_one_address_and_one_hour() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.learn_nonce(&mut world);
    let thief = User { at: udp("198.41.0.4:4321"), ..user.clone() };
    let on_tcp = User { at: tcp(AT, 1), ..user.clone() };
    for other in [thief, on_tcp] {
        assert_eq!(world.ask(other.at, &other.signed(ALLOCATE, &[UDP])).code(), 438);
    }
    // On streams for all connections from one IP address.
    let mut streaming = User::new(tcp(AT, 1));
    streaming.learn_nonce(&mut world);
    let mut again = User { at: tcp("198.41.0.4:4321", 2), ..streaming.clone() };
    assert_eq!(again.ask(&mut world, ALLOCATE, &[UDP]).code(), 0);
    let elsewhere = User { at: tcp("198.41.0.5:1234", 3), ..streaming };
    assert_eq!(world.ask(elsewhere.at, &elsewhere.signed(ALLOCATE, &[UDP])).code(), 438);
    let minted = settings().rest.mint("ann", BEGIN_S + 100_000).unwrap();
    let user = User { name: minted.username, password: minted.password, ..user };
    world.pass(3_601_000);
    let answer = world.ask(user.at, &user.signed(ALLOCATE, &[UDP]));
    assert_eq!(answer.code(), 438);
    assert!(answer.has(REALM) && answer.has(PASSWORD_ALGORITHMS));
    let user = User { nonce: answer.value(NONCE).unwrap(), transaction: 9, ..user };
    assert!(world.ask(user.at, &user.signed(ALLOCATE, &[UDP])).is_success());
}

#[test]
fn a_nonce_with_one_bit_changed_is_stale() {
    let mut world = World::new(Settings { budget_places: 1, ..settings() });
    let mut user = User::new(tcp(AT, 1));
    user.learn_nonce(&mut world);
    for position in 0..user.nonce.len() {
        let mut nonce = user.nonce.clone();
        nonce[position] ^= 1;
        world.pass(1000);
        let code = answer_to_forged(&mut world, &user, NONCE, Some(&nonce)).code();
        assert_eq!(code, 438, "{position}");
    }
}

#[test]
fn the_offer_of_algorithms_cannot_be_taken_away() {
    let mut world = World::new(settings());
    let mut user = User { algorithm: IntegrityAlgorithm::Sha256, ..User::new(udp(AT)) };
    user.learn_nonce(&mut world);
    let ask = |world: &mut World, extra: &[(u16, &[u8])]| {
        let user = User { algorithm: IntegrityAlgorithm::Sha1, ..user.clone() };
        world.ask(user.at, &user.signed(ALLOCATE, &[&[UDP], extra].concat())).code()
    };
    let sha256: &[u8] = &[0, 2, 0, 0];
    assert_eq!(ask(&mut world, &[(PASSWORD_ALGORITHM, sha256)]), 400);
    assert_eq!(ask(&mut world, &[(PASSWORD_ALGORITHMS, OFFERED)]), 400);
    assert_eq!(ask(&mut world, &[(PASSWORD_ALGORITHM, sha256), (PASSWORD_ALGORITHMS, &[0, 1, 0, 0])]), 400);
    assert_eq!(ask(&mut world, &[(PASSWORD_ALGORITHM, &[0, 3, 0, 0]), (PASSWORD_ALGORITHMS, OFFERED)]), 400);
}

/// `turn-client-proto` 0.7 takes MD5 from the offer, protects requests by SHA-1, and takes no other answer.
#[test]
fn who_chooses_md5_and_sends_sha1_is_answered_with_both_codes() {
    let mut world = World::new(settings());
    let mut user = User::new(udp(AT));
    user.learn_nonce(&mut world);
    let chosen = [UDP, (PASSWORD_ALGORITHMS, OFFERED), (PASSWORD_ALGORITHM, &[0, 1, 0, 0])];
    let answer = world.ask(user.at, &user.signed(ALLOCATE, &chosen));
    assert!(answer.is_success() && answer.is_signed_by(&user));
    assert!(answer.attributes().ends_with(&[MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256]));
}

#[test]
fn accounts_are_asked_about() {
    for algorithm in [IntegrityAlgorithm::Sha1, IntegrityAlgorithm::Sha256] {
        let mut world = World::new(accounts());
        let mut user = User { algorithm, ..User::with_password(udp(AT), "romeo", "moon") };
        user.learn_nonce(&mut world);
        let request = user.signed(ALLOCATE, &[UDP]);
        assert_eq!(world.try_ask(user.at, &request), None);
        // It comes again while nobody knows yet.
        assert_eq!(world.try_ask(user.at, &request), None);
        let (ticket, who) = world.asked.pop().unwrap();
        assert_eq!((who, world.asked.len()), (Who::Name("romeo".into()), 0));
        world.answer(ticket, Known::Password { username: "romeo".into(), password: "moon".into() });
        let answer = world.take_answer(user.at).unwrap();
        assert!(answer.is_success() && answer.is_signed_by(&user));
        // Now it is known.
        assert_eq!(user.refresh(&mut world, 600).lifetime(), 600);
        assert_eq!((world.held(), world.asked.len()), ((1, 1, 0), 0));
    }
}

#[test]
fn stored_keys_do_as_well_as_passwords() {
    let md5 = Key::derive(Algorithm::Md5, "romeo", "example.org", "moon");
    let sha256 = Key::derive(Algorithm::Sha256, "romeo", "example.org", "moon");
    let cases = [
        (IntegrityAlgorithm::Sha1, Some(md5.clone()), None, 0),
        (IntegrityAlgorithm::Sha256, None, Some(sha256.clone()), 0),
        (IntegrityAlgorithm::Sha1, None, Some(sha256.clone()), 401),
        // Keys in each other's place are nobody's.
        (IntegrityAlgorithm::Sha1, Some(sha256), Some(md5), 401),
    ];
    for (algorithm, md5, sha256, code) in cases {
        let mut world = World::new(accounts());
        let mut user = User { algorithm, ..User::with_password(udp(AT), "romeo", "moon") };
        user.learn_nonce(&mut world);
        world.receive(user.at, &user.signed(ALLOCATE, &[UDP]));
        let (ticket, _) = world.asked.pop().unwrap();
        world.answer(ticket, Known::Keys { username: "romeo".into(), md5, sha256 });
        assert_eq!(world.take_answer(user.at).unwrap().code(), code);
    }
}

#[test]
fn answers_that_do_not_help() {
    let password = |username: &str, password: &str| Known::Password {
        username: username.into(),
        password: password.into(),
    };
    let cases = [
        (Known::Nobody, 401),
        (Known::Unavailable, 500),
        (password("romeo", "sun"), 401),
        // Somebody else's password, though the request is signed with it.
        (password("juliet", "moon"), 401),
    ];
    for (known, code) in cases {
        let mut world = World::new(accounts());
        let mut user = User::with_password(udp(AT), "romeo", "moon");
        user.learn_nonce(&mut world);
        world.receive(user.at, &user.signed(ALLOCATE, &[UDP]));
        let (ticket, _) = world.asked.pop().unwrap();
        world.answer(ticket, known);
        assert_eq!(world.take_answer(user.at).unwrap().code(), code);
        assert_eq!(world.held(), (0, 0, 0));
        // Late, and twice.
        world.answer(ticket, Known::Nobody);
        assert_eq!(world.answers, []);
    }
}

#[test]
fn a_question_that_is_not_answered_is_forgotten() {
    let mut world = World::new(accounts());
    let mut user = User::with_password(udp(AT), "romeo", "moon");
    user.learn_nonce(&mut world);
    world.receive(user.at, &user.signed(ALLOCATE, &[UDP]));
    assert_eq!(world.held(), (0, 0, 1));
    world.pass(10_000);
    assert_eq!(world.held(), (0, 0, 0));
    let (ticket, _) = world.asked.pop().unwrap();
    world.answer(ticket, Known::Password { username: "romeo".into(), password: "moon".into() });
    assert_eq!((world.held(), world.answers.len()), ((0, 0, 0), 0));
}

#[test]
fn names_may_be_hidden() {
    let mut world = World::new(Settings { userhash: true, ..accounts() });
    let mut user = User {
        by_hash: true,
        algorithm: IntegrityAlgorithm::Sha256,
        ..User::with_password(udp(AT), "romeo", "moon")
    };
    user.learn_nonce(&mut world);
    assert!(user.nonce.starts_with(b"obMatJos2wAAA"), "both bits are set");
    world.receive(user.at, &user.signed(ALLOCATE, &[UDP]));
    let (ticket, who) = world.asked.pop().unwrap();
    let Who::Hash(hash) = who else { panic!("{who:?}") };
    assert_eq!(hash, stun_types::attribute::Userhash::compute("romeo", "example.org"));
    world.answer(ticket, Known::Password { username: "romeo".into(), password: "moon".into() });
    assert!(world.take_answer(user.at).unwrap().is_success());
    assert_eq!(user.refresh(&mut world, 600).lifetime(), 600);
    assert_eq!(world.asked, []);
}

#[test]
fn an_allocation_is_its_users_alone() {
    let mut world = World::new(settings());
    let mut ann = User::named(udp(AT), "ann");
    ann.allocate(&mut world);
    let mut bo = User { nonce: ann.nonce.clone(), transaction: 50, ..User::named(udp(AT), "bo") };
    assert_eq!(bo.refresh(&mut world, 0).code(), 441);
    assert_eq!(bo.permit(&mut world, PEER), 441);
    assert_eq!(bo.bind(&mut world, 0x4000, PEER), 441);
    assert_eq!(bo.ask(&mut world, ALLOCATE, &[UDP]).code(), 437);
    assert_eq!(world.held(), (1, 1, 0));
}
