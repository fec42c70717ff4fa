//! The session descriptions of offers and answers: as long and as much in need of escapes as those of browsers, with a stamp in
//! the place of the session's number (RFC 8866 §5.2).

use std::fmt::Write as _;

use crate::tracker::names::Offer;

const HEAD: &str = "v=0\r\no=- ";
/// Of a data channel, its candidates found before it was sent (`trickle: false`).
const MIDDLE: &str = " 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n\
    a=msid-semantic: WMS\r\nm=application 50712 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 192.0.2.17\r\n\
    a=candidate:2442523459 1 udp 2122260223 198.51.100.23 50712 typ host generation 0 network-id 1\r\n\
    a=candidate:842163049 1 udp 1686052607 192.0.2.17 50712 typ srflx raddr 198.51.100.23 rport 50712 \
    generation 0 network-id 1\r\na=ice-ufrag:9Kq3\r\na=ice-pwd:mTqDlWc1nFy0SgxbLZb2PkEh\r\n\
    a=fingerprint:sha-256 5B:1E:94:0C:73:AF:2D:E8:61:9A:44:F7:3C:80:D5:12:6E:B9:07:58:CA:21:9D:F0:36:8B:E4:4F:\
    71:AD:02:C6\r\na=setup:";
const TAIL: &str = "\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n";

/// What a description is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Description {
    /// An offer.
    Offer(Offer),
    /// The answer to that offer by this peer.
    Answer(Offer, u32),
}

impl Description {
    /// What `type` says.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Offer(_) => "offer",
            Self::Answer(..) => "answer",
        }
    }

    /// Writes what `sdp` says: the session's number is the stamp, and who sets up DTLS goes with the kind (RFC 8842).
    pub(crate) fn write(self, sdp: &mut String) {
        let (Offer { sender, announce, place }, answerer, setup) = match self {
            Self::Offer(offer) => (offer, u32::MAX, "actpass"),
            Self::Answer(offer, answerer) => (offer, answerer, "active"),
        };
        sdp.push_str(HEAD);
        write!(sdp, "{sender:08x}{announce:016x}{place:02x}{answerer:08x}")
            .expect("a String takes everything");
        sdp.extend([MIDDLE, setup, TAIL]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let offer = Offer { sender: 1, announce: 2, place: 3 };
        let descriptions = [
            Description::Offer(offer),
            Description::Offer(Offer { place: 4, ..offer }),
            Description::Answer(offer, 5),
            Description::Answer(offer, 6),
        ];
        let written = descriptions.map(|description| {
            let mut sdp = String::new();
            description.write(&mut sdp);
            sdp
        });
        for (n, one) in written.iter().enumerate() {
            assert!(one.ends_with("262144\r\n"));
            assert!(!written[..n].contains(one), "{one}");
        }
    }
}
