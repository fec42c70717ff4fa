//! Domainparts (RFC 7622 §3.2): host names, international ones in their own letters (U-labels), and IP addresses.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::prepare::{lower, settled};

/// Longest label of a host name, in its ASCII form (RFC 1035 §2.3.4).
const MAX_LABEL_BYTES: usize = 63;

/// What a host name may not have. The underscore is let through: names on private networks have it.
const DENIED: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// The one form of a domainpart: small letters, `xn--` labels in their own letters, no dot at the end (RFC 7622 §3.2.1).
/// `None` if it is neither a host name nor an address.
pub(super) fn prepare(text: &str) -> Option<Cow<'_, str>> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if let Some(literal) = text.strip_prefix('[') {
        // Two colons may be in more than one place: the one form of an address is that of RFC 5952.
        let address: Ipv6Addr = literal.strip_suffix(']')?.parse().ok()?;
        return Some(Cow::Owned(format!("[{address}]")));
    }
    if text.is_ascii() && !text.split('.').any(is_encoded) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        return (text.bytes().all(plain) && has_good_labels(text)).then(|| lower(text));
    }
    settled(text, international)
}

/// Whether it is an A-label (RFC 5890 §2.3.2.1).
fn is_encoded(label: &str) -> bool {
    label.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("xn--"))
}

/// Labels of IDNA 2008 as UTS 46 maps them; every label must have an ASCII form too.
fn international(text: &str) -> Option<String> {
    let uts46 = Uts46::new();
    let (unicode, fine) = uts46.to_unicode(text.as_bytes(), DENIED, Hyphens::CheckFirstLast);
    fine.ok()?;
    // The dots of other scripts are dots by now.
    let unicode = unicode.strip_suffix('.').unwrap_or(&unicode);
    let ascii =
        uts46.to_ascii(unicode.as_bytes(), DENIED, Hyphens::CheckFirstLast, DnsLength::Ignore).ok()?;
    has_good_labels(&ascii).then(|| unicode.to_owned())
}

fn has_good_labels(host: &str) -> bool {
    host.split('.').all(|label| {
        (1..=MAX_LABEL_BYTES).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    })
}
