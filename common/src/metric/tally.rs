//! Integer counts of numbered bins, most of which may be empty.
//!
//! In a marker a tally is text: for each bin that is not empty, the gap from the one before and
//! the count, each as base-64 digits of five bits (least significant first) whose sixth bit says
//! that another digit follows. Two characters a bin are usual.

mod sort;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use sort::sort;

/// Counts of bins `0..bins`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "RawTally", into = "RawTally")]
pub(super) struct Tally {
    bins: u64,
    cells: Cells,
    /// Bins of a sparse tally that are yet to be counted, in any order.
    later: Vec<u64>,
}

/// So many bins wait at least, before they are counted.
const WAITING: usize = if cfg!(test) { 16 } else { 1 << 13 };

#[derive(Debug, Clone)]
enum Cells {
    /// A count for every bin: quick to add to.
    Dense(Vec<u64>),
    /// Bins with a count, ascending: small.
    Sparse(Vec<(u64, u64)>),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTally {
    bins: u64,
    counts: String,
}

impl Tally {
    /// An empty tally that takes eight bytes a bin and adds in constant time.
    pub(super) fn dense(bins: u32) -> Self {
        Self {
            bins: bins.into(),
            cells: Cells::Dense(vec![0; bins as usize]),
            later: Vec::new(),
        }
    }

    /// An empty tally that takes memory only for bins with a count.
    pub(super) fn sparse(bins: u64) -> Self {
        Self {
            bins,
            cells: Cells::Sparse(Vec::new()),
            later: Vec::new(),
        }
    }

    /// The number of bins.
    pub(super) fn bins(&self) -> u64 {
        self.bins
    }

    /// How many bins have a count.
    pub(super) fn filled(&self) -> usize {
        match &self.cells {
            Cells::Dense(_) => self.iter().count(),
            Cells::Sparse(cells) if self.later.is_empty() => cells.len(),
            Cells::Sparse(_) => self.iter().count(),
        }
    }

    /// Joins neighbours, `2^by` at a time.
    pub(super) fn join_neighbours(&mut self, by: u32) {
        let shifted = |bin: u64| bin.checked_shr(by).unwrap_or(0);
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(self.filled());
        for (bin, count) in self.iter() {
            match joined.last_mut() {
                Some((last, sum)) if *last == shifted(bin) => *sum = sum.saturating_add(count),
                _ => joined.push((shifted(bin), count)),
            }
        }
        self.cells = Cells::Sparse(joined);
        self.later.clear();
    }

    /// Counts one more in each of `bins`, which are left in any order; a bin out of range is ignored.
    pub(super) fn add_all(&mut self, bins: &mut [u64]) {
        match &mut self.cells {
            Cells::Dense(counts) => bins.iter().for_each(|bin| count(counts, *bin)),
            Cells::Sparse(cells) => add_sorted(cells, bins, self.bins),
        }
    }

    /// Counts one more in `bin` of a tally that is to have many: those of a sparse one wait until it is
    /// worth the while to count them.
    pub(super) fn add_soon(&mut self, bin: u64) {
        match &mut self.cells {
            Cells::Dense(counts) => count(counts, bin),
            Cells::Sparse(cells) => {
                self.later.push(bin);
                if self.later.len() >= cells.len().max(WAITING) {
                    self.settle();
                }
            }
        }
    }

    /// Counts what waits.
    fn settle(&mut self) {
        if let Cells::Sparse(cells) = &mut self.cells {
            add_sorted(cells, &mut self.later, self.bins);
            self.later.clear();
        }
    }

    /// The bins of a sparse tally with a count, ascending.
    fn listed(&self) -> Option<Cow<'_, [(u64, u64)]>> {
        match &self.cells {
            Cells::Dense(_) => None,
            Cells::Sparse(cells) if self.later.is_empty() => Some(Cow::Borrowed(cells)),
            Cells::Sparse(cells) => {
                let mut cells = cells.clone();
                add_sorted(&mut cells, &mut self.later.clone(), self.bins);
                Some(Cow::Owned(cells))
            }
        }
    }

