//! Stanzas: what is wrong with one, and the answers and errors that are made for them (RFC 6120 §8).

use crate::xml::{CLIENT, Element, Tag};

/// The namespace of error conditions in stanzas (RFC 6120 §8.3.2).
pub const NS_STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

/// What the sender of a refused stanza may do about it (RFC 6120 §8.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorType {
    /// Try again with credentials.
    Auth,
    /// Do not try again.
    Cancel,
    /// Go on; it was only a warning.
    Continue,
    /// Try again with other data.
    Modify,
    /// Try again later.
    Wait,
}

impl ErrorType {
    /// The value of the `type` attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Cancel => "cancel",
            Self::Continue => "continue",
            Self::Modify => "modify",
            Self::Wait => "wait",
        }
    }
}

/// Why a stanza is refused (RFC 6120 §8.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// It does not follow the schema, or cannot be processed (§8.3.3.1).
    BadRequest,
    /// Something of that name exists already (§8.3.3.2).
    Conflict,
    /// Known, but not done here (§8.3.3.3).
    FeatureNotImplemented,
    /// The sender lacks the right (§8.3.3.4).
    Forbidden,
    /// Nobody is at this address any more (§8.3.3.5).
    Gone,
    /// The server failed (§8.3.3.6).
    InternalServerError,
    /// There is no such thing (§8.3.3.7).
    ItemNotFound,
    /// An address is none (§8.3.3.8).
    JidMalformed,
    /// Well-formed and understood, but refused by the recipient's criteria (§8.3.3.9).
    NotAcceptable,
    /// Nobody may do that (§8.3.3.10).
    NotAllowed,
    /// The sender has to prove who he is first (§8.3.3.11).
    NotAuthorized,
    /// A local rule forbids it (§8.3.3.12).
    PolicyViolation,
    /// The recipient is not there for the moment (§8.3.3.13).
    RecipientUnavailable,
    /// Somebody else has to be asked (§8.3.3.14).
    Redirect,
    /// One has to register first (§8.3.3.15).
    RegistrationRequired,
    /// The other server does not exist (§8.3.3.16).
    RemoteServerNotFound,
    /// The other server did not answer in time (§8.3.3.17).
    RemoteServerTimeout,
    /// Too busy, or full (§8.3.3.18).
    ResourceConstraint,
    /// Not offered at this address (§8.3.3.19).
    ServiceUnavailable,
    /// One has to subscribe first (§8.3.3.20).
    SubscriptionRequired,
    /// None of the others; an element of the application says more (§8.3.3.21).
    UndefinedCondition,
    /// Understood, but not expected now (§8.3.3.22).
    UnexpectedRequest,
}

impl Condition {
    /// The name of its element.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::Conflict => "conflict",
            Self::FeatureNotImplemented => "feature-not-implemented",
            Self::Forbidden => "forbidden",
            Self::Gone => "gone",
            Self::InternalServerError => "internal-server-error",
            Self::ItemNotFound => "item-not-found",
            Self::JidMalformed => "jid-malformed",
            Self::NotAcceptable => "not-acceptable",
            Self::NotAllowed => "not-allowed",
            Self::NotAuthorized => "not-authorized",
            Self::PolicyViolation => "policy-violation",
            Self::RecipientUnavailable => "recipient-unavailable",
            Self::Redirect => "redirect",
            Self::RegistrationRequired => "registration-required",
            Self::RemoteServerNotFound => "remote-server-not-found",
            Self::RemoteServerTimeout => "remote-server-timeout",
            Self::ResourceConstraint => "resource-constraint",
            Self::ServiceUnavailable => "service-unavailable",
            Self::SubscriptionRequired => "subscription-required",
            Self::UndefinedCondition => "undefined-condition",
            Self::UnexpectedRequest => "unexpected-request",
        }
    }

    /// The type that the RFC names for it, the first where it names two.
    pub fn default_type(self) -> ErrorType {
        match self {
            Self::BadRequest
            | Self::JidMalformed
            | Self::NotAcceptable
            | Self::PolicyViolation
            | Self::Redirect => ErrorType::Modify,
            Self::Forbidden
            | Self::NotAuthorized
            | Self::RegistrationRequired
            | Self::SubscriptionRequired => ErrorType::Auth,
            Self::RecipientUnavailable
            | Self::RemoteServerTimeout
            | Self::ResourceConstraint
            | Self::UnexpectedRequest => ErrorType::Wait,
            Self::Conflict
            | Self::FeatureNotImplemented
            | Self::Gone
            | Self::InternalServerError
            | Self::ItemNotFound
            | Self::NotAllowed
            | Self::RemoteServerNotFound
            | Self::ServiceUnavailable
            | Self::UndefinedCondition => ErrorType::Cancel,
        }
    }

    /// The empty element that names it.
    pub fn tag(self) -> Tag {
        Tag::new(self.as_str(), NS_STANZAS)
    }
}

