//! Streams as the framer reads them: what is taken, what is refused and how that is called (RFC 6120 §4.9.3, §11).

use hubbub_xmpp::xml::{CLIENT, Element, Framer, Limit, Limits, Piece, STREAMS, XmlError, parse};

const HEAD: &str = "<?xml version='1.0'?><stream:stream to='example.org' version='1.0' xml:lang='en' \
    xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

fn read_all(framer: &mut Framer) -> (Vec<Piece>, Option<XmlError>) {
    let mut pieces = Vec::new();
    loop {
        match framer.next() {
            Ok(Some(piece)) => pieces.push(piece),
            Ok(None) => return (pieces, None),
            Err(error) => return (pieces, Some(error)),
        }
    }
}

fn read(bytes: &[u8]) -> (Vec<Piece>, Option<XmlError>) {
    let mut framer = Framer::new(Limits::default());
    framer.push(bytes);
    read_all(&mut framer)
}

/// The one stanza that follows the head of a stream.
fn stanza(xml: &str) -> Element {
    let (pieces, error) = read(format!("{HEAD}{xml}").as_bytes());
    match (&pieces[..], error) {
        ([Piece::Open(_), Piece::Stanza(stanza)], None) => stanza.clone(),
        other => panic!("{xml}: {other:?}"),
    }
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("only UTF-8 is let through")
}

#[test]
fn a_stream_is_a_head_stanzas_and_an_end() {
    let message = "<message to='lobby@rooms.example.org' type='groupchat' id='1'><body>Hello &amp; welcome</body>\
        <x xmlns='urn:x'><y/></x></message>";
    let (pieces, error) = read(format!("{HEAD} \n{message}\r\n<presence/></stream:stream> ").as_bytes());
    assert_eq!(error, None);
    let [Piece::Open(head), Piece::Stanza(stanza), Piece::Stanza(presence), Piece::Close] = &pieces[..]
    else {
        panic!("{pieces:?}");
    };
    assert!(head.is("stream", STREAMS));
    assert_eq!(head.attr("to").as_deref(), Some("example.org"));
    assert_eq!(head.lang().as_deref(), Some("en"));
    assert_eq!(head.root().default_ns(), CLIENT);
    assert_eq!(head.children().count(), 0);
    assert!(text(head.bytes()).ends_with("/>") && head.inner().is_empty());

    assert!(stanza.is("message", CLIENT));
    assert_eq!(text(stanza.bytes()), message);
    assert_eq!(stanza.inner(), message[message.find("<body").unwrap()..message.len() - "</message>".len()]);
    assert_eq!(stanza.attr("type").as_deref(), Some("groupchat"));
    assert_eq!(stanza.attr("from"), None);
    assert_eq!(stanza.child("body", CLIENT).unwrap().text(), "Hello & welcome");
    let x = stanza.child("x", "urn:x").unwrap();
    assert_eq!(x.child("y", "urn:x").unwrap().parent().unwrap().name(), "x");
    assert_eq!(stanza.children().map(|child| child.name()).collect::<Vec<_>>(), ["body", "x"]);
    assert!(presence.is("presence", CLIENT) && presence.inner().is_empty());
}

