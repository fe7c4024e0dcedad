//! Bytes of a batch of what a stage reads, by the sizes that files and tables give of their columns.

use crate::compiled_stage::CompiledStage;
use crate::entry_reader::{BATCH_OF_TEXTS, batch_entries};
use crate::grouped::columns_of_rows;
use crate::input::{EventColumn, EventTable, schema_of};
use crate::stored_table::StoredTable;

/// Of the branches of a tree: of a batch of entries, and of a basket of each; `certify` when lumi
/// sections are looked at.
pub(crate) fn of_tree(tree: &EventTable, stage: &CompiledStage, certify: bool) -> u64 {
    let names = stage.branches(certify);
    let names = match &stage.stage().grouping {
        Some(grouping) => columns_of_rows(&schema_of(tree), grouping, &names),
        None => names,
    };
    let branches = || names.iter().filter_map(|name| tree.column(name));
    let baskets = branches().fold(0u64, |sum, branch| {
        let baskets = u64::try_from(branch.baskets()).unwrap_or(1).max(1);
        sum.saturating_add(branch.uncompressed_bytes() / baskets)
    });
    let batch = batch_of(branches(), tree.entries());
    baskets.saturating_add(of_batch(bytes_of(branches()), tree.entries(), batch))
}

/// Of some branches, all their entries.
fn bytes_of<'a>(branches: impl Iterator<Item = EventColumn<'a>>) -> u64 {
    branches.fold(0, |sum, branch| {
        sum.saturating_add(branch.uncompressed_bytes())
    })
}

/// Entries in a batch of some branches, of which there are so many in all.
pub(crate) fn batch_of<'a>(
    branches: impl Iterator<Item = EventColumn<'a>> + Clone,
    entries: u64,
) -> u64 {
    let has_texts = branches.clone().any(EventColumn::is_of_texts);
    let batch = batch_entries(bytes_of(branches), entries);
    match has_texts {
        true => batch.min(BATCH_OF_TEXTS),
        false => batch,
    }
}

/// Of tables: the rows of one, and others beside them, of which those that are joined are held as a
/// whole.
pub(crate) fn of_tables(
    rows: &StoredTable<'_>,
    beside: &[StoredTable<'_>],
    stage: &CompiledStage,
) -> u64 {
    let names = stage.branches(false);
    let (zipped, joined) = beside.split_at(stage.stage().zip.len().min(beside.len()));
    let batches = std::iter::once(rows).chain(zipped);
    let batches = batches.map(|table| table.batch_bytes(&names));
    let whole = joined.iter().map(|table| table.bytes(&names));
    batches.chain(whole).fold(0, u64::saturating_add)
}

/// Of so many bytes of all entries, those of a batch of some.
fn of_batch(bytes: u64, entries: u64, batch: u64) -> u64 {
    let batch = u128::from(batch.min(entries));
    let of_batch = u128::from(bytes) * batch / u128::from(entries.max(1));
    u64::try_from(of_batch).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::batch_entries;

    fn of_batch(bytes: u64, entries: u64) -> u64 {
        super::of_batch(bytes, entries, batch_entries(bytes, entries))
    }

    #[test]
    fn a_batch_is_counted_to_the_byte() {
        assert_eq!(of_batch(100, 1000), 100);
        assert_eq!(of_batch(40_000, 8_192), 20_000);
        assert_eq!(of_batch(1 << 33, 1 << 20), 8 << 20);
        assert_eq!(of_batch(1 << 40, 1 << 10), 64 << 30);
        assert_eq!(of_batch(u64::MAX, 1), u64::MAX);
        assert_eq!(of_batch(7, 0), 0);
    }
}
