//! Addresses: the tables of RFC 7622 §3.5 (with what RFC 6122 makes of them), RFC 6122's rules one by one, and any text.

use proptest::prelude::*;

use super::*;

/// What an address becomes.
fn becomes(text: &str) -> Result<String, JidError> {
    Jid::parse(text).map(|jid| jid.to_string())
}

#[test]
fn the_addresses_of_rfc_7622_table_1() {
    for text in [
        "juliet@example.com",
        "juliet@example.com/foo",
        "juliet@example.com/foo bar",
        "juliet@example.com/foo@bar",
        "foo\\20bar@example.com",
        "fussball@example.com",
        "\u{3c0}@example.com",
        "\u{3c3}@example.com/foo",
        "king@example.com/\u{265a}",
        "example.com",
        "example.com/foobar",
        "a.example.com/b@example.net",
    ] {
        assert_eq!(becomes(text).as_deref(), Ok(text));
    }
}

/// RFC 7622 keeps these as they are; nodeprep, which is what servers do, folds them.
#[test]
fn what_nodeprep_folds_and_precis_does_not() {
    assert_eq!(becomes("fu\u{df}ball@example.com").as_deref(), Ok("fussball@example.com"));
    assert_eq!(becomes("\u{3a3}@example.com/foo").as_deref(), Ok("\u{3c3}@example.com/foo"));
    assert_eq!(becomes("\u{3c2}@example.com/foo").as_deref(), Ok("\u{3c3}@example.com/foo"));
    assert_eq!(becomes("henry\u{2163}@example.com").as_deref(), Ok("henryiv@example.com"));
    // A space before a resource is listed as wrong and forbidden by no rule, of either RFC.
    assert_eq!(becomes("juliet@example.com/ foo").as_deref(), Ok("juliet@example.com/ foo"));
}

#[test]
fn what_rfc_7622_table_2_refuses() {
    use JidError::{Empty, Forbidden};
    let cases = [
        ("\"juliet\"@example.com", Forbidden(Part::Local)),
        ("foo bar@example.com", Forbidden(Part::Local)),
        ("@example.com/", Empty(Part::Local)),
        ("juliet@", Empty(Part::Domain)),
        ("/foobar", Empty(Part::Domain)),
        ("", Empty(Part::Domain)),
        ("@", Empty(Part::Local)),
        ("juliet@/foo", Empty(Part::Domain)),
        ("juliet@example.com/", Empty(Part::Resource)),
        ("example.com/", Empty(Part::Resource)),
        ("a@b@example.com", Forbidden(Part::Domain)),
    ];
    for (text, why) in cases {
        assert_eq!(becomes(text), Err(why), "{text:?}");
    }
}

#[test]
fn parts_are_where_they_belong() {
    let cases = [
        ("example.net", None, "example.net", None),
        ("example.net/rp", None, "example.net", Some("rp")),
        ("mercutio@example.net", Some("mercutio"), "example.net", None),
        ("mercutio@example.net/rp@rp/rp", Some("mercutio"), "example.net", Some("rp@rp/rp")),
        ("mercutio@example.net//@//", Some("mercutio"), "example.net", Some("/@//")),
        ("[::1]/x", None, "[::1]", Some("x")),
        ("\u{fc}@b\u{fc}cher.example/\u{fc}", Some("\u{fc}"), "b\u{fc}cher.example", Some("\u{fc}")),
    ];
    for (text, local, domain, resource) in cases {
        let jid = Jid::parse(text).unwrap();
        assert_eq!((jid.local(), jid.domain(), jid.resource()), (local, domain, resource), "{text:?}");
        assert_eq!(Jid::from_parts(local, domain, resource).as_ref(), Ok(&jid));
        assert_eq!(jid.is_bare(), resource.is_none());
        assert_eq!(jid.bare(), Jid::from_parts(local, domain, None).unwrap());
        assert_eq!(jid.bare().as_str(), jid.bare_str());
        assert_eq!(jid.bare().with_resource("\u{fc}ber").unwrap().resource(), Some("\u{fc}ber"));
        assert_eq!(jid.with_resource("y").unwrap(), jid.bare().with_resource("y").unwrap());
    }
}

