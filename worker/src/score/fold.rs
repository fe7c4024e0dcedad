//! Which fold an event is of.

use arrow_array::UInt8Array;

/// Name of the column that says which fold an event is of.
pub const FOLD: &str = "fold";

/// Fold of every event: XXH64, with seed 0, of run (u32), lumi section (u32) and event number
/// (u64) as 16 little-endian bytes, modulo the number of folds. The same event is of the same
/// fold wherever it is read.
#[must_use]
pub(crate) fn fold_column(runs: &[u32], lumis: &[u32], events: &[u64], folds: u8) -> UInt8Array {
    let fold = |((run, lumi), event): ((&u32, &u32), &u64)| {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&run.to_le_bytes());
        bytes[4..8].copy_from_slice(&lumi.to_le_bytes());
        bytes[8..].copy_from_slice(&event.to_le_bytes());
        let hash = twox_hash::XxHash64::oneshot(0, &bytes) % u64::from(folds.max(1));
        u8::try_from(hash).unwrap_or_default()
    };
    runs.iter()
        .zip(lumis)
        .zip(events)
        .map(fold)
        .collect::<Vec<_>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::fold_column;

    /// Reference: `xxhash.xxh64_intdigest(struct.pack("<IIQ", run, lumi, event), 0) % folds`.
    #[test]
    fn folds_are_those_that_python_computes() {
        let most = u32::MAX;
        let runs = [1, 278_820, 278_820, most];
        let events = [1, 1_000_000_007, 1_000_000_008, u64::MAX];
        let folds = fold_column(&runs, &[1, 17, 17, most], &events, 5);
        assert_eq!(folds.values().to_vec(), [3, 3, 4, 3]);
    }
}
