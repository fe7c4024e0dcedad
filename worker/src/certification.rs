//! Which events of a batch count: those that are certified, and of these only the first of
//! several that are the same.

use std::ops::Range;

use arrow_array::{BooleanArray, RecordBatch};
use lumimill_common::entry_set::EntrySet;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::lumi_mask::LumiMask;

use crate::input::{LUMI, RUN, as_u32};

/// For every event of a batch that holds `run` and `luminosityBlock`, whether its lumi section
/// is in the mask.
pub(crate) fn certify(
    url: &str,
    batch: &RecordBatch,
    mask: &LumiMask,
) -> Result<BooleanArray, Failure> {
    let column = |name: &str| {
        let column = batch.column_by_name(name).ok_or_else(|| {
            Failure::reject(FailureKind::Column, url, format!("{url}: no branch {name}"))
        })?;
        as_u32(name, column).map_err(|message| {
            Failure::reject(FailureKind::Column, url, format!("{url}: {message}"))
        })
    };
    let (runs, lumis) = (column(RUN)?, column(LUMI)?);
    Ok(mask.certified(runs.values(), lumis.values()))
}

/// For every one of these entries, whether it counts: those that are certified (all of them,
/// without a mask) and not dropped. `None` where all do.
#[must_use]
pub(crate) fn counting(
    entries: &Range<u64>,
    certified: Option<BooleanArray>,
    dropped: &EntrySet,
) -> Option<BooleanArray> {
    let dropped = dropped.within(entries);
    if dropped.is_empty() {
        return certified;
    }
    let len = usize::try_from(entries.end - entries.start).unwrap_or_default();
    let mut counts = match certified {
        Some(certified) => certified.values().iter().collect(),
        None => vec![true; len],
    };
    for range in dropped.ranges() {
        let at = |entry: u64| usize::try_from(entry - entries.start).unwrap_or(len);
        if let Some(gone) = counts.get_mut(at(range.start)..at(range.end)) {
            gone.fill(false);
        }
    }
    Some(counts.into())
}

#[cfg(test)]
mod tests {
    use arrow_array::BooleanArray;
    use lumimill_common::entry_set::EntrySet;

    use super::counting;

    #[test]
    fn what_is_dropped_does_not_count() {
        let dropped = EntrySet::from_ranges([0..12, 13..14, 19..40]);
        let counts = |certified| counting(&(10..20), certified, &dropped);
        let all: Vec<bool> = counts(None).unwrap().values().iter().collect();
        let expected = [
            false, false, true, false, true, true, true, true, true, false,
        ];
        assert_eq!(all, expected);
        let certified = BooleanArray::from(vec![
            true, true, true, true, true, false, true, true, true, true,
        ]);
        assert_eq!(counts(Some(certified)).unwrap().true_count(), 5);
        assert!(counting(&(14..19), None, &dropped).is_none());
    }
}
