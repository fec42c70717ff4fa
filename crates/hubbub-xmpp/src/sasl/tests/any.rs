//! Any bytes, in any order: nothing panics, nobody gets in, and what is over stays over.

use proptest::prelude::*;

use super::*;

/// Bytes that begin like a message of one mechanism or another.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..6),
        proptest::sample::select(vec![
            "n,,",
            "y,,",
            "p=tls-exporter,,",
            "n,a=alice@example.org,",
            "n=",
            "r=",
            "c=biws",
            "p=",
            "m=x",
            "alice",
            ",",
            "=",
            "=2C",
            "\0",
            "\x01",
            "auth=Bearer ",
            "abc",
            "host=h",
            "\u{ad}",
            "\u{5d0}",
            "rOprNGfwEbeRWgbNEkqO"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

fn known() -> impl Strategy<Value = Known> {
    prop_oneof![
        Just(Known::Verifier(None)),
        Just(Known::No),
        Just(Known::Unavailable),
        (any::<u32>(), proptest::collection::vec(any::<u8>(), 0..33)).prop_map(|(iterations, key)| {
            let (salt, server_key) = (key.clone(), key.clone());
            Known::Verifier(Some(Verifier { salt, iterations, stored_key: key, server_key }))
        }),
    ]
}

proptest! {
    #[test]
    fn who_is_never_told_yes_gets_in_as_a_guest_at_most(
        mechanism in proptest::sample::select(Mechanism::ALL.to_vec()),
        moves in proptest::collection::vec((message(), known()), 1..5),
    ) {
        let mut sasl = begin(mechanism);
        let mut failed = false;
        for (message, known) in moves {
            let stepped = sasl.step(&message);
            prop_assert!(!failed || stepped.is_err());
            let asked = matches!(stepped, Ok(Step::Ask(_)));
            let result = if asked { sasl.answer(known) } else { stepped };
            match result {
                Ok(Step::Done { .. }) => {
                    prop_assert_eq!(mechanism, Mechanism::Anonymous);
                    failed = true;
                }
                Ok(Step::Challenge(_)) => {}
                Ok(Step::Ask(_)) => prop_assert!(false, "one question leads to another"),
                Err(_) => failed = true,
            }
        }
    }

    #[test]
    fn any_name_and_password_that_fit_get_in(name in "[a-z ,=\u{e9}\u{4e00}-\u{4e20}]{1,12}", password in "[!-~]{1,20}") {
        let escaped = name.replace('=', "=3D").replace(',', "=2C");
        let client = Client::new(Hash::Sha1, &escaped, &password);
        let mut sasl = begin(Mechanism::ScramSha1);
        prop_assert_eq!(sasl.step(client.first().as_bytes()), asks_verifier(&name, Hash::Sha1));
        let verifier = client::verifier(Hash::Sha1, &password, b"salt", 1);
        let (last, signature) = client.last(&challenge(sasl.answer(Known::Verifier(Some(verifier)))));
        prop_assert_eq!(sasl.step(last.as_bytes()), done(&name, Some(&signature)));
    }
}
