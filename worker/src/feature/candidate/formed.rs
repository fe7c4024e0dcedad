//! The rows of a batch, by what they are made of.

use lumimill_common::expression::{Index, RowIndex};

/// The most candidates that one batch may give: what no absurd event can exceed.
pub(super) const MOST_CANDIDATES: usize = 1 << 24;

/// The rows of a batch, by what they are made of.
#[derive(Debug)]
pub(crate) struct Formed {
    pub(crate) index: RowIndex,
    /// Per row, its entry in the batch, ascending.
    pub(crate) events: Index,
    /// Per row, its place in the flat values of the collection, where a row is one member.
    pub(crate) member: Option<Index>,
    /// Per row, which candidate of its event it is.
    pub(crate) number: Vec<u32>,
}

impl Formed {
    /// Numbers the candidates of an event through, whichever of its entries they are from.
    pub(crate) fn number_within(&mut self, of_events: &[u32]) {
        let mut last = None;
        let mut number = 0;
        for row in 0..self.number.len() {
            let event = self.events.at(row).and_then(|entry| of_events.get(entry));
            if last != event {
                (last, number) = (event, 0);
            }
            self.number[row] = number;
            number += 1;
        }
    }

    pub(crate) fn of_events(events: Index) -> Self {
        let number = vec![0; events.len()];
        Self {
            index: RowIndex::events(events.clone()),
            events,
            member: None,
            number,
        }
    }
}

/// The events that `passing` picks, each with the places of its members.
pub(super) fn events_of<'a>(
    passing: &'a Index,
    ends: &'a [u32],
) -> impl Iterator<Item = (u32, std::ops::Range<u32>)> + 'a {
    let range = |event: usize| {
        let start = event
            .checked_sub(1)
            .and_then(|before| ends.get(before))
            .copied()
            .unwrap_or(0);
        (
            event as u32,
            start..ends.get(event).copied().unwrap_or(start),
        )
    };
    (0..passing.len()).map(move |at| match passing {
        Index::All(_) => range(at),
        Index::Chosen(chosen) => range(chosen[at] as usize),
    })
}
