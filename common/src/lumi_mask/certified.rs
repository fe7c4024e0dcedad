//! Certification of whole columns at once.

use arrow_array::BooleanArray;
use arrow_buffer::BooleanBuffer;

use super::{LumiMask, LumiRange};

/// A stretch of (run, lumi section) keys that are all in the mask, or all outside it.
#[derive(Clone, Copy)]
struct Stretch {
    first: u64,
    last: u64,
    inside: bool,
}

fn key(run: u32, lumi: u32) -> u64 {
    (u64::from(run) << 32) | u64::from(lumi)
}

fn first_key(range: &LumiRange) -> u64 {
    key(range.run.get(), range.first.get())
}

fn last_key(range: &LumiRange) -> u64 {
    key(range.run.get(), range.last.get())
}

impl LumiMask {
    /// For every row, whether its (run, lumi section) is in the set.
    ///
    /// Files hold long stretches of one lumi section, so the stretch of the last row is
    /// remembered: a row costs one comparison, and a change of stretch one binary search.
    ///
    /// # Panics
    /// When the columns differ in length.
    pub fn certified(&self, runs: &[u32], lumis: &[u32]) -> BooleanArray {
        assert_eq!(runs.len(), lumis.len(), "run and lumi columns of one batch");
        let mut stretch: Option<Stretch> = None;
        let bits = BooleanBuffer::collect_bool(runs.len(), |row| {
            let at = key(runs[row], lumis[row]);
            match stretch {
                Some(known) if known.first <= at && at <= known.last => known.inside,
                _ => stretch.insert(self.stretch_at(at)).inside,
            }
        });
        BooleanArray::new(bits, None)
    }

    fn stretch_at(&self, at: u64) -> Stretch {
        let next = self.ranges.partition_point(|range| first_key(range) <= at);
        let previous = next.checked_sub(1).and_then(|index| self.ranges.get(index));
        if let Some(range) = previous.filter(|range| at <= last_key(range)) {
            return Stretch {
                first: first_key(range),
                last: last_key(range),
                inside: true,
            };
        }
        Stretch {
            first: previous.map_or(0, |range| last_key(range).saturating_add(1)),
            last: self
                .ranges
                .get(next)
                .map_or(u64::MAX, |range| first_key(range).saturating_sub(1)),
            inside: false,
        }
    }
}