    /// Counts one more in `bin`; a bin out of range is ignored.
    pub(super) fn add(&mut self, bin: u32) {
        self.add_all(&mut [bin.into()]);
    }

    /// Adds the counts of another tally with the same bins.
    pub(super) fn merge(&mut self, other: &Self) {
        self.settle();
        match &mut self.cells {
            Cells::Dense(counts) => {
                for (bin, count) in other.iter() {
                    let place = usize::try_from(bin).unwrap_or(usize::MAX);
                    if let Some(mine) = counts.get_mut(place) {
                        *mine = mine.saturating_add(count);
                    }
                }
            }
            Cells::Sparse(cells) => {
                let theirs = other.listed();
                let theirs = theirs.unwrap_or_else(|| Cow::Owned(other.iter().collect()));
                if !theirs.is_empty() {
                    *cells = joined(cells, &theirs);
                }
            }
        }
    }

    /// The bins that are not empty, ascending, with their counts.
    pub(super) fn iter(&self) -> Box<dyn DoubleEndedIterator<Item = (u64, u64)> + '_> {
        match (&self.cells, self.listed()) {
            (Cells::Dense(counts), _) => Box::new(
                counts
                    .iter()
                    .enumerate()
                    .map(|(bin, count)| (bin as u64, *count))
                    .filter(|(_, count)| *count > 0),
            ),
            (_, Some(Cow::Borrowed(cells))) => Box::new(cells.iter().copied()),
            (_, cells) => Box::new(cells.map(Cow::into_owned).unwrap_or_default().into_iter()),
        }
    }

    /// The sum of all counts.
    pub(super) fn total(&self) -> u64 {
        self.iter()
            .map(|(_, count)| count)
            .fold(0, u64::saturating_add)
    }
}

/// Counts one more in a bin, if there is one.
fn count(counts: &mut [u64], bin: u64) {
    let place = usize::try_from(bin).unwrap_or(usize::MAX);
    if let Some(count) = counts.get_mut(place) {
        *count += 1;
    }
}

/// Counts one more in each of `bins` below the limit; others may be changed.
fn add_sorted(cells: &mut Vec<(u64, u64)>, bins: &mut [u64], limit: u64) {
    if bins.is_empty() {
        return;
    }
    sort(bins, limit);
    let runs = bins.chunk_by(|a, b| a == b);
    let runs = runs.filter_map(|run| Some((*run.first()?, run.len() as u64)));
    let runs: Vec<(u64, u64)> = runs.take_while(|(bin, _)| *bin < limit).collect();
    *cells = joined(cells, &runs);
}

/// Two ascending lists of counts added into one.
fn joined(left: &[(u64, u64)], right: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut left = left.iter().copied().peekable();
    for (bin, count) in right.iter().copied() {
        while let Some(earlier) = left.next_if(|(mine, _)| *mine < bin) {
            merged.push(earlier);
        }
        let same = left
            .next_if(|(mine, _)| *mine == bin)
            .map_or(0, |(_, mine)| mine);
        merged.push((bin, count.saturating_add(same)));
    }
    merged.extend(left);
    merged
}