/// Good and bad stanzas after a sound head.
#[test]
fn stanzas_are_refused_for_what_is_wrong_with_them() {
    use XmlError::{BadFormat, BadNamespacePrefix, NotWellFormed, RestrictedXml, UnsupportedEncoding};
    let cases: &[(&[u8], XmlError)] = &[
        (b"<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;'>]><m>&lol2;</m>", RestrictedXml),
        (b"<m><!DOCTYPE lolz></m>", RestrictedXml),
        (b"<m><!-- hidden --></m>", RestrictedXml),
        (b"<!-- hidden -->", RestrictedXml),
        (b"<?php echo 1 ?>", RestrictedXml),
        (b"<m><?xml version='1.0'?></m>", RestrictedXml),
        (b"<m>&nbsp;</m>", RestrictedXml),
        (b"<m a='&lol;'/>", RestrictedXml),
        (b"<m>&#0;</m>", NotWellFormed),
        (b"<m>&#xD800;</m>", NotWellFormed),
        (b"<m>& </m>", NotWellFormed),
        (b"<m a='&amp'/>", NotWellFormed),
        (b"<m>\xff</m>", UnsupportedEncoding),
        (b"<m>\xc0\xaf</m>", UnsupportedEncoding),
        (b"<m>\xe0\x80\xaf</m>", UnsupportedEncoding),
        (b"<m>\xed\xa0\x80</m>", UnsupportedEncoding),
        (b"<m a='\xc3'/>", UnsupportedEncoding),
        (b"<m>\0</m>", NotWellFormed),
        (b"<m a='\x1b'/>", NotWellFormed),
        (b"<m>\xef\xbf\xbe</m>", NotWellFormed),
        (b"<m>]]></m>", NotWellFormed),
        (b"<m a='<'/>", NotWellFormed),
        (b"<m a=1/>", NotWellFormed),
        (b"<m a/>", NotWellFormed),
        (b"<m a='1'b='2'/>", NotWellFormed),
        (b"<m a='1' a='2'/>", NotWellFormed),
        (b"<m xmlns='u' xmlns='u'/>", NotWellFormed),
        (b"<m xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>", NotWellFormed),
        (b"<m xmlns:p='u&amp;' xmlns:q='u&#38;' p:a='1' q:a='2'/>", NotWellFormed),
        (b"<p:m/>", BadNamespacePrefix),
        (b"<m p:a=''/>", BadNamespacePrefix),
        (b"<m><n xmlns:p='u'/><p:n/></m>", BadNamespacePrefix),
        (b"<m xmlns:p=''/>", NotWellFormed),
        (b"<m xmlns:xml='u'/>", NotWellFormed),
        (b"<m xmlns:xmlns='u'/>", NotWellFormed),
        (b"<m xmlns:p='http://www.w3.org/XML/1998/namespace'/>", NotWellFormed),
        (b"<m xmlns='http://www.w3.org/XML/1998/namespace'/>", NotWellFormed),
        (b"<m xmlns='http://www.w3.org/2000/xmlns/'/>", NotWellFormed),
        (b"<m xmlns:p='http://www.w3.org/2000/xmlns/'/>", NotWellFormed),
        (b"<xmlns:m/>", BadNamespacePrefix),
        (b"<a:b:c xmlns:a='u'/>", NotWellFormed),
        (b"<:m/>", NotWellFormed),
        (b"<m:/>", NotWellFormed),
        (b"<1m/>", NotWellFormed),
        (b"< m/>", NotWellFormed),
        (b"<m\xc3\x97/>", NotWellFormed),
        (b"<m/ >", NotWellFormed),
        (b"<m></n>", NotWellFormed),
        (b"<m><n></m></n>", NotWellFormed),
        (b"<m></mm>", NotWellFormed),
        (b"<m></ m>", NotWellFormed),
        (b"</m>", NotWellFormed),
        (b"</stream:streams>", NotWellFormed),
        (b"text", BadFormat),
        (b" x<m/>", BadFormat),
        (b"&#32;<m/>", BadFormat),
        (b"<![CDATA[ ]]>", BadFormat),
        (b"\xef\xbb\xbf<m/>", BadFormat),
    ];
    for (xml, error) in cases {
        let (pieces, found) = read(&[HEAD.as_bytes(), b"<ok/>", xml].concat());
        assert_eq!((pieces.len(), found), (2, Some(*error)), "{}", String::from_utf8_lossy(xml));
    }
}

#[test]
fn what_xml_allows_is_taken() {
    let cases = [
        "<m/>",
        "<m />",
        "<m\n\ta = 'b'\r\n/>",
        "<m></m >",
        "<m a='>'/>",
        "<m a=\"'\" b='\"'/>",
        "<m>></m>",
        "<m>]]</m>",
        "<m><![CDATA[<&]]]]><![CDATA[>]]></m>",
        "<m>&lt;&#x1F389;</m>",
        "<müsli-1.0_·/>",
        "<m>\u{fffd}\u{7f}\u{85}</m>",
        "<m xmlns=''/>",
        "<m xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'/>",
        "<m xmlns:p='u' xmlns:q='v' p:a='1' q:a='2' a='3'/>",
        "<m><p:n xmlns:p='u'><p:o/></p:n></m>",
        "<m><xml:n/></m>",
        "<m xmlns:p='u' p:xmlns='x'/>",
    ];
    for xml in cases {
        assert_eq!(stanza(xml).root().raw(), &stanza(xml).bytes()[..], "{xml}");
    }
}

