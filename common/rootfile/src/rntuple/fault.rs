//! Why a part of an RNTuple cannot be read: it is damaged, or of a kind that is not known.

use crate::cursor::Malformed;
use crate::error::{Error, Place};

/// Damage, or something that this reader does not decode.
#[derive(Debug)]
pub(super) enum Fault {
    Malformed(Malformed),
    Unsupported(String),
}

impl From<Malformed> for Fault {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

impl Fault {
    pub(super) fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }

    /// The error, with the place where it was found.
    pub(super) fn at(self, place: &Place) -> Error {
        match self {
            Self::Malformed(error) => place.corrupt(error),
            Self::Unsupported(reason) => place.unsupported(reason),
        }
    }
}
