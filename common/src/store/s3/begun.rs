//! Ranges of an object that are on their way before anybody waits for them.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::waiting::Beginning;

/// Ranges that were begun together.
#[derive(Debug)]
pub struct S3Begun(pub(super) Vec<Coming>);

/// One of them.
pub(super) struct Coming {
    first: u64,
    state: Mutex<State>,
}

enum State {
    Coming(Beginning<Option<Vec<u8>>>),
    Here(Vec<u8>),
    Lost,
}

impl Coming {
    pub(super) fn of(first: u64, bytes: Option<Beginning<Option<Vec<u8>>>>) -> Self {
        let state = bytes.map_or(State::Lost, State::Coming);
        Self {
            first,
            state: Mutex::new(state),
        }
    }

    fn take(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let Some(start) = offset.checked_sub(self.first) else {
            return false;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Coming(coming) = &mut *state {
            *state = match coming.wait().flatten() {
                Some(bytes) => State::Here(bytes),
                None => State::Lost,
            };
        }
        let State::Here(bytes) = &*state else {
            return false;
        };
        let part = usize::try_from(start).ok().and_then(|start| {
            let end = start.checked_add(buffer.len())?;
            bytes.get(start..end)
        });
        match part {
            Some(part) => {
                buffer.copy_from_slice(part);
                true
            }
            None => false,
        }
    }
}

impl S3Begun {
    /// Fills the whole buffer with the bytes at `offset`, for which it waits; `false` where they are
    /// not all in one of the ranges, or did not come. Blocks.
    pub fn take(&self, offset: u64, buffer: &mut [u8]) -> bool {
        let next = self.0.partition_point(|part| part.first <= offset);
        let part = next.checked_sub(1).and_then(|at| self.0.get(at));
        part.is_some_and(|part| part.take(offset, buffer))
    }
}

impl fmt::Debug for Coming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coming")
            .field("first", &self.first)
            .finish_non_exhaustive()
    }
}
