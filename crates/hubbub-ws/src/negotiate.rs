//! Agreeing on permessage-deflate (RFC 7692 §5, §7.1).

use crate::Deflate;
use crate::header_list::{Extension, extensions};
use std::fmt::Write;

const NAME: &str = "permessage-deflate";
const SERVER_NO_CONTEXT: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// What we want of permessage-deflate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeflatePolicy {
    /// Let both ends compress better by referring back to earlier messages. Each connection then keeps 48 KB
    /// for what it inflates and up to 380 KB for what it deflates.
    pub context_takeover: bool,
    /// The largest window we compress with, as a power of two: 9 to 15, and other values stand for the
    /// nearest.
    pub window_bits: u8,
}

impl Default for DeflatePolicy {
    /// No context takeover, the largest window.
    fn default() -> Self {
        Self { context_takeover: false, window_bits: 15 }
    }
}

impl DeflatePolicy {
    fn bits(&self) -> u8 {
        self.window_bits.clamp(9, 15)
    }
}

/// The server's choice among a client's offers, given the values of its `Sec-WebSocket-Extensions` headers:
/// the first offer of permessage-deflate that we can meet, and the header value that accepts it. Offers with
/// unknown, repeated or invalid parameters are declined (RFC 7692 §7), and so is a server window of 8 bits,
/// with which zlib cannot compress.
pub fn negotiate<'a>(
    header_values: impl Iterator<Item = &'a str>,
    policy: &DeflatePolicy,
) -> Option<(Deflate, String)> {
    header_values
        .flat_map(extensions)
        .flatten()
        .filter(|extension| extension.name == NAME)
        .filter_map(|extension| Params::read(&extension))
        .find_map(|offer| accept(&offer, policy))
}

/// Whether the values of `Sec-WebSocket-Extensions` headers follow the grammar. If not, the handshake has to fail (RFC 6455
/// §9.1). An empty header is let pass: it asks for nothing.
pub fn extensions_are_well_formed<'a>(header_values: impl Iterator<Item = &'a str>) -> bool {
    header_values.flat_map(extensions).all(|element| element.is_some())
}

fn accept(offer: &Params, policy: &DeflatePolicy) -> Option<(Deflate, String)> {
    let server_bits = match offer.server_bits {
        Some(Some(bits)) if bits >= 9 => Some(bits.min(policy.bits())),
        Some(_) => return None,
        None => (policy.bits() < 15).then_some(policy.bits()),
    };
    // Without a word from us the client keeps to the window it announced (RFC 7692 §7.1.2.2).
    let client_bits = offer.client_bits.map(|bits| bits.unwrap_or(15));
    let answer = Params {
        server_no_context: offer.server_no_context || !policy.context_takeover,
        client_no_context: offer.client_no_context || !policy.context_takeover,
        server_bits: server_bits.map(Some),
        client_bits: client_bits.filter(|&bits| bits > policy.bits()).map(|_| Some(policy.bits())),
    };
    let deflate = Deflate {
        server_max_window_bits: server_bits.unwrap_or(15),
        client_max_window_bits: client_bits.unwrap_or(15).min(if client_bits.is_some() {
            policy.bits()
        } else {
            15
        }),
        server_no_context_takeover: answer.server_no_context,
        client_no_context_takeover: answer.client_no_context,
    };
    Some((deflate, answer.to_header()))
}

/// A client's offer, a value for `Sec-WebSocket-Extensions`.
pub fn offer(policy: &DeflatePolicy) -> String {
    let bits = (policy.bits() < 15).then_some(Some(policy.bits()));
    let no_context = !policy.context_takeover;
    Params {
        server_no_context: no_context,
        client_no_context: no_context,
        server_bits: None,
        client_bits: bits,
    }
    .to_header()
}