/// The error that answers `stanza`, from `from` (where that is not given: from the address the stanza was sent to).
///
/// There is none for a stanza that is itself an error or the result of an iq, or two entities could answer each other
/// for ever (RFC 6120 §8.3.1), and none for what is no stanza.
pub fn error_reply(
    stanza: &Element,
    from: Option<&str>,
    kind: ErrorType,
    condition: Condition,
    text: Option<&str>,
) -> Option<Tag> {
    let name = kind_of(stanza)?.as_str();
    if matches!(stanza.attr("type").as_deref(), Some("error" | "result")) {
        return None;
    }
    let mut error = Tag::new("error", CLIENT).attr("type", kind.as_str()).child(condition.tag());
    if let Some(text) = text {
        error = error.child(Tag::new("text", NS_STANZAS).attr("xml:lang", "en").text(text));
    }
    let sent_to = stanza.attr("to");
    let reply = Tag::new(name, CLIENT)
        .attr("type", "error")
        .attr_opt("id", stanza.attr("id"))
        .attr_opt("to", stanza.attr("from"))
        .attr_opt("from", from.or(sent_to.as_deref()))
        .child(error);
    Some(reply)
}

/// The result of an iq (RFC 6120 §8.2.3).
pub fn iq_result(id: &str, to: Option<&str>, from: Option<&str>, payload: Option<Tag>) -> Tag {
    Tag::new("iq", CLIENT)
        .attr("type", "result")
        .attr("id", id)
        .attr_opt("to", to)
        .attr_opt("from", from)
        .children(payload)
}

/// The three stanzas (RFC 6120 §8.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StanzaKind {
    /// `<message/>`, pushed.
    Message,
    /// `<presence/>`, published.
    Presence,
    /// `<iq/>`, asked and answered.
    Iq,
}

impl StanzaKind {
    /// The name of its element.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Presence => "presence",
            Self::Iq => "iq",
        }
    }
}

/// Which stanza this is, if it is one.
pub fn kind_of(element: &Element) -> Option<StanzaKind> {
    if element.ns() != CLIENT {
        return None;
    }
    match element.name() {
        "message" => Some(StanzaKind::Message),
        "presence" => Some(StanzaKind::Presence),
        "iq" => Some(StanzaKind::Iq),
        _ => None,
    }
}

/// What becomes of an iq by the rules of RFC 6120 §8.2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IqRule {
    /// It is one.
    Good,
    /// It asks for something in a way that is none: `<bad-request/>`.
    Refuse,
    /// It answers in a way that is none; there is nobody to tell.
    Drop,
}

/// Judges an iq: it needs an id and one of the four types; get and set have exactly one child, a result at most one.
pub fn judge_iq(iq: &Element) -> IqRule {
    let has_id = iq.attr("id").is_some_and(|id| !id.is_empty());
    let children = iq.children().take(2).count();
    match iq.attr("type").as_deref() {
        Some("get" | "set") if has_id && children == 1 => IqRule::Good,
        Some("result") if has_id && children <= 1 => IqRule::Good,
        Some("error") if has_id => IqRule::Good,
        Some("result" | "error") => IqRule::Drop,
        _ => IqRule::Refuse,
    }
}
