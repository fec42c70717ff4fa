//! `[tls]`: encryption, in front of everything.

use std::path::PathBuf;

use crate::land::words;
use crate::section::Default::Is;
use crate::section::section;
use crate::value::Kind;

section! {
    /// TLS ([running.md](running.md#tls)). It needs no address of its own: whoever begins with its handshake is served encrypted, on
    /// every address of `server.listen`; whoever does not, in the clear. SIGHUP reads this section and its files again.
    "tls" Tls {
        /// The files with the server's certificates in PEM: each the server's own first, then those between it and its authority
        /// (`fullchain.pem`). Who asks for a host is shown the certificate that names it, and everybody else the first.
        certificate_files: Vec<PathBuf> = Is("[]"), Kind::Texts("paths such as \"/etc/hubbub/fullchain.pem\"");
        /// The files with their private keys in PEM, not encrypted, in the same order.
        key_files: Vec<PathBuf> = Is("[]"), Kind::Texts("paths such as \"/etc/hubbub/privkey.pem\"");
        /// Whether the server signs a certificate for itself when `certificate_files` names none. Nobody trusts that unless told
        /// to. `auto`: while every address in `server.listen` is on this machine; `always`: beyond it too; `never`: without a
        /// certificate nothing is encrypted. It is kept in `server.data`, in `tls/`, if there is such a folder.
        self_signed: SelfSigned = Is(r#""auto""#), Kind::Choice(SelfSigned::WORDS);
        /// The oldest version spoken. What is older than 1.2 never is (RFC 8996).
        min_version: TlsVersion = Is(r#""1.2""#), Kind::Choice(TlsVersion::WORDS);
        /// Tickets that a client is given to resume its session with; 0: sessions are not resumed. Nothing is kept for them. Their
        /// keys change every six hours, and with each start.
        tickets: u32 = Is("2"), Kind::Count("tickets", 0, 8);
    }
}

words! {
    /// Whether the server signs a certificate for itself.
    SelfSigned {
        /// While it can be reached from this machine only.
        Auto = "auto",
        /// Wherever it can be reached from.
        Always = "always",
        /// Not at all.
        Never = "never",
    }
}

words! {
    /// A version of TLS.
    TlsVersion {
        /// RFC 5246.
        Tls12 = "1.2",
        /// RFC 8446.
        Tls13 = "1.3",
    }
}
