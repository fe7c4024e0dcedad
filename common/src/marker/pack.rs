//! Markers of several shards in one object, so that whoever merges them asks for it instead of each.
//!
//! A pack is a copy of what somebody was told or has read, and decides nothing: what it says of a
//! shard is used only where a listing of the markers themselves tells the same bytes. It may be
//! removed at any time.
//!
//! It is a line of JSON, with its form and the BLAKE3 hash of what follows, in hexadecimal; and then
//! for each marker a line with its shard and its length, and its bytes.

use std::str::FromStr;

use serde::Deserialize;

use crate::form::{self, FormError};
use crate::shard::ShardId;

/// The form of packs.
pub const FORM: u64 = 1;

/// The largest marker that is in one, in bytes; others are read by themselves.
pub const LARGEST: usize = 32 << 10;

#[derive(Deserialize)]
struct Head {
    checksum: String,
}

/// The bytes of a pack.
#[must_use]
pub fn write<'a>(markers: impl IntoIterator<Item = (ShardId, &'a [u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (shard, marker) in markers {
        body.extend_from_slice(format!("{shard} {}\n", marker.len()).as_bytes());
        body.extend_from_slice(marker);
    }
    let checksum = blake3::hash(&body).to_hex();
    let mut bytes = format!("{{\"form\":{FORM},\"checksum\":\"{checksum}\"}}\n").into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}

/// The markers of a pack, whatever they say, each with its shard.
///
/// # Errors
/// When it is of another form, or damaged.
pub fn read(bytes: &[u8]) -> Result<Vec<(ShardId, &[u8])>, FormError> {
    let damaged = |reason: &str| FormError::Damaged(reason.to_owned());
    let (head, mut body) = line(bytes).ok_or_else(|| damaged("it has no first line"))?;
    form::check(form::number(head)?, FORM, FORM)?;
    let head: Head =
        serde_json::from_slice(head).map_err(|error| damaged(error.to_string().as_str()))?;
    if blake3::hash(body).to_hex().as_str() != head.checksum {
        return Err(damaged("its checksum is another one"));
    }
    let mut markers = Vec::new();
    while !body.is_empty() {
        let found = line(body).and_then(|(of, rest)| {
            let (shard, length) = std::str::from_utf8(of).ok()?.split_once(' ')?;
            let length = usize::from_str(length).ok().filter(|it| *it <= LARGEST)?;
            let (marker, rest) = rest.split_at_checked(length)?;
            Some(((shard.parse().ok()?, marker), rest))
        });
        let (marker, rest) = found.ok_or_else(|| damaged("a marker in it has no end"))?;
        markers.push(marker);
        body = rest;
    }
    Ok(markers)
}

/// A line, without its end, and what follows.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((line, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, read, write};
    use crate::form::FormError;
    use crate::shard::ShardId;

    const IDS: [&str; 2] = [
        "0123456789abcdef0123456789abcdef",
        "1123456789abcdef0123456789abcdef",
    ];

    fn shard(number: usize) -> ShardId {
        IDS[number].parse().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        for markers in [
            vec![],
            vec![(shard(0), &b"a\nmarker\n"[..])],
            vec![
                (shard(1), &b""[..]),
                (shard(0), b"\xff\n0 1\n"),
                (shard(1), b"x"),
            ],
        ] {
            let bytes = write(markers.clone());
            assert_eq!(read(&bytes).unwrap(), markers);
        }
    }

    #[test]
    fn no_part_of_a_pack_is_taken_for_the_whole_nor_another_byte_for_its_own() {
        let bytes = write([(shard(0), &b"one"[..]), (shard(1), b"another")]);
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{end}");
        }
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(read(&other).is_err(), "{at}");
        }
        let newer = String::from_utf8(bytes).unwrap();
        let newer = newer.replace("\"form\":1", "\"form\":2");
        let error = read(newer.as_bytes()).unwrap_err();
        assert!(matches!(error, FormError::Newer { .. }), "{error:?}");
    }

    #[test]
    fn a_marker_that_belongs_into_no_pack_is_refused() {
        let large = vec![b'x'; LARGEST + 1];
        assert!(read(&write([(shard(0), large.as_slice())])).is_err());
        assert!(read(&write([(shard(0), &large[1..])])).is_ok());
    }
}
