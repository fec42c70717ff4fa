//! msgpack values one by one, without allocating anything.

use crate::socketio::Fault;
use rmp::Marker;
use rmp::decode::{RmpRead, read_marker};

/// What a value is; of an array or a map, how many values or pairs follow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Head<'a> {
    Nil,
    /// What notepack.io, which the official parser is made of, writes for `undefined`.
    Undefined,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Str(&'a str),
    Bin(&'a [u8]),
    /// Milliseconds since 1970, as notepack.io writes a `Date`.
    Date(i64),
    Array(usize),
    Map(usize),
}

/// Reads the next value off the front of `rest`.
///
/// A length is believed only as far as there are bytes for it.
pub(super) fn next<'a>(rest: &mut &'a [u8]) -> Result<Head<'a>, Fault> {
    let head = match read_marker(rest).map_err(|_| Fault::Msgpack)? {
        Marker::Null => Head::Nil,
        Marker::True => Head::Bool(true),
        Marker::False => Head::Bool(false),
        Marker::FixPos(number) => Head::Unsigned(number.into()),
        Marker::FixNeg(number) => Head::Signed(number.into()),
        marker @ (Marker::U8 | Marker::U16 | Marker::U32 | Marker::U64) => {
            Head::Unsigned(unsigned(marker, rest)?)
        }
        marker @ (Marker::I8 | Marker::I16 | Marker::I32 | Marker::I64) => {
            Head::Signed(signed(marker, rest)?)
        }
        Marker::F32 => Head::Float(number(rest.read_data_f32())?.into()),
        Marker::F64 => Head::Float(number(rest.read_data_f64())?),
        Marker::FixStr(len) => Head::Str(text(len.into(), rest)?),
        marker @ (Marker::Str8 | Marker::Str16 | Marker::Str32) => {
            Head::Str(text(length(marker, rest)?, rest)?)
        }
        marker @ (Marker::Bin8 | Marker::Bin16 | Marker::Bin32) => {
            Head::Bin(take(length(marker, rest)?, rest)?)
        }
        Marker::FixArray(len) => Head::Array(len.into()),
        marker @ (Marker::Array16 | Marker::Array32) => Head::Array(length(marker, rest)?),
        Marker::FixMap(len) => Head::Map(len.into()),
        marker @ (Marker::Map16 | Marker::Map32) => Head::Map(length(marker, rest)?),
        marker => extension(marker, rest)?,
    };
    match head {
        Head::Array(len) if len > rest.len() => Err(Fault::Msgpack),
        Head::Map(len) if len > rest.len() / 2 => Err(Fault::Msgpack),
        head => Ok(head),
    }
}

fn number<T, E>(read: Result<T, E>) -> Result<T, Fault> {
    read.map_err(|_| Fault::Msgpack)
}

fn unsigned(marker: Marker, rest: &mut &[u8]) -> Result<u64, Fault> {
    match marker {
        Marker::U8 => number(rest.read_data_u8()).map(u64::from),
        Marker::U16 => number(rest.read_data_u16()).map(u64::from),
        Marker::U32 => number(rest.read_data_u32()).map(u64::from),
        _ => number(rest.read_data_u64()),
    }
}

fn signed(marker: Marker, rest: &mut &[u8]) -> Result<i64, Fault> {
    match marker {
        Marker::I8 => number(rest.read_data_i8()).map(i64::from),
        Marker::I16 => number(rest.read_data_i16()).map(i64::from),
        Marker::I32 => number(rest.read_data_i32()).map(i64::from),
        _ => number(rest.read_data_i64()),
    }
}

/// The length that follows a marker, in one, two or four bytes.
fn length(marker: Marker, rest: &mut &[u8]) -> Result<usize, Fault> {
    let len = match marker {
        Marker::Str8 | Marker::Bin8 | Marker::Ext8 => number(rest.read_data_u8())?.into(),
        Marker::Str16 | Marker::Bin16 | Marker::Ext16 | Marker::Array16 | Marker::Map16 => {
            number(rest.read_data_u16())?.into()
        }
        _ => number(rest.read_data_u32())?,
    };
    usize::try_from(len).map_err(|_| Fault::Msgpack)
}

fn take<'a>(len: usize, rest: &mut &'a [u8]) -> Result<&'a [u8], Fault> {
    let (taken, left) = rest.split_at_checked(len).ok_or(Fault::Msgpack)?;
    *rest = left;
    Ok(taken)
}

fn text<'a>(len: usize, rest: &mut &'a [u8]) -> Result<&'a str, Fault> {
    simdutf8::basic::from_utf8(take(len, rest)?).map_err(|_| Fault::Msgpack)
}

