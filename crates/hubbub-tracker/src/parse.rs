//! What a peer says: an announce or a scrape, read in one pass.

use std::borrow::Cow;
use std::ops::Range;

use crate::id::{InfoHash, OfferId, PeerId, decode};
use crate::json::{Fault, Reader};

/// A message that can be acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A peer takes part in a swarm, or answers an offer there.
    Announce(Box<Announce>),
    /// How are these swarms? At least one.
    Scrape(Vec<InfoHash>),
}

/// A peer takes part in a swarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announce {
    /// Which swarm.
    pub info_hash: InfoHash,
    /// As whom.
    pub peer_id: PeerId,
    /// What has happened.
    pub event: Event,
    /// Whether it has the whole torrent.
    pub left: Left,
    /// For others of the swarm, one each, and no more than it wants.
    pub offers: Vec<Offer>,
    /// What it answers to another's offer.
    pub answer: Option<Answer>,
    /// The JSON of the offers and of the answer, one after the other.
    body: String,
}

/// What a peer says has happened. `paused` and no event are [`Event::Update`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is there.
    Started,
    /// It goes.
    Stopped,
    /// It has the whole torrent now.
    Completed,
    /// It still is there.
    Update,
}

/// How much a peer says it has still to download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing: it has all.
    Nothing,
    /// Something.
    Some,
    /// It does not say, or does not know yet: it has begun with a magnet link.
    Unknown,
}

/// An offer for another peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// By which its answer will name it.
    pub id: OfferId,
    text: Range<u32>,
}

/// An answer to another peer's offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whose offer.
    pub to: PeerId,
    /// Which of them.
    pub offer_id: OfferId,
    text: Range<u32>,
}

impl Announce {
    /// The JSON of an offer of this announce, as its peer wrote it.
    #[must_use]
    pub fn offer(&self, offer: &Offer) -> &str {
        self.text(&offer.text)
    }

    /// The JSON of an answer of this announce, as its peer wrote it.
    #[must_use]
    pub fn answer(&self, answer: &Answer) -> &str {
        self.text(&answer.text)
    }

    /// Bytes of its offers and of its answer, whether or not those offers are still in it.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.body.len()
    }

    /// Has its offers and its answer say what `pass` makes of them, or not be there where it makes nothing of them.
    ///
    /// # Errors
    /// What `pass` says; the announce is of no use then.
    pub fn rewrite<E>(&mut self, pass: impl Fn(&str) -> Result<Option<Cow<'_, str>>, E>) -> Result<(), E> {
        let said = std::mem::take(&mut self.body);
        let mut body = String::with_capacity(said.len());
        let mut keep = |text: &mut Range<u32>| {
            let json = said.get(text.start as usize..text.end as usize).unwrap_or_default();
            let Some(left) = pass(json)? else { return Ok(false) };
            let start = offset(&body);
            body.push_str(&left);
            *text = start..offset(&body);
            Ok(true)
        };
        let mut offers = std::mem::take(&mut self.offers);
        for mut offer in offers.drain(..) {
            if keep(&mut offer.text)? {
                self.offers.push(offer);
            }
        }
        if let Some(mut answer) = self.answer.take() {
            self.answer = keep(&mut answer.text)?.then_some(answer);
        }
        self.body = body;
        Ok(())
    }

    fn text(&self, range: &Range<u32>) -> &str {
        self.body.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn keep(&mut self, json: &str) -> Range<u32> {
        let start = offset(&self.body);
        self.body.push_str(json);
        start..offset(&self.body)
    }
}

fn offset(body: &str) -> u32 {
    u32::try_from(body.len()).expect("a message is shorter than 4 GiB")
}

/// How much one message may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// Offers of an announce, at most 128.
    pub offers: usize,
    /// Hashes of a scrape, at most 128.
    pub hashes: usize,
}

/// What a peer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `announce`
    Announce,
    /// `scrape`
    Scrape,
}

impl Action {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Announce => "announce",
            Self::Scrape => "scrape",
        }
    }
}

/// Why a message cannot be acted upon, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// What the peer is told.
    pub reason: Cow<'static, str>,
    /// What it wanted.
    pub action: Option<Action>,
    /// Of which swarm.
    pub info_hash: Option<InfoHash>,
}