/// What a server's answer to our [`offer`] means, given the value of its `Sec-WebSocket-Extensions` header:
/// `None` if it is not an answer to that offer, and the connection has to be failed (RFC 7692 §7.1, RFC 6455
/// §4.1).
pub fn accept_offer(response: &str, policy: &DeflatePolicy) -> Option<Deflate> {
    let mut answers = extensions(response);
    let answer = answers.next()??;
    if answer.name != NAME || answers.next().is_some() {
        return None;
    }
    let params = Params::read(&answer)?;
    // The server may only say how large our window is if we offered to let it.
    let offered_bits = policy.bits() < 15;
    let client_bits = match params.client_bits {
        None => policy.bits(),
        Some(Some(bits)) if offered_bits && bits >= 9 => bits.min(policy.bits()),
        Some(_) => return None,
    };
    if !policy.context_takeover && !params.server_no_context {
        return None;
    }
    Some(Deflate {
        server_max_window_bits: params.server_bits.unwrap_or(Some(15))?,
        client_max_window_bits: client_bits,
        server_no_context_takeover: params.server_no_context,
        client_no_context_takeover: params.client_no_context || !policy.context_takeover,
    })
}

/// The parameters of permessage-deflate in an offer or an answer (RFC 7692 §7.1).
#[derive(Debug, Default)]
struct Params {
    server_no_context: bool,
    client_no_context: bool,
    /// Given, and with which value.
    server_bits: Option<Option<u8>>,
    /// Given, and with which value.
    client_bits: Option<Option<u8>>,
}

impl Params {
    /// `None` if a parameter is unknown, repeated or has a value it must not have.
    fn read(extension: &Extension<'_>) -> Option<Self> {
        let mut params = Self::default();
        for (name, value) in &extension.params {
            let value = value.as_deref();
            let repeated = match *name {
                SERVER_NO_CONTEXT => std::mem::replace(&mut params.server_no_context, flag(value)?),
                CLIENT_NO_CONTEXT => std::mem::replace(&mut params.client_no_context, flag(value)?),
                SERVER_BITS => params.server_bits.replace(Some(window_bits(value?)?)).is_some(),
                CLIENT_BITS => params.client_bits.replace(optional_bits(value)?).is_some(),
                _ => return None,
            };
            if repeated {
                return None;
            }
        }
        Some(params)
    }

    fn to_header(&self) -> String {
        let mut header = String::from(NAME);
        for (given, name) in
            [(self.server_no_context, SERVER_NO_CONTEXT), (self.client_no_context, CLIENT_NO_CONTEXT)]
        {
            if given {
                header.push_str("; ");
                header.push_str(name);
            }
        }
        for (given, name) in [(self.server_bits, SERVER_BITS), (self.client_bits, CLIENT_BITS)] {
            if let Some(Some(bits)) = given {
                write!(header, "; {name}={bits}").expect("strings take everything");
            }
        }
        header
    }
}

/// A parameter that must not have a value.
fn flag(value: Option<&str>) -> Option<bool> {
    value.is_none().then_some(true)
}

/// 8 to 15 in decimal, without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    match value {
        "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15" => value.parse().ok(),
        _ => None,
    }
}

