//! Small files share shards: of as many of them as are near the target one object is made, not one
//! of each.
//!
//! Which files go together must not change all over a campaign when one of them comes or goes. So
//! the list is divided where a file says so, by a hash of its identity alone: whatever changes
//! between two such places changes nothing beyond them. Between them shards are filled up in order.

use lumimill_common::field_hash::FieldHash;
use lumimill_common::shard::Shard;

/// A file shares a shard when it has at most this part of the target: a larger one is worth an
/// object, and takes no other with it when it fails.
const SMALL: u64 = 8;
/// Files in a shard, at most: each is opened.
const MOST_FILES: u64 = 250;
/// Full shards between two places where the list is divided, on average.
const APART: u64 = 4;

/// The shards of a stage, in their order, with those of small files put together. Their ids follow
/// from the digest of the stage.
pub(super) fn packed(shards: Vec<Shard>, target: u64, digest: &str) -> Vec<Shard> {
    let is_small: Vec<bool> = (0..shards.len())
        .map(|place| is_small(&shards, place, target))
        .collect();
    let mut done = Vec::new();
    let mut open: Vec<Shard> = Vec::new();
    for (shard, is_small) in shards.into_iter().zip(is_small) {
        if !is_small {
            done.extend(closed(&mut open, digest));
            done.push(shard);
            continue;
        }
        if !belongs(&open, &shard, target) {
            done.extend(closed(&mut open, digest));
        }
        let divides = divides(&shard, target);
        open.push(shard);
        if divides {
            done.extend(closed(&mut open, digest));
        }
    }
    done.extend(closed(&mut open, digest));
    done
}

fn len(shard: &Shard) -> u64 {
    shard.entries.end.saturating_sub(shard.entries.start)
}

/// Whether a shard is small, and all that is read of its file.
fn is_small(shards: &[Shard], place: usize, target: u64) -> bool {
    let Some(shard) = shards.get(place) else {
        return false;
    };
    let before = place.checked_sub(1).and_then(|place| shards.get(place));
    let beside = before.into_iter().chain(shards.get(place + 1));
    let is_alone = beside
        .into_iter()
        .all(|other| !is_of_one_file(other, shard));
    is_alone && len(shard) > 0 && len(shard) <= target / SMALL
}

fn is_of_one_file(a: &Shard, b: &Shard) -> bool {
    (&a.dataset, &a.tree, &a.file) == (&b.dataset, &b.tree, &b.file)
}

/// Whether a file goes into the shard of those before it, which comes nearer to the target by it.
fn belongs(open: &[Shard], shard: &Shard, target: u64) -> bool {
    let Some(last) = open.last() else {
        return true;
    };
    let have: u64 = open.iter().map(len).sum();
    let with = have.saturating_add(len(shard));
    (&last.dataset, &last.tree) == (&shard.dataset, &shard.tree)
        && (open.len() as u64) < MOST_FILES
        && with.abs_diff(target) <= have.abs_diff(target)
}

/// Whether the list is divided after a file: of so many entries and files together, one does.
fn divides(shard: &Shard, target: u64) -> bool {
    let mut hash = FieldHash::of("place");
    hash.text("url", &shard.file.url)
        .number("size", shard.file.size)
        .text("state", &shard.file.state);
    let mut luck = [0; 8];
    luck.copy_from_slice(&hash.finish().as_bytes()[..8]);
    let luck = u128::from(u64::from_le_bytes(luck));
    let one = 1u128 << 64;
    let by_entries = one * u128::from(len(shard)) / u128::from(APART * target.max(1));
    let by_files = one / u128::from(APART * MOST_FILES);
    luck < by_entries + by_files
}