#[test]
fn localparts_are_folded_and_some_signs_are_forbidden_in_them() {
    assert_eq!(becomes("JULIET@example.com").as_deref(), Ok("juliet@example.com"));
    assert_eq!(becomes("\u{dc}RS@example.com").as_deref(), Ok("\u{fc}rs@example.com"));
    assert_eq!(becomes("u\u{308}rs@example.com").as_deref(), Ok("\u{fc}rs@example.com"));
    assert_eq!(becomes("\u{ff21}nn@example.com").as_deref(), Ok("ann@example.com"));
    assert_eq!(becomes("a\u{ad}nn@example.com").as_deref(), Ok("ann@example.com"));
    for sign in
        ['"', '&', '\'', ':', '<', '>', ' ', '\0', '\u{7f}', '\u{a0}', '\u{3000}', '\u{e000}', '\u{fffe}']
    {
        let local = format!("b{sign}d");
        assert_eq!(
            Jid::from_parts(Some(&local), "example.com", None),
            Err(JidError::Forbidden(Part::Local)),
            "{sign:?}"
        );
    }
    for sign in ["/", "@", "\u{ff20}", "\u{ff0f}"] {
        let local = format!("b{sign}d");
        assert_eq!(Jid::from_parts(Some(&local), "example.com", None), Err(JidError::Forbidden(Part::Local)));
    }
    assert_eq!(becomes("\u{ad}@example.com"), Err(JidError::Empty(Part::Local)));
    // A letter younger than stringprep's tables: normalised it is a capital, which nodeprep would fold.
    assert_eq!(becomes("\u{3f9}@example.com"), Err(JidError::Forbidden(Part::Local)));
    // From right to left, then from left to right (RFC 3454 §6).
    assert_eq!(becomes("\u{5d0}a@example.com"), Err(JidError::Forbidden(Part::Local)));
    assert_eq!(becomes("\u{5d0}\u{5d1}@example.com").as_deref(), Ok("\u{5d0}\u{5d1}@example.com"));
}

#[test]
fn resources_keep_their_capitals() {
    assert_eq!(becomes("a@b/Balcony").as_deref(), Ok("a@b/Balcony"));
    assert_eq!(becomes("a@b/\u{2163}").as_deref(), Ok("a@b/IV"));
    assert_eq!(becomes("a@b/u\u{308}").as_deref(), Ok("a@b/\u{fc}"));
    assert_eq!(becomes("a@b/\u{5d0} \u{5d1}").as_deref(), Ok("a@b/\u{5d0} \u{5d1}"));
    // Unicode 3.2 knew no emoji; nicknames have them.
    assert_eq!(becomes("a@b/Ann \u{1f600}").as_deref(), Ok("a@b/Ann \u{1f600}"));
    for sign in ['\0', '\n', '\u{7f}', '\u{85}', '\u{e000}', '\u{fffd}', '\u{ffff}', '\u{202e}', '\u{e0041}']
    {
        let text = format!("a@b/x{sign}y");
        assert_eq!(becomes(&text), Err(JidError::Forbidden(Part::Resource)), "{sign:?}");
    }
    assert_eq!(becomes("a@b/\u{5d0}x"), Err(JidError::Forbidden(Part::Resource)));
    assert_eq!(becomes("a@b/\u{200d}"), Err(JidError::Empty(Part::Resource)));
}