impl PartialEq for Tally {
    fn eq(&self, other: &Self) -> bool {
        self.bins == other.bins && self.iter().eq(other.iter())
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn push_number(text: &mut String, mut number: u64) {
    loop {
        let more = number > 31;
        let digit = (number & 31) as usize | if more { 32 } else { 0 };
        text.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'A')));
        number >>= 5;
        if !more {
            return;
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

/// The next number of the text, `None` at its end.
pub(super) fn next_number(bytes: &mut impl Iterator<Item = u8>) -> Result<Option<u64>, String> {
    let (mut number, mut shift) = (0u64, 0u32);
    loop {
        let Some(byte) = bytes.next() else {
            return if shift == 0 {
                Ok(None)
            } else {
                Err("tally: cut off inside a number".into())
            };
        };
        let digit = digit(byte).ok_or_else(|| format!("tally: byte {byte} is not a digit"))?;
        let part = u64::from(digit & 31);
        let placed = part
            .checked_shl(shift)
            .filter(|placed| placed >> shift == part);
        number |= placed.ok_or("tally: a number exceeds 64 bits")?;
        if digit & 32 == 0 {
            return Ok(Some(number));
        }
        shift += 5;
    }
}

impl From<Tally> for RawTally {
    fn from(tally: Tally) -> Self {
        let mut counts = String::new();
        let mut next = 0;
        for (bin, count) in tally.iter() {
            push_number(&mut counts, bin - next);
            push_number(&mut counts, count);
            next = bin + 1;
        }
        Self {
            bins: tally.bins,
            counts,
        }
    }
}

impl TryFrom<RawTally> for Tally {
    type Error = String;

    fn try_from(raw: RawTally) -> Result<Self, String> {
        // Three characters a bin are usual.
        let mut cells = Vec::with_capacity(raw.counts.len() / 3);
        let mut bytes = raw.counts.bytes();
        let mut next = 0u64;
        while let Some(gap) = next_number(&mut bytes)? {
            let count = next_number(&mut bytes)?.ok_or("tally: a bin without its count")?;
            let bin = next.checked_add(gap);
            let bin = bin.filter(|bin| *bin < raw.bins);
            let bin =
                bin.ok_or_else(|| format!("tally: a bin beyond the {} declared", raw.bins))?;
            if count == 0 {
                return Err(format!("tally: bin {bin} is listed with a count of 0"));
            }
            cells.push((bin, count));
            next = bin.saturating_add(1);
        }
        Ok(Self {
            bins: raw.bins,
            cells: Cells::Sparse(cells),
            later: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_is_refused() {
        for counts in ["A", "!!", "AA", "_", "gggggggggggggggggB", "IB", "ABJB"] {
            let text = format!(r#"{{"bins":8,"counts":"{counts}"}}"#);
            assert!(
                serde_json::from_str::<Tally>(&text).is_err(),
                "{counts} was taken"
            );
        }
    }

    proptest! {
        #[test]
        fn dense_and_sparse_agree_and_survive_json(
            first in prop::collection::vec(0u64..70, 0..200), second in prop::collection::vec(0u64..70, 0..200),
        ) {
            let (mut dense, mut sparse) = (Tally::dense(64), Tally::sparse(64));
            dense.add_all(&mut first.clone());
            sparse.add_all(&mut first.clone());
            prop_assert_eq!(&dense, &sparse);
            let mut waiting = Tally::sparse(64);
            first.iter().for_each(|bin| waiting.add_soon(*bin));
            prop_assert_eq!(&waiting, &sparse);
            prop_assert_eq!((waiting.filled(), waiting.total()), (sparse.filled(), sparse.total()));
            let mut other = Tally::sparse(64);
            other.add_all(&mut second.clone());
            dense.merge(&other);
            other.merge(&waiting);
            waiting.merge(&Tally::sparse(64));
            prop_assert_eq!(&waiting, &sparse);
            prop_assert_eq!(&dense, &other);
            let text = serde_json::to_string(&dense).unwrap();
            prop_assert_eq!(&serde_json::to_string(&other).unwrap(), &text);
            let back: Tally = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back, dense);
        }

        #[test]
        fn any_count_survives(count in 1u64.., bin in 0u64..1_000_000) {
            let tally = Tally { bins: 1_000_000, cells: Cells::Sparse(vec![(bin, count)]), later: Vec::new() };
            let text = serde_json::to_string(&tally).unwrap();
            prop_assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
        }
    }
}