/// One shard of several.
fn closed(open: &mut Vec<Shard>, digest: &str) -> Option<Shard> {
    let all = std::mem::take(open);
    let first = all.first()?;
    if all.len() == 1 {
        return Some(first.clone());
    }
    let pieces = all.iter().flat_map(Shard::pieces);
    let mut shard = first.of_pieces(pieces.map(|piece| piece.to_piece()).collect());
    shard.id = shard.compute_id(digest);
    Some(shard)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lumimill_common::entry_set::EntrySet;
    use lumimill_common::shard::{FileIdentity, ShardId, Source};
    use proptest::prelude::*;
    use thin_vec::ThinVec;

    use super::*;

    /// Shards of files: a number that names each, and the entries of each of its shards.
    fn shards(files: &[(u32, Vec<u64>)]) -> Vec<Shard> {
        let shard = |name: u32, start: u64, entries: u64| {
            let mut shard = Shard {
                id: ShardId::default(),
                stage: "s".parse().unwrap(),
                source: Source::Entries,
                beside: ThinVec::new(),
                wholes: ThinVec::new(),
                dataset: "D".into(),
                file: std::sync::Arc::new(FileIdentity {
                    url: format!("{name}.root"),
                    size: 1,
                    state: String::new(),
                }),
                tree: "Events".into(),
                entries: start..start + entries,
                certified_events: entries / 2,
                lumis: None,
                dropped: EntrySet::default(),
                packed: ThinVec::new(),
            };
            shard.id = shard.compute_id("digest");
            shard
        };
        let mut shards = Vec::new();
        for (name, parts) in files {
            let mut start = 0;
            for entries in parts {
                shards.push(shard(*name, start, *entries));
                start += entries;
            }
        }
        shards
    }

    fn ids(shards: &[Shard]) -> BTreeSet<ShardId> {
        shards.iter().map(|shard| shard.id).collect()
    }

    /// What the shards read, in order.
    fn read(shards: &[Shard]) -> Vec<(String, std::ops::Range<u64>)> {
        let pieces = shards.iter().flat_map(Shard::pieces);
        pieces
            .map(|it| (it.file.url.clone(), it.entries.clone()))
            .collect()
    }

    fn files(most: usize) -> impl Strategy<Value = Vec<(u32, Vec<u64>)>> {
        let small = (1u64..13).prop_map(|entries| vec![entries]);
        let large = prop::collection::vec(40u64..120, 1..4);
        let file = prop_oneof![20 => small, 1 => large];
        prop::collection::vec(file, 0..most).prop_map(|files| (0..).zip(files).collect())
    }

    const TARGET: u64 = 100;

    proptest! {
        /// Whatever is read is read once, in the order of the list; and only what is small is packed,
        /// to no more than a small file beyond the target.
        #[test]
        fn packing_loses_nothing_and_doubles_nothing(files in files(60)) {
            let before = shards(&files);
            let after = packed(before.clone(), TARGET, "digest");
            prop_assert_eq!(read(&after), read(&before));
            let certified = |shards: &[Shard]| shards.iter().map(|it| it.certified_events).sum::<u64>();
            prop_assert_eq!(certified(&after), certified(&before));
            prop_assert_eq!(ids(&after).len(), after.len());
            for shard in after.iter().filter(|shard| !shard.packed.is_empty()) {
                prop_assert!(shard.packed.iter().all(|piece| piece.len() <= TARGET / SMALL));
                prop_assert!(len(shard) <= TARGET + TARGET / SMALL);
                prop_assert!(shard.packed.len() > 1 && shard.packed.len() as u64 <= MOST_FILES);
                let sum: u64 = shard.packed.iter().map(|piece| piece.len()).sum();
                prop_assert_eq!(shard.entries.clone(), 0..sum);
            }
            for shard in before.iter().filter(|shard| len(shard) > TARGET / SMALL) {
                prop_assert!(after.contains(shard), "as without packing");
            }
        }

        /// A file that comes or goes changes shards between two places where the list is divided, and
        /// none beyond.
        #[test]
        fn a_file_changes_its_neighbourhood_only(
            files in files(80),
            place in any::<prop::sample::Index>(),
            entries in 1u64..13,
        ) {
            let place = place.index(files.len() + 1);
            let mut more = files.clone();
            more.insert(place, (1_000_000, vec![entries]));
            let (with, without) = (shards(&more), shards(&files));
            let [after, before] = [with.clone(), without].map(|it| packed(it, TARGET, "digest"));
            let changed: BTreeSet<ShardId> = ids(&after).symmetric_difference(&ids(&before)).copied().collect();
            // The shards of the neighbourhood: back and forth to where the list is divided whoever is
            // between.
            let new = with.iter().position(|it| it.file.url == "1000000.root").unwrap();
            let ends = |shard: &Shard| len(shard) > TARGET / SMALL || divides(shard, TARGET);
            let first = with[..new].iter().rposition(ends).map_or(0, |place| place + 1);
            let last = with[new + 1..].iter().position(ends).map_or(with.len(), |place| new + place + 2);
            let near: BTreeSet<&str> = with[first..last].iter().map(|it| it.file.url.as_str()).collect();
            for shard in after.iter().chain(&before).filter(|shard| changed.contains(&shard.id)) {
                prop_assert!(shard.pieces().all(|piece| near.contains(piece.file.url.as_str())));
            }
        }
    }

    #[test]
    fn thousands_of_files_become_a_few_shards_and_one_that_goes_changes_a_few() {
        let files: Vec<_> = (0..5_000).map(|name| (name, vec![100])).collect();
        let all = packed(shards(&files), 20_000, "digest");
        assert!((25..50).contains(&all.len()), "{} shards", all.len());
        let mut most = 0;
        for gone in (0..5_000).step_by(97) {
            let mut files = files.clone();
            files.remove(gone);
            let fewer = packed(shards(&files), 20_000, "digest");
            most = most.max(ids(&fewer).difference(&ids(&all)).count());
        }
        assert!(most <= 16, "{most} shards changed");
    }
}
