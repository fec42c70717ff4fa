//! A client of XMPP for the tests, by the crate `tokio-xmpp`: does what it reads on its input and writes down what it hears.
//!
//! `hubbub-test-rust-xmpp-client ADDRESS JID PASSWORD`; whom its certificate must come from stands in `SSL_CERT_FILE`. Input, one JSON array a line:
//! `["online"]`, `["roster"]`, `["add", jid, name]`, `["subscribe" | "subscribed", jid]`, `["chat" | "groupchat", jid, text]`, `["join", occupant]`.
//! Output, one JSON array a line: `["bound", jid]`, `["resumed", jid]`, `["roster", [[jid, name, subscription]…]]`,
//! `["added", jid]`, `["presence", from, type]`, `["message", type, from, text, id]` (the last as its archive has it), `["subject", from, text]`.
//! It ends with its input.

use std::error::Error;

use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::jid::{BareJid, FullJid, Jid};
use tokio_xmpp::parsers::message::{Lang, Message};
use tokio_xmpp::parsers::muc::muc::{History, Muc};
use tokio_xmpp::parsers::presence::{Presence, Type};
use tokio_xmpp::parsers::roster::{Ask, Item, Roster, Subscription};
use tokio_xmpp::parsers::stanza_id::StanzaId;
use tokio_xmpp::xmlstream::Timeouts;
use tokio_xmpp::{Client, Event, IqRequest, IqResponse, Stanza, rustls};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let [address, jid, password] = arguments()?;
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "there is a provider already")?;
    let server = DnsConfig::addr(&address);
    let mut client = Client::new_starttls(Jid::new(&jid)?, password, server, Timeouts::tight());
    let mut lines = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => obey(&mut client, serde_json::from_str(&line)?).await?,
                None => break,
            },
            event = client.next() => told(event.ok_or("the stream is over")?)?,
        }
    }
    Ok(client.send_end().await?)
}

fn arguments() -> Outcome<[String; 3]> {
    let all: Vec<String> = std::env::args().skip(1).collect();
    all.try_into().map_err(|_| "usage: hubbub-test-rust-xmpp-client ADDRESS JID PASSWORD".into())
}

/// One line of input.
async fn obey(client: &mut Client, line: Vec<String>) -> Outcome<()> {
    let words: Vec<&str> = line.iter().map(String::as_str).collect();
    let stanza: Stanza = match *words {
        ["online"] => Presence::available().into(),
        ["roster"] => return roster(client).await,
        ["add", jid, name] => return add(client, jid, name).await,
        ["subscribe", jid] => Presence::subscribe().with_to(BareJid::new(jid)?).into(),
        ["subscribed", jid] => Presence::subscribed().with_to(BareJid::new(jid)?).into(),
        ["chat", jid, text] => Message::chat(Jid::new(jid)?).with_body(Lang::default(), text.into()).into(),
        ["groupchat", jid, text] => {
            Message::groupchat(Jid::new(jid)?).with_body(Lang::default(), text.into()).into()
        }
        ["join", occupant] => {
            let muc = Muc::new().with_history(History::new().with_maxstanzas(0));
            Presence::available().with_to(FullJid::new(occupant)?).with_payload(muc).into()
        }
        _ => return Err(format!("what is {line:?}?").into()),
    };
    client.send_stanza(stanza).await?;
    Ok(())
}

async fn roster(client: &mut Client) -> Outcome<()> {
    let query = Roster { ver: None, items: Vec::new() };
    ask(client, IqRequest::Get(query.into()), |answer| {
        let items = Roster::try_from(answer.ok_or("a roster has an element")?)?.items;
        let described = |item: Item| json!([item.jid.as_str(), item.name, word(&item.subscription)]);
        say(json!(["roster", items.into_iter().map(described).collect::<Vec<Value>>()]));
        Ok(())
    })
    .await
}

async fn add(client: &mut Client, jid: &str, name: &str) -> Outcome<()> {
    let item = Item {
        jid: BareJid::new(jid)?,
        name: Some(name.into()),
        subscription: Subscription::None,
        ask: Ask::None,
        groups: Vec::new(),
        approved: None,
    };
    let jid = jid.to_owned();
    let query = Roster { ver: None, items: vec![item] };
    ask(client, IqRequest::Set(query.into()), move |_| {
        say(json!(["added", jid]));
        Ok(())
    })
    .await
}

/// Asks one's own account; the answer is dealt with when it comes, while everything else goes on.
async fn ask<F>(client: &mut Client, question: IqRequest, answered: F) -> Outcome<()>
where
    F: FnOnce(Option<tokio_xmpp::minidom::Element>) -> Outcome<()> + Send + 'static,
{
    let answer = client.send_iq(None, question).await;
    tokio::spawn(answer.map(|answer| match answer {
        Ok(IqResponse::Result(payload)) => answered(payload).expect("an answer that can be understood"),
        other => panic!("the question was answered by {other:?}"),
    }));
    Ok(())
}

/// Writes down what happened.
fn told(event: Event) -> Outcome<()> {
    match event {
        Event::Online { bound_jid, resumed, .. } => {
            say(json!([if resumed { "resumed" } else { "bound" }, bound_jid.as_str()]));
        }
        Event::Disconnected(error) => return Err(error.into()),
        Event::Stanza(Stanza::Message(message)) => heard(message),
        Event::Stanza(Stanza::Presence(presence)) => {
            let kind = if presence.type_ == Type::None { "available".into() } else { word(&presence.type_) };
            say(json!(["presence", presence.from.as_ref().map(Jid::as_str), kind]));
        }
        Event::Stanza(Stanza::Iq(_)) => {}
    }
    Ok(())
}

/// Only what says something: a subject, or a text with the id that whoever keeps it has given it (XEP-0359).
fn heard(mut message: Message) {
    let kind = word(&message.type_);
    let id = message.extract_valid_payload::<StanzaId>().map(|id| id.id);
    let from = message.from.as_ref().map(Jid::as_str);
    if let Some((_, text)) = message.get_best_body(vec!["en"]) {
        say(json!(["message", kind, from, text, id]));
    } else if let Some((_, text)) = message.get_best_subject(vec!["en"]) {
        say(json!(["subject", from, text]));
    }
}

/// The name of a variant as XMPP writes it.
fn word(variant: &impl std::fmt::Debug) -> String {
    format!("{variant:?}").to_lowercase()
}

/// Writes one line.
fn say(line: Value) {
    println!("{line}");
}
