//! Parts of a file that have to be read, and which of them are read together.

/// Reads that are joined ask for no more than this at once.
const LARGEST_READ: u64 = 8 << 20;

/// A basket or page whose bytes have to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) offset: u64,
    pub(crate) length: u32,
    pub(crate) column: usize,
    pub(crate) number: usize,
}

/// How many of these to read at once with the first of them, and where that read ends.
pub(crate) fn joined(first: &Wanted, all: &[Wanted], gap: u64) -> (usize, u64) {
    let mut end = first.offset.saturating_add(u64::from(first.length));
    let mut count = 1;
    for next in all.iter().skip(1) {
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