impl Invalid {
    fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), action: None, info_hash: None }
    }
}

/// The members that mean something here. What they hold is looked at later, so that it can be said which of them is wrong.
#[derive(Default)]
struct Wire<'a> {
    action: Option<&'a str>,
    info_hash: Option<&'a str>,
    peer_id: Option<&'a str>,
    event: Option<&'a str>,
    left: Option<&'a str>,
    numwant: Option<&'a str>,
    offers: Option<Few<WireOffer<'a>>>,
    answer: Option<&'a str>,
    to_peer_id: Option<&'a str>,
    offer_id: Option<&'a str>,
}

#[derive(Default)]
struct WireOffer<'a> {
    offer: Option<&'a str>,
    offer_id: Option<&'a str>,
}

impl<'a> Wire<'a> {
    fn read(text: &'a str) -> Result<Self, Fault> {
        let mut wire = Self::default();
        let mut reader = Reader::new(text);
        reader.object(|reader, name| match name {
            "action" => once(&mut wire.action, reader),
            "info_hash" => once(&mut wire.info_hash, reader),
            "peer_id" => once(&mut wire.peer_id, reader),
            "event" => once(&mut wire.event, reader),
            "left" => once(&mut wire.left, reader),
            "numwant" => once(&mut wire.numwant, reader),
            "offers" => once_by(&mut wire.offers, reader, |reader| Few::read(reader, WireOffer::read)),
            "answer" => once(&mut wire.answer, reader),
            "to_peer_id" => once(&mut wire.to_peer_id, reader),
            "offer_id" => once(&mut wire.offer_id, reader),
            _ => reader.value().map(drop),
        })?;
        reader.end()?;
        Ok(wire)
    }
}

impl<'a> WireOffer<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Fault> {
        let mut wire = Self::default();
        reader.object(|reader, name| match name {
            "offer" => once(&mut wire.offer, reader),
            "offer_id" => once(&mut wire.offer_id, reader),
            _ => reader.value().map(drop),
        })?;
        Ok(wire)
    }
}

fn once<'a>(member: &mut Option<&'a str>, reader: &mut Reader<'a>) -> Result<(), Fault> {
    once_by(member, reader, Reader::value)
}

/// Reads a member that may be there once.
fn once_by<'a, T>(
    member: &mut Option<T>,
    reader: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Fault>,
) -> Result<(), Fault> {
    if member.is_some() {
        return Err(reader.fault("a member twice"));
    }
    *member = Some(read(reader)?);
    Ok(())
}

/// Reads a message.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote the client.
pub fn parse(text: &str, most: Most) -> Result<Message, Invalid> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(Invalid::new("a message is a JSON object"));
    }
    let wire =
        Wire::read(text).map_err(|fault| Invalid::new(format!("the message cannot be read: {fault}")))?;
    match wire.action {
        Some("\"announce\"") => announce(&wire, most).map(Message::Announce).map_err(|reason| Invalid {
            action: Some(Action::Announce),
            info_hash: id(wire.info_hash).map(InfoHash),
            ..Invalid::new(reason)
        }),
        Some("\"scrape\"") => scrape(wire.info_hash, most)
            .map(Message::Scrape)
            .map_err(|reason| Invalid { action: Some(Action::Scrape), ..Invalid::new(reason) }),
        _ => Err(Invalid::new("invalid action: it is \"announce\" or \"scrape\"")),
    }
}

