//! Shards cut smaller than they were planned, as one of them took too much memory or time.
//!
//! A split is remembered in the plan by the id of the shard that it divides, so that planning
//! again comes to the same shards, and only those of the split have new ids.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::path::Path;

use lumimill_common::lumi_mask::LumiMask;
use lumimill_common::shard::{FileIdentity, Piece, PieceRef, Shard, Source};
use lumimill_worker::input::Location;
use thin_vec::ThinVec;

use super::derive::{derive, roots_of};
use super::event_columns::{EventColumns, LUMI, RUN, batches};
use super::{Plan, ScanError, Splits};

impl Plan {
    /// Cuts shards, and parts of shards, as told; what is not of this plan is left out. A shard that
    /// reads the rows of another is cut with the one that reads a file.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn split(&mut self, splits: &Splits, base: &Path) -> Result<(), ScanError> {
        if splits.is_empty() {
            return Ok(());
        }
        let digests: BTreeMap<_, _> = self
            .stages
            .iter()
            .map(|stage| (stage.name.clone(), stage.output_digest()))
            .collect();
        let dropped = self.dropped_themselves();
        let all = self.take_all();
        let splits = &roots_of(&all, splits);
        let mut shards = Vec::with_capacity(all.len());
        for shard in all
            .into_iter()
            .filter(|shard| shard.source == Source::Entries)
        {
            let mut left = vec![shard];
            while let Some(shard) = left.pop() {
                let parts = splits.get(&shard.id);
                let digest = digests.get(&shard.stage);
                let (Some(parts), Some(digest)) = (parts, digest) else {
                    shards.push(shard);
                    continue;
                };
                self.splits.insert(shard.id, *parts);
                let mut cut = divided(&shard, *parts, digest, base)?;
                cut.reverse();
                match cut.is_empty() {
                    true => shards.push(shard),
                    false => left.extend(cut),
                }
            }
        }
        let all = derive(shards, &self.stages);
        self.set_shards(all, &dropped);
        Ok(())
    }
}

/// The parts of a shard that hold certified events, in order; none when it is too small. Of several
/// files each is a part, so that one that fails takes no other with it.
fn divided(
    shard: &Shard,
    parts: NonZeroU32,
    digest: &str,
    base: &Path,
) -> Result<Vec<Shard>, ScanError> {
    let files = of_files(shard, digest);
    if files.len() > 1 {
        return Ok(files);
    }
    let ranges = ranges(&shard.entries, parts);
    if ranges.len() < 2 {
        return Ok(Vec::new());
    }
    let mut shards = Vec::with_capacity(ranges.len());
    let mut files = Files::of(shard, base);
    for entries in ranges {
        let mut pieces = ThinVec::new();
        // Where the entries of a piece begin among those of the shard.
        let mut begins = shard.entries.start;
        for piece in shard.pieces() {
            let ends = begins.saturating_add(piece.entries.end - piece.entries.start);
            let (start, stop) = (entries.start.max(begins), entries.end.min(ends));
            if start < stop {
                let at = |entry: u64| piece.entries.start + (entry - begins);
                pieces.extend(files.part(piece, at(start)..at(stop))?);
            }
            begins = ends;
        }
        if !pieces.is_empty() {
            let mut part = shard.of_pieces(pieces);
            part.id = part.compute_id(digest);
            shards.push(part);
        }
    }
    Ok(shards)
}

/// A shard for each of its files.
fn of_files(shard: &Shard, digest: &str) -> Vec<Shard> {
    let pieces: Vec<PieceRef<'_>> = shard.pieces().collect();
    let files = pieces.chunk_by(|one, next| one.file == next.file);
    let parts = files.map(|pieces| {
        let mut part = shard.of_pieces(pieces.iter().map(|piece| piece.to_piece()).collect());
        part.id = part.compute_id(digest);
        part
    });
    parts.collect()
}

/// The files of a shard, of which the one that was looked at last is open.
struct Files<'a> {
    tree: &'a str,
    base: &'a Path,
    open: Option<(FileIdentity, EventColumns)>,
}

impl<'a> Files<'a> {
    fn of(shard: &'a Shard, base: &'a Path) -> Self {
        Self {
            tree: &shard.tree,
            base,
            open: None,
        }
    }

    /// A part of a piece; `None` where it has no certified event.
    fn part(
        &mut self,
        piece: PieceRef<'_>,
        entries: Range<u64>,
    ) -> Result<Option<Piece>, ScanError> {
        if entries == *piece.entries {
            return Ok(Some(piece.to_piece()));
        }
        let (events, lumis) = match piece.lumis {
            None => (entries.end - entries.start, None),
            Some(mask) => {
                let (events, lumis) = held(self.columns(piece.file)?, mask, entries.clone())?;
                (events, Some(lumis))
            }
        };
        Ok((events > 0).then(|| Piece {
            file: piece.file.clone(),
            certified_events: events,
            lumis,
            dropped: piece.dropped.within(&entries),
            entries,
        }))
    }

    fn columns(&mut self, file: &FileIdentity) -> Result<&mut EventColumns, ScanError> {
        let open = match self.open.take() {
            Some(open) if open.0 == *file => open,
            _ => {
                let opened = Location::of(self.base, &file.url).open()?;
                let tree = opened.table(self.tree)?;
                let columns = EventColumns::open(&opened, &tree, &[RUN, LUMI])?;
                (file.clone(), columns)
            }
        };
        let (_, columns) = self.open.insert(open);
        Ok(columns)
    }
}

/// Certified events of a range, and their lumi sections.
fn held(
    columns: &mut EventColumns,
    mask: &LumiMask,
    entries: Range<u64>,
) -> Result<(u64, LumiMask), ScanError> {
    let (mut events, mut lumis) = (0, LumiMask::default());
    for batch in batches(entries) {
        let ids = columns.read(batch)?;
        let certified = mask.certified(&ids.runs, &ids.lumis);
        events += certified.true_count() as u64;
        let pairs = LumiMask::from_pairs(ids.pairs());
        lumis = lumis.union(&pairs.intersection(mask));
    }
    Ok((events, lumis))
}

/// Parts of a range, as equal as they can be; none is empty.
fn ranges(entries: &Range<u64>, parts: NonZeroU32) -> Vec<Range<u64>> {
    let count = entries.end.saturating_sub(entries.start);
    let parts = u64::from(parts.get()).min(count);
    let at = |part: u64| {
        let ahead = u128::from(count) * u128::from(part) / u128::from(parts.max(1));
        entries.start + u64::try_from(ahead).unwrap_or(count)
    };
    (0..parts).map(|part| at(part)..at(part + 1)).collect()
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use proptest::prelude::*;

    use super::ranges;

    proptest! {
        #[test]
        fn parts_are_the_whole_and_none_is_empty(
            start in 0u64..1000,
            count in 0u64..5000,
            parts in 1u32..70,
        ) {
            let whole = start..start + count;
            let parts = ranges(&whole, NonZeroU32::new(parts).unwrap());
            let mut at = start;
            for part in &parts {
                prop_assert_eq!(part.start, at);
                prop_assert!(part.end > part.start);
                at = part.end;
            }
            prop_assert_eq!(at, if parts.is_empty() { start } else { whole.end });
            prop_assert_eq!(parts.is_empty(), count == 0);
        }
    }
}