#[test]
fn the_beginning_has_to_be_a_stream() {
    use XmlError::{BadFormat, InvalidNamespace, NotWellFormed, RestrictedXml, UnsupportedEncoding};
    let declared = |encoding: &str| format!("<?xml version='1.0' encoding='{encoding}'?>{}", &HEAD[21..]);
    for good in [declared("UTF-8"), declared("utf-8"), HEAD[21..].to_owned(), format!("\r\n {}", &HEAD[21..])]
    {
        assert!(matches!(read(good.as_bytes()), (pieces, None) if pieces.len() == 1), "{good}");
    }
    let latin = declared("ISO-8859-1");
    let bad: [(&[u8], XmlError); 12] = [
        (latin.as_bytes(), UnsupportedEncoding),
        (b"\xfe\xff\0<\0?", UnsupportedEncoding),
        (b"\xef\xbb\xbf<stream>", NotWellFormed),
        (b"GET / HTTP/1.1\r\n", NotWellFormed),
        (b" <?xml version='1.0'?>", RestrictedXml),
        (b"<?xml version='1.0'?><?xml version='1.0'?>", RestrictedXml),
        (b"<!DOCTYPE stream>", RestrictedXml),
        (b"<!-- x -->", RestrictedXml),
        (b"<stream>", InvalidNamespace),
        (b"<stream:stream xmlns:stream='http://etherx.jabber.org/stream'>", InvalidNamespace),
        (b"<s:flow xmlns:s='http://etherx.jabber.org/streams'>", BadFormat),
        (b"</stream:stream>", NotWellFormed),
    ];
    for (xml, error) in bad {
        let (pieces, found) = read(xml);
        assert_eq!((pieces.len(), found), (0, Some(error)), "{}", String::from_utf8_lossy(xml));
    }
}

#[test]
fn every_error_is_a_condition_of_rfc_6120() {
    let all = [
        (XmlError::NotWellFormed, "not-well-formed"),
        (XmlError::RestrictedXml, "restricted-xml"),
        (XmlError::UnsupportedEncoding, "unsupported-encoding"),
        (XmlError::BadNamespacePrefix, "bad-namespace-prefix"),
        (XmlError::InvalidNamespace, "invalid-namespace"),
        (XmlError::BadFormat, "bad-format"),
        (XmlError::TooLarge(Limit::Depth), "policy-violation"),
    ];
    for (error, condition) in all {
        assert_eq!(error.condition(), condition);
    }
}

#[test]
fn limits_hold_while_a_stanza_is_arriving() {
    let limits = Limits { bytes: 5000, depth: 8, elements: 20, attributes: 4 };
    let refusal = |xml: &[u8]| {
        let mut framer = Framer::new(Limits::default());
        framer.push(HEAD.as_bytes());
        assert_eq!(read_all(&mut framer).1, None);
        framer.set_limits(limits);
        for chunk in xml.chunks(100) {
            framer.push(chunk);
            if let (_, Some(error)) = read_all(&mut framer) {
                assert_eq!(framer.buffered(), 0);
                return error;
            }
            assert!(framer.buffered() <= limits.bytes);
        }
        panic!("{} was taken", text(&xml[..100]));
    };
    let too_large = XmlError::TooLarge;
    assert_eq!(refusal("<a>".repeat(4000).as_bytes()), too_large(Limit::Depth));
    assert_eq!(refusal("<a xmlns='x'>".repeat(1_000_000).as_bytes()), too_large(Limit::Depth));
    assert_eq!(refusal(format!("<m>{}", "<a/>".repeat(4000)).as_bytes()), too_large(Limit::Elements));
    assert_eq!(refusal(b"<m a='' b='' c='' d='' e=''/>"), too_large(Limit::Attributes));
    assert_eq!(
        refusal(b"<m xmlns:a='u' xmlns:b='u' xmlns:c='u'><n xmlns:d='u' xmlns:e='u'/></m>"),
        too_large(Limit::Attributes)
    );
    assert_eq!(refusal(format!("<m a='{}", "x".repeat(10_000)).as_bytes()), too_large(Limit::Bytes));
    assert_eq!(refusal(format!("<m>{}", "x".repeat(10_000)).as_bytes()), too_large(Limit::Bytes));
    assert_eq!(refusal(format!("<m>{}", "&amp;".repeat(2000)).as_bytes()), too_large(Limit::Bytes));
    assert_eq!(refusal(format!("<m><![CDATA[{}", "x".repeat(10_000)).as_bytes()), too_large(Limit::Bytes));
    assert_eq!(refusal(format!("<m{}", " ".repeat(10_000)).as_bytes()), too_large(Limit::Bytes));
    assert_eq!(refusal(format!("</stream:stream{}", " ".repeat(10_000)).as_bytes()), too_large(Limit::Bytes));
    assert_eq!(refusal(format!("<{}/>", "m".repeat(1025)).as_bytes()), too_large(Limit::Name));
    assert_eq!(refusal(format!("<m xmlns='{}'/>", "m".repeat(1025)).as_bytes()), too_large(Limit::Name));
    // Written anew, this would be many times as long as it is.
    let ns = "n".repeat(1000);
    assert_eq!(
        refusal(format!("<m xmlns='{ns}'>{}</m>", "<a/>".repeat(10)).as_bytes()),
        too_large(Limit::Bytes)
    );
}

