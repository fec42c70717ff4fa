//! What a peer says: an announce or a scrape, read in one pass.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::id::{InfoHash, OfferId, PeerId, decode};

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

    fn text(&self, range: &Range<u32>) -> &str {
        self.body.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn keep(&mut self, json: &RawValue) -> Range<u32> {
        let start = offset(&self.body);
        self.body.push_str(json.get());
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
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    action: Option<&'a RawValue>,
    #[serde(borrow)]
    info_hash: Option<&'a RawValue>,
    #[serde(borrow)]
    peer_id: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    left: Option<&'a RawValue>,
    #[serde(borrow)]
    numwant: Option<&'a RawValue>,
    #[serde(borrow)]
    offers: Option<Few<WireOffer<'a>>>,
    #[serde(borrow)]
    answer: Option<&'a RawValue>,
    #[serde(borrow)]
    to_peer_id: Option<&'a RawValue>,
    #[serde(borrow)]
    offer_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireOffer<'a> {
    #[serde(borrow)]
    offer: Option<&'a RawValue>,
    #[serde(borrow)]
    offer_id: Option<&'a RawValue>,
}

/// Reads a message.
///
/// # Errors
/// What is wrong with it, in words for whoever wrote the client.
pub fn parse(text: &str, most: Most) -> Result<Message, Invalid> {
    // Serde would take a list for the members in their order.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(Invalid::new("a message is a JSON object"));
    }
    let wire: Wire<'_> = serde_json::from_str(text)
        .map_err(|error| Invalid::new(format!("the message cannot be read: {error}")))?;
    match wire.action.map(RawValue::get) {
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
    if let Some(answer) = wire.answer {
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
    numwant: Option<&RawValue>,
    most: Most,
) -> Result<(), &'static str> {
    if offers.more || offers.items.len() > most.offers {
        return Err("too many offers");
    }
    let numwant = numwant.and_then(|json| json.get().parse().ok()).unwrap_or(usize::MAX);
    announce.offers.reserve_exact(offers.items.len().min(numwant));
    for (index, wire) in offers.items.iter().enumerate() {
        let id = id(wire.offer_id).map(OfferId).ok_or("invalid offer_id in offers")?;
        let offer = wire.offer.ok_or("an offer is missing in offers")?;
        if index < numwant {
            let text = announce.keep(offer);
            announce.offers.push(Offer { id, text });
        }
    }
    Ok(())
}

fn event(json: Option<&RawValue>) -> Result<Event, &'static str> {
    match json.map_or("null", RawValue::get) {
        "null" | "\"\"" | "\"empty\"" | "\"update\"" | "\"paused\"" => Ok(Event::Update),
        "\"started\"" => Ok(Event::Started),
        "\"stopped\"" => Ok(Event::Stopped),
        "\"completed\"" => Ok(Event::Completed),
        _ => Err("invalid event"),
    }
}

fn left(json: Option<&RawValue>) -> Left {
    match json.and_then(|json| json.get().parse::<f64>().ok()) {
        Some(0.0) => Left::Nothing,
        Some(_) => Left::Some,
        None => Left::Unknown,
    }
}

fn scrape(json: Option<&RawValue>, most: Most) -> Result<Vec<InfoHash>, &'static str> {
    let json = json.map(RawValue::get).ok_or("name the info_hash: all swarms at once are not told")?;
    if !json.starts_with('[') {
        return decode(json).map(|hash| vec![InfoHash(hash)]).ok_or("invalid info_hash");
    }
    let hashes: Few<&RawValue> = serde_json::from_str(json).map_err(|_| "invalid info_hash")?;
    if hashes.more || hashes.items.len() > most.hashes {
        return Err("too many info_hashes");
    }
    if hashes.items.is_empty() {
        return Err("name the info_hash: all swarms at once are not told");
    }
    hashes.items.iter().map(|json| id(Some(json)).map(InfoHash).ok_or("invalid info_hash")).collect()
}

fn id(json: Option<&RawValue>) -> Option<[u8; 20]> {
    decode(json?.get())
}

/// A list, of which no more is kept than anybody may send.
struct Few<T> {
    items: Vec<T>,
    /// There were more.
    more: bool,
}

/// Most that is kept of any list.
const FEW: usize = 128;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FewVisitor(PhantomData))
    }
}

struct FewVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FewVisitor<T> {
    type Value = Few<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Few<T>, A::Error> {
        let mut items = Vec::new();
        while items.len() < FEW {
            match list.next_element()? {
                Some(item) => items.push(item),
                None => return Ok(Few { items, more: false }),
            }
        }
        let mut more = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        Ok(Few { items, more })
    }
}

#[cfg(test)]
mod tests;
