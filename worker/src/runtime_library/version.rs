//! The version of a library, as its file says it.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use super::Unfit;

/// A version of ONNX Runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    pub(super) major: u32,
    pub(super) minor: u32,
    patch: u32,
}

impl Version {
    pub(super) const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut numbers = text.split('.').map(|number| number.parse().map_err(|_| ()));
        let mut next = || numbers.next().unwrap_or(Err(()));
        let version = Self::new(next()?, next()?, next()?);
        match numbers.next() {
            None => Ok(version),
            Some(_) => Err(()),
        }
    }
}

/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;
/// More than any library has.
const MOST: u64 = 4 << 30;
/// What the linker calls all that a version of the library gives to others.
const MARK: &[u8] = b"VERS_";
/// The mark, and the longest version.
const LONGEST: usize = 32;
/// How shared libraries of Linux begin.
const ELF: &[u8] = b"\x7fELF";

/// Looks for the mark of a version in the file.
pub(super) fn read(path: &Path) -> Result<Version, Unfit> {
    let unreadable = |error: std::io::Error| Unfit::Unreadable(error.to_string());
    let file = File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(Unfit::NoLibrary);
    }
    let mut file = file.take(MOST);
    let mut held = Vec::with_capacity(PIECE + LONGEST);
    let mut is_first = true;
    loop {
        let read = (&mut file).take(PIECE as u64).read_to_end(&mut held);
        if read.map_err(unreadable)? == 0 {
            return match is_first {
                true => Err(Unfit::NoLibrary),
                false => Err(Unfit::NoRuntime),
            };
        }
        if std::mem::take(&mut is_first) && !held.starts_with(ELF) {
            return Err(Unfit::NoLibrary);
        }
        if let Some(version) = version_in(&held) {
            return Ok(version);
        }
        // What may have been cut in two.
        held.drain(..held.len().saturating_sub(LONGEST));
    }
}

fn version_in(bytes: &[u8]) -> Option<Version> {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| MARK.first() == Some(byte)) {
        rest = rest.get(at..)?;
        let Some(after) = rest.strip_prefix(MARK) else {
            rest = rest.get(1..)?;
            continue;
        };
        rest = after;
        let end = rest.iter().take(LONGEST).position(|byte| *byte == 0);
        let text = end.and_then(|end| std::str::from_utf8(rest.get(..end)?).ok());
        if let Some(version) = text.and_then(|text| text.parse().ok()) {
            return Some(version);
        }
    }
    None
}