#[test]
fn a_limit_is_what_fits_exactly() {
    let xml = "<m a='12345'><n>é</n></m>";
    let exact = Limits { bytes: xml.len(), depth: 2, elements: 2, attributes: 1 };
    let read_with = |limits: Limits| {
        let mut framer = Framer::new(Limits::default());
        framer.push(HEAD.as_bytes());
        assert_eq!(read_all(&mut framer).1, None);
        framer.set_limits(limits);
        framer.push(xml.as_bytes());
        read_all(&mut framer).1
    };
    assert_eq!(read_with(exact), None);
    let less = [
        (Limits { bytes: exact.bytes - 1, ..exact }, Limit::Bytes),
        (Limits { depth: 1, ..exact }, Limit::Depth),
        (Limits { elements: 1, ..exact }, Limit::Elements),
        (Limits { attributes: 0, ..exact }, Limit::Attributes),
    ];
    for (limits, limit) in less {
        assert_eq!(read_with(limits), Some(XmlError::TooLarge(limit)));
    }
}

#[test]
fn what_leans_on_the_stream_is_written_anew() {
    let head = "<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns:c='jabber:client' xmlns:x='urn:x' xmlns='urn:d'>";
    let cases = [
        (
            "<c:message to='a'><c:body>hi</c:body><x:y x:z='1'/></c:message>",
            "<message to='a'><body>hi</body><y xmlns='urn:x' xmlns:x='urn:x' x:z='1'/></message>",
        ),
        ("<m>t<n> <o/></n></m>", "<m xmlns='urn:d'>t<n xmlns='urn:d'> <o/></n></m>"),
        ("<m xmlns='jabber:client'><n/></m>", "<m xmlns='jabber:client'><n/></m>"),
        ("<m xmlns='jabber:client'><x:n/></m>", "<m><n xmlns='urn:x'/></m>"),
        ("<m xmlns='urn:m'><n/><n xmlns=''/></m>", "<m xmlns='urn:m'><n xmlns='urn:m'/><n xmlns=''/></m>"),
        ("<m xmlns='jabber:client' xmlns:p='u&amp;'><p:n/></m>", "<m><n xmlns='u&amp;'/></m>"),
        ("<auth xmlns='urn:a' m='P'>AA==</auth>", "<auth xmlns='urn:a' m='P'>AA==</auth>"),
        ("<s:error xmlns='urn:e'/>", "<error xmlns='http://etherx.jabber.org/streams'/>"),
    ];
    for (sent, kept) in cases {
        let (pieces, error) = read(format!("{head}{sent}").as_bytes());
        assert_eq!(error, None);
        let Piece::Stanza(stanza) = &pieces[1] else { panic!("{pieces:?}") };
        assert_eq!(text(stanza.bytes()), kept);
    }
}

#[test]
fn what_came_in_the_clear_is_forgotten_under_a_security_layer() {
    let mut framer = Framer::new(Limits::default());
    framer.push(
        format!("{HEAD}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><injected/><half").as_bytes(),
    );
    assert!(matches!(framer.next(), Ok(Some(Piece::Open(_)))));
    assert!(matches!(framer.next(), Ok(Some(Piece::Stanza(starttls))) if starttls.name() == "starttls"));
    framer.clear();
    assert_eq!(framer.buffered(), 0);
    assert!(matches!(framer.next(), Ok(None)));
    framer.push(HEAD.as_bytes());
    assert!(matches!(read_all(&mut framer), (pieces, None) if matches!(pieces[..], [Piece::Open(_)])));
}