#[test]
fn hosts_have_one_form() {
    let cases = [
        ("Example.COM", "example.com"),
        ("example.net.", "example.net"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("my_host", "my_host"),
        ("[::1]", "[::1]"),
        ("[2001:DB8:0:0::1]", "[2001:db8::1]"),
        ("b\u{fc}cher.example", "b\u{fc}cher.example"),
        ("B\u{dc}CHER.example.", "b\u{fc}cher.example"),
        ("bu\u{308}cher.example", "b\u{fc}cher.example"),
        ("xn--bcher-kva.example", "b\u{fc}cher.example"),
        ("XN--BCHER-KVA.Example", "b\u{fc}cher.example"),
        ("\u{ff45}xample\u{3002}org\u{3002}", "example.org"),
        ("fu\u{df}ball.example", "fu\u{df}ball.example"),
    ];
    for (text, host) in cases {
        let jid = Jid::from_parts(None, text, None);
        assert_eq!(jid.as_ref().map(Jid::domain), Ok(host), "{text:?}");
    }
}

#[test]
fn what_is_no_host() {
    let label = "x".repeat(64);
    let long = format!("{}\u{fc}", "y".repeat(60));
    for text in [
        ".",
        "..",
        "example..com",
        ".example.com",
        "example.com..",
        "-example.com",
        "example-.com",
        "example.com:5222",
        "example .com",
        "exa\nmple.com",
        "e<x",
        "e&x",
        "e\u{ff20}x",
        "e\u{2f}x",
        "xn--",
        "xn--a",
        "xn--\u{fc}",
        "xn--bcher-kva\u{0}",
        "\u{ad}",
        "\u{5d0}b.example",
        "[::1",
        "[::1]x",
        "[]",
        "[fe80::1%eth0]",
        "[127.0.0.1]",
        &label,
        &long,
    ] {
        assert_eq!(Jid::from_parts(None, text, None), Err(JidError::Forbidden(Part::Domain)), "{text:?}");
    }
}

#[test]
fn a_part_has_at_most_1023_bytes() {
    let part = |length: usize| "x".repeat(length);
    // 63 bytes and a dot, sixteen times.
    let host = |last: usize| format!("{}{}", format!("{}.", part(63)).repeat(15), part(last));
    assert!(Jid::from_parts(Some(&part(1023)), &host(63), Some(&part(1023))).is_ok());
    let largest = Jid::from_parts(Some(&part(1023)), &host(63), Some(&part(1023))).unwrap();
    assert_eq!(largest.as_str().len(), 3 * 1023 + 2);
    assert_eq!(largest.resource().map(str::len), Some(1023));
    assert_eq!(Jid::from_parts(Some(&part(1024)), "b", None), Err(JidError::TooLong(Part::Local)));
    assert_eq!(Jid::from_parts(None, "b", Some(&part(1024))), Err(JidError::TooLong(Part::Resource)));
    assert_eq!(Jid::from_parts(None, &format!("{}.y", host(63)), None), Err(JidError::TooLong(Part::Domain)));
    // 1,024 bytes once it is prepared, 512 before.
    assert_eq!(Jid::from_parts(Some(&"\u{1f0}".repeat(512)), "b", None), Err(JidError::TooLong(Part::Local)));
    assert_eq!(
        Jid::from_parts(None, "b", Some(&"\u{ad}".repeat(4000))),
        Err(JidError::TooLong(Part::Resource))
    );
}

#[test]
fn the_reason_names_the_part() {
    let why = |text| Jid::parse(text).unwrap_err().to_string();
    assert_eq!(why("@b"), "the localpart is empty");
    assert_eq!(why("a@b c"), "the domainpart has characters that it may not have");
    assert_eq!(why(&format!("a@b/{}", "x".repeat(1024))), "the resourcepart has more than 1023 bytes");
    assert_eq!(format!("{:?}", "a@b/c".parse::<Jid>()), "Ok(Jid(a@b/c))");
}

/// Text as somebody would write it who wants to break this: separators, marks, signs with a meaning in Unicode.
fn nasty() -> impl Strategy<Value = String> {
    let sign = prop_oneof![
        4 => any::<char>(),
        4 => proptest::char::range('a', 'z'),
        2 => proptest::sample::select(vec!['@', '/', '.', '-', '[', ']', ':', 'x', 'n', '\u{3002}', '\u{df}']),
        1 => proptest::char::range('\u{300}', '\u{6ff}'),
        1 => proptest::char::range('\u{1e00}', '\u{2fff}'),
        1 => proptest::char::range('\u{f900}', '\u{ffff}'),
    ];
    proptest::collection::vec(sign, 0..24).prop_map(|signs| signs.into_iter().collect())
}

proptest! {
    #[test]
    fn an_address_read_again_is_the_same(text in nasty()) {
        if let Ok(jid) = Jid::parse(&text) {
            prop_assert_eq!(Jid::parse(jid.as_str()), Ok(jid.clone()));
            prop_assert_eq!(Jid::from_parts(jid.local(), jid.domain(), jid.resource()), Ok(jid.clone()));
            prop_assert!(jid.bare().is_bare());
        }
    }

    #[test]
    fn parts_put_together_are_read_as_those_parts(local in nasty(), domain in nasty(), resource in nasty()) {
        for (local, resource) in [(None, None), (Some(&*local), None), (None, Some(&*resource)), (Some(&*local), Some(&*resource))] {
            if let Ok(jid) = Jid::from_parts(local, &domain, resource) {
                prop_assert_eq!(Jid::parse(jid.as_str()), Ok(jid));
            }
        }
    }
}