fn announce(wire: &Wire<'_>, most: Most) -> Result<Box<Announce>, &'static str> {
    let info_hash = id(wire.info_hash).map(InfoHash).ok_or("invalid info_hash")?;
    let peer_id = id(wire.peer_id).map(PeerId).ok_or("invalid peer_id")?;
    let (event, left) = (event(wire.event)?, left(wire.left));
    let mut announce = Box::new(Announce {
        info_hash,
        peer_id,
        event,
        left,
        offers: Vec::new(),
        answer: None,
        body: String::new(),
    });
    if let Some(offers) = &wire.offers {
        keep_offers(&mut announce, offers, wire.numwant, most)?;
    }
    if let Some(answer) = given(wire.answer) {
        let to = id(wire.to_peer_id).ok_or("invalid to_peer_id (required with answer)")?;
        let offer_id = id(wire.offer_id).ok_or("invalid offer_id (required with answer)")?;
        let text = announce.keep(answer);
        announce.answer = Some(Answer { to: PeerId(to), offer_id: OfferId(offer_id), text });
    }
    Ok(announce)
}

fn keep_offers(
    announce: &mut Announce,
    offers: &Few<WireOffer<'_>>,
    numwant: Option<&str>,
    most: Most,
) -> Result<(), &'static str> {
    let offers = offers.up_to(most.offers).ok_or("too many offers")?;
    let numwant = numwant.and_then(|json| json.parse().ok()).unwrap_or(usize::MAX);
    let wanted = offers.len().min(numwant);
    announce.offers.reserve_exact(wanted);
    announce.body.reserve_exact(offers[..wanted].iter().map(|wire| wire.offer.map_or(0, str::len)).sum());
    for (index, wire) in offers.iter().enumerate() {
        let id = id(wire.offer_id).map(OfferId).ok_or("invalid offer_id in offers")?;
        let offer = given(wire.offer).ok_or("an offer is missing in offers")?;
        if index < numwant {
            let text = announce.keep(offer);
            announce.offers.push(Offer { id, text });
        }
    }
    Ok(())
}

fn event(json: Option<&str>) -> Result<Event, &'static str> {
    match json.unwrap_or("null") {
        "null" | "\"\"" | "\"empty\"" | "\"update\"" | "\"paused\"" => Ok(Event::Update),
        "\"started\"" => Ok(Event::Started),
        "\"stopped\"" => Ok(Event::Stopped),
        "\"completed\"" => Ok(Event::Completed),
        _ => Err("invalid event"),
    }
}

fn left(json: Option<&str>) -> Left {
    match json.and_then(|json| json.parse::<f64>().ok()) {
        Some(0.0) => Left::Nothing,
        Some(_) => Left::Some,
        None => Left::Unknown,
    }
}

fn scrape(json: Option<&str>, most: Most) -> Result<Vec<InfoHash>, &'static str> {
    let json = given(json).ok_or("name the info_hash: all swarms at once are not told")?;
    if !json.starts_with('[') {
        return decode(json).map(|hash| vec![InfoHash(hash)]).ok_or("invalid info_hash");
    }
    let hashes = Few::read(&mut Reader::new(json), Reader::value).map_err(|_| "invalid info_hash")?;
    let hashes = hashes.up_to(most.hashes).ok_or("too many info_hashes")?;
    if hashes.is_empty() {
        return Err("name the info_hash: all swarms at once are not told");
    }
    hashes.iter().map(|json| decode(json).map(InfoHash).ok_or("invalid info_hash")).collect()
}

fn id(json: Option<&str>) -> Option<[u8; 20]> {
    decode(json?)
}

/// A member that is null is as good as absent.
fn given(json: Option<&str>) -> Option<&str> {
    json.filter(|json| *json != "null")
}

/// A list, of which no more is kept than anybody may send.
struct Few<T> {
    items: Vec<T>,
    /// There were more.
    more: bool,
}

/// Most that is kept of any list.
const FEW: usize = 128;

impl<T> Few<T> {
    /// Reads a list, each of its values by `item`; null is an empty one.
    fn read<'a>(
        reader: &mut Reader<'a>,
        mut item: impl FnMut(&mut Reader<'a>) -> Result<T, Fault>,
    ) -> Result<Self, Fault> {
        let mut few = Self { items: Vec::new(), more: false };
        if reader.peek() == Some(b'n') {
            return reader.value().map(|_| few);
        }
        reader.list(|reader| {
            few.more = few.items.len() == FEW;
            match few.more {
                true => reader.value().map(drop),
                false => item(reader).map(|item| few.items.push(item)),
            }
        })?;
        Ok(few)
    }

    /// All of it, if it is no more than so many.
    fn up_to(&self, most: usize) -> Option<&[T]> {
        (!self.more && self.items.len() <= most).then_some(&self.items)
    }
}

#[cfg(test)]
mod tests;