fn optional_bits(value: Option<&str>) -> Option<Option<u8>> {
    match value {
        None => Some(None),
        Some(value) => window_bits(value).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: DeflatePolicy = DeflatePolicy { context_takeover: false, window_bits: 15 };
    const SHARING: DeflatePolicy = DeflatePolicy { context_takeover: true, window_bits: 15 };

    fn answer(offer: &str, policy: &DeflatePolicy) -> Option<String> {
        negotiate([offer].into_iter(), policy).map(|(_, header)| header)
    }

    /// RFC 7692 §7.1.3, under a policy that allows all.
    #[test]
    fn examples_of_the_rfc() {
        assert_eq!(answer("permessage-deflate", &SHARING).unwrap(), "permessage-deflate");
        assert_eq!(
            answer("permessage-deflate; client_max_window_bits; server_max_window_bits=10", &SHARING)
                .unwrap(),
            "permessage-deflate; server_max_window_bits=10"
        );
        assert_eq!(
            answer(
                "permessage-deflate; client_max_window_bits; server_max_window_bits=8, \
                 permessage-deflate; client_max_window_bits",
                &SHARING
            )
            .unwrap(),
            "permessage-deflate"
        );
    }

    #[test]
    fn by_default_every_message_stands_alone() {
        let (deflate, header) =
            negotiate(["permessage-deflate; client_max_window_bits"].into_iter(), &ALONE).unwrap();
        assert_eq!(header, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
        assert!(deflate.server_no_context_takeover && deflate.client_no_context_takeover);
        assert_eq!((deflate.server_max_window_bits, deflate.client_max_window_bits), (15, 15));
    }

    #[test]
    fn what_the_client_asks_for_is_granted() {
        let offer = "permessage-deflate; server_no_context_takeover; \
                     server_max_window_bits=\"9\"; client_max_window_bits=8";
        let (deflate, header) = negotiate([offer].into_iter(), &SHARING).unwrap();
        assert_eq!(header, "permessage-deflate; server_no_context_takeover; server_max_window_bits=9");
        assert!(deflate.server_no_context_takeover && !deflate.client_no_context_takeover);
        assert_eq!((deflate.server_max_window_bits, deflate.client_max_window_bits), (9, 8));
    }

    #[test]
    fn a_smaller_window_of_ours_is_said() {
        let policy = DeflatePolicy { context_takeover: true, window_bits: 11 };
        assert_eq!(
            answer("permessage-deflate", &policy).unwrap(),
            "permessage-deflate; server_max_window_bits=11"
        );
        assert_eq!(
            answer("permessage-deflate; server_max_window_bits=9; client_max_window_bits", &policy).unwrap(),
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=11"
        );
        assert_eq!(
            answer("permessage-deflate; client_max_window_bits=10", &policy).unwrap(),
            "permessage-deflate; server_max_window_bits=11"
        );
    }

    #[test]
    fn bad_offers_are_declined_and_the_next_is_tried() {
        for bad in [
            "permessage-deflate; unknown",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=9",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; client_max_window_bits=0",
            "permessage-deflate; =",
            "permessage-bzip2",
            "",
        ] {
            assert_eq!(answer(bad, &SHARING), None, "{bad}");
            let both = format!("{bad}, permessage-deflate");
            assert_eq!(answer(&both, &SHARING).unwrap(), "permessage-deflate", "{bad}");
            let (_, header) = negotiate([bad, "permessage-deflate"].into_iter(), &SHARING).unwrap();
            assert_eq!(header, "permessage-deflate", "{bad}, in two headers");
        }
    }

    #[test]
    fn client_and_server_agree() {
        for context_takeover in [false, true] {
            for window_bits in 9..=15 {
                let policy = DeflatePolicy { context_takeover, window_bits };
                for server in [ALONE, SHARING, policy] {
                    let (deflate, header) =
                        negotiate([offer(&policy).as_str()].into_iter(), &server).unwrap();
                    assert_eq!(
                        accept_offer(&header, &policy),
                        Some(deflate),
                        "{policy:?} {server:?} {header}"
                    );
                }
            }
        }
    }

    #[test]
    fn answers_to_another_offer_are_refused() {
        for bad in [
            "",
            "permessage-bzip2",
            "permessage-deflate; unknown",
            "permessage-deflate, permessage-deflate",
            "permessage-deflate; client_max_window_bits=12",
            "permessage-deflate; server_max_window_bits",
        ] {
            assert_eq!(accept_offer(bad, &SHARING), None, "{bad}");
        }
        assert_eq!(accept_offer("permessage-deflate", &ALONE), None, "we asked for no context takeover");
        assert!(accept_offer("permessage-deflate; server_max_window_bits=8", &SHARING).is_some());
    }
}
