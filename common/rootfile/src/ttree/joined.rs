//! Baskets that are near one another, read together.

use super::column_reader::Wanted;

/// Reads that are joined ask for no more than this at once.
const LARGEST_READ: u64 = 8 << 20;

/// How many of the baskets to read at once with the first of them, and where that read ends.
pub(super) fn joined(first: &Wanted, baskets: &[Wanted], gap: u64) -> (usize, u64) {
    let mut end = first.offset.saturating_add(u64::from(first.length));
    let mut count = 1;
    for next in baskets.iter().skip(1) {
        let next_end = next.offset.saturating_add(u64::from(next.length));
        if next.offset > end.saturating_add(gap)
            || next_end.saturating_sub(first.offset) > LARGEST_READ
        {
            break;
        }
        end = end.max(next_end);
        count += 1;
    }
    (count, end)
}
