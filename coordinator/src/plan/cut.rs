//! Where a file is cut into shards: a pure function of clusters, certified events and a target.
//!
//! A file is read in pieces. A piece is a cluster; a cluster of more than twice the target is
//! divided into equal pieces near it, because clusters only make reading cheaper, while a
//! shard far above the target makes a campaign slow to balance and to resume. A shard is a
//! stretch of whole pieces of about the target's entries that begins and ends with a piece
//! that has certified events.

use std::ops::Range;

use lumimill_common::lumi_mask::LumiMask;

/// A piece of a file, or several that became one shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// Its entries.
    pub(super) entries: Range<u64>,
    /// How many of them are certified.
    pub(super) certified_events: u64,
    /// The certified lumi sections of its events.
    pub(super) lumis: LumiMask,
}

impl Cut {
    fn len(&self) -> u64 {
        self.entries.end.saturating_sub(self.entries.start)
    }
}

/// The pieces of a file, in order; `clusters` are ascending boundaries, the first 0. Lazy, as
/// a damaged file may claim any number of entries.
pub(super) fn pieces(clusters: &[u64], target: u64) -> impl Iterator<Item = Range<u64>> {
    let target = target.max(1);
    clusters.windows(2).flat_map(move |cluster| {
        let (start, stop) = match cluster {
            [start, stop] if start < stop => (*start, *stop),
            _ => (0, 0),
        };
        let entries = stop - start;
        let parts = if entries / 2 > target {
            entries.div_ceil(target)
        } else {
            1
        };
        let at = move |part: u64| {
            let ahead = u128::from(entries) * u128::from(part) / u128::from(parts);
            start + u64::try_from(ahead).unwrap_or(entries)
        };
        (0..parts)
            .map(move |part| at(part)..at(part + 1))
            .filter(|piece| !piece.is_empty())
    })
}

/// Joins pieces, given in the order of the file, into shards near a target.
#[derive(Debug)]
pub(super) struct Cutter {
    target: u64,
    open: Option<Cut>,
    done: Vec<Cut>,
}

impl Cutter {
    pub(super) fn new(target: u64) -> Self {
        Self {
            target: target.max(1),
            open: None,
            done: Vec::new(),
        }
    }

    /// Adds the next piece; one without certified events only counts when it lies between
    /// two of the same shard.
    pub(super) fn push(&mut self, piece: Cut) {
        if piece.certified_events == 0 {
            return;
        }
        self.open = Some(match self.open.take() {
            Some(open) if self.belongs(&open, &piece) => Cut {
                entries: open.entries.start..piece.entries.end,
                certified_events: open.certified_events + piece.certified_events,
                lumis: open.lumis.union(&piece.lumis),
            },
            full => {
                self.done.extend(full);
                piece
            }
        });
    }

    /// Whether the shard comes nearer to the target with this piece than without. A gap of
    /// pieces without certified events as long as half a target always ends a shard.
    fn belongs(&self, open: &Cut, piece: &Cut) -> bool {
        let gap = piece.entries.start.saturating_sub(open.entries.end);
        let with = piece.entries.end.saturating_sub(open.entries.start);
        gap <= self.target / 2 && with.abs_diff(self.target) <= open.len().abs_diff(self.target)
    }

    /// The shards, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Cut> {
        self.done.extend(self.open);
        self.done
    }

    /// How many shards are complete so far.
    pub(super) fn complete(&self) -> usize {
        self.done.len()
    }
}

#[cfg(test)]
mod tests;