/// Extensions of type 0 are notepack.io's `undefined`, `Date` and `ArrayBuffer`. Of others we know nothing.
fn extension<'a>(marker: Marker, rest: &mut &'a [u8]) -> Result<Head<'a>, Fault> {
    let (fixed, len) = match marker {
        Marker::FixExt1 => (true, 1),
        Marker::FixExt8 => (true, 8),
        Marker::Ext8 | Marker::Ext16 | Marker::Ext32 => (false, length(marker, rest)?),
        _ => return Err(Fault::Msgpack),
    };
    if number(rest.read_data_i8())? != 0 {
        return Err(Fault::Msgpack);
    }
    let data = take(len, rest)?;
    match (fixed, <[u8; 8]>::try_from(data)) {
        (false, _) => Ok(Head::Bin(data)),
        (true, Ok(ms)) => Ok(Head::Date(i64::from_be_bytes(ms))),
        (true, Err(_)) => Ok(Head::Undefined),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(mut bytes: &[u8]) -> Result<Head<'_>, Fault> {
        let head = next(&mut bytes);
        assert!(head.is_err() || bytes.is_empty());
        head
    }

    /// The msgpack specification's formats, each.
    #[test]
    fn formats() {
        assert_eq!(one(&[0xc0]), Ok(Head::Nil));
        assert_eq!(one(&[0xc2]), Ok(Head::Bool(false)));
        assert_eq!(one(&[0xc3]), Ok(Head::Bool(true)));
        assert_eq!(one(&[0x7f]), Ok(Head::Unsigned(127)));
        assert_eq!(one(&[0xe0]), Ok(Head::Signed(-32)));
        assert_eq!(one(&[0xcc, 0xff]), Ok(Head::Unsigned(255)));
        assert_eq!(one(&[0xcd, 1, 0]), Ok(Head::Unsigned(256)));
        assert_eq!(one(&[0xce, 0, 1, 0, 0]), Ok(Head::Unsigned(65_536)));
        assert_eq!(one(&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255]), Ok(Head::Unsigned(u64::MAX)));
        assert_eq!(one(&[0xd0, 0x80]), Ok(Head::Signed(-128)));
        assert_eq!(one(&[0xd1, 0x80, 0]), Ok(Head::Signed(-32_768)));
        assert_eq!(one(&[0xd2, 0x80, 0, 0, 0]), Ok(Head::Signed(-2_147_483_648)));
        assert_eq!(one(&[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]), Ok(Head::Signed(i64::MIN)));
        assert_eq!(one(&[0xca, 0x3f, 0x80, 0, 0]), Ok(Head::Float(1.0)));
        assert_eq!(one(&[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]), Ok(Head::Float(1.5)));
        assert_eq!(one(b"\xa2hi"), Ok(Head::Str("hi")));
        assert_eq!(one(b"\xd9\x02hi"), Ok(Head::Str("hi")));
        assert_eq!(one(b"\xda\x00\x02hi"), Ok(Head::Str("hi")));
        assert_eq!(one(b"\xdb\x00\x00\x00\x02hi"), Ok(Head::Str("hi")));
        assert_eq!(one(b"\xc4\x02hi"), Ok(Head::Bin(b"hi")));
        assert_eq!(one(b"\xc5\x00\x02hi"), Ok(Head::Bin(b"hi")));
        assert_eq!(one(b"\xc6\x00\x00\x00\x02hi"), Ok(Head::Bin(b"hi")));
        assert_eq!(one(b"\xdc\x00\x00"), Ok(Head::Array(0)));
        assert_eq!(one(b"\xdd\x00\x00\x00\x00"), Ok(Head::Array(0)));
        assert_eq!(one(b"\xde\x00\x00"), Ok(Head::Map(0)));
        assert_eq!(one(b"\xdf\x00\x00\x00\x00"), Ok(Head::Map(0)));
    }

    #[test]
    fn extensions() {
        assert_eq!(one(&[0xd4, 0, 0]), Ok(Head::Undefined));
        assert_eq!(one(&[0xd7, 0, 0, 0, 0, 0, 0, 0, 3, 0xe8]), Ok(Head::Date(1000)));
        assert_eq!(one(b"\xc7\x02\x00hi"), Ok(Head::Bin(b"hi")));
        assert_eq!(one(b"\xc8\x00\x02\x00hi"), Ok(Head::Bin(b"hi")));
        assert_eq!(one(b"\xc9\x00\x00\x00\x08\x0012345678"), Ok(Head::Bin(b"12345678")));
        for unknown in [
            &b"\xd4\x01\x00"[..],
            b"\xd5\x00ab",
            b"\xd6\x00abcd",
            b"\xd8\x000123456789abcdef",
            b"\xc7\x01\xffa",
            b"\xc1",
        ] {
            assert_eq!(one(unknown), Err(Fault::Msgpack), "{unknown:?}");
        }
    }

    #[test]
    fn lengths_without_bytes() {
        for cut in [
            &b""[..],
            b"\xa2h",
            b"\xdb\xff\xff\xff\xff",
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\x00\x00\x00\x01\x01",
            b"\xc6\x7f\xff\xff\xff",
            b"\x91",
            b"\x81\x01",
            b"\xc9\xff\xff\xff\xff\x00",
        ] {
            assert_eq!(one(cut), Err(Fault::Msgpack), "{cut:?}");
        }
        assert_eq!(one(b"\xa1\xff"), Err(Fault::Msgpack));
    }
}