#[test]
fn a_new_stream_after_a_restart_has_what_was_pushed_already() {
    let mut framer = Framer::new(Limits::default());
    framer.push(format!("{HEAD}<auth/>\n{}<iq/>", HEAD.replace("jabber:client", "urn:other")).as_bytes());
    assert!(matches!(framer.next(), Ok(Some(Piece::Open(_)))));
    assert!(matches!(framer.next(), Ok(Some(Piece::Stanza(_)))));
    framer.restart();
    let (pieces, error) = read_all(&mut framer);
    assert_eq!(error, None);
    assert!(
        matches!(&pieces[..], [Piece::Open(_), Piece::Stanza(iq)] if iq.is("iq", "urn:other")),
        "{pieces:?}"
    );
}

#[test]
fn nothing_is_read_after_the_end_or_a_fault() {
    let mut framer = Framer::new(Limits::default());
    framer.push(format!("{HEAD}</stream:stream >garbage <").as_bytes());
    assert!(matches!(&read_all(&mut framer).0[..], [Piece::Open(_), Piece::Close]));
    framer.push(b"<more/>\xff");
    assert!(matches!(read_all(&mut framer), (pieces, None) if pieces.is_empty()));
    assert_eq!(framer.buffered(), 0);

    let mut framer = Framer::new(Limits::default());
    framer.push(format!("{HEAD}<a></b>").as_bytes());
    assert_eq!(read_all(&mut framer).1, Some(XmlError::NotWellFormed));
    framer.push(b"<more/>");
    assert_eq!((framer.buffered(), read_all(&mut framer).1), (0, Some(XmlError::NotWellFormed)));

    let closed_at_once = HEAD.replace("streams'>", "streams'/>");
    assert!(matches!(&read(closed_at_once.as_bytes()).0[..], [Piece::Open(_), Piece::Close]));
}

#[test]
fn white_space_between_stanzas_is_a_sign_of_life() {
    let mut framer = Framer::new(Limits::BEFORE_AUTH);
    framer.push(HEAD.as_bytes());
    assert_eq!((read_all(&mut framer).1, framer.keepalives()), (None, 0));
    for _ in 0..10_000 {
        framer.push(b" ");
        assert!(matches!(framer.next(), Ok(None)));
    }
    framer.push(b"\r\n<m> \n </m>\t");
    assert!(matches!(framer.next(), Ok(Some(Piece::Stanza(_)))));
    assert!(matches!(framer.next(), Ok(None)));
    assert_eq!((framer.keepalives(), framer.buffered()), (10_003, 0));
}

#[test]
fn a_websocket_message_is_one_document() {
    let limits = Limits::default();
    let message = "<message xmlns='jabber:client' xml:lang='en'><body>hi</body></message>";
    for whole in [message.to_owned(), format!("<?xml version='1.0'?>\n{message} ")] {
        let element = parse(whole.as_bytes(), &limits).unwrap();
        assert_eq!((text(element.bytes()), &element.inner()[..]), (message, &b"<body>hi</body>"[..]));
    }
    assert_eq!(text(parse(b"<m><n/></m>", &limits).unwrap().bytes()), "<m xmlns=''><n xmlns=''/></m>");
    let bad = [
        ("", XmlError::NotWellFormed),
        (" ", XmlError::NotWellFormed),
        ("<m>", XmlError::NotWellFormed),
        ("<m", XmlError::NotWellFormed),
        ("<m/><m/>", XmlError::NotWellFormed),
        ("<m/>text", XmlError::NotWellFormed),
        ("<?xml version='1.0'", XmlError::NotWellFormed),
        ("<m/><!-- x -->", XmlError::RestrictedXml),
        ("<!DOCTYPE m [<!ENTITY a 'b'>]><m>&a;</m>", XmlError::RestrictedXml),
        ("<m></m>\0", XmlError::NotWellFormed),
        ("</m>", XmlError::NotWellFormed),
    ];
    for (xml, error) in bad {
        assert_eq!(parse(xml.as_bytes(), &limits).err(), Some(error), "{xml}");
    }
    assert_eq!(parse(b"<m/>\xc3", &limits).err(), Some(XmlError::UnsupportedEncoding));
    let small = Limits { bytes: 3, ..limits };
    assert_eq!(parse(b"<m/>", &small).err(), Some(XmlError::TooLarge(Limit::Bytes)));
}

#[test]
fn logs_show_no_secrets() {
    let auth = stanza("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>AGFubgBzZWNyZXQ=</auth>");
    let shown = format!("{auth:?} {:?}", auth.root());
    assert!(shown.contains("auth") && !shown.contains("AGFubg"), "{shown}");
}
