use lumimill_common::event_id::{LumiSection, Run};
use proptest::prelude::*;

use super::*;

/// Plans one file in memory, as `scan` does from a tree.
fn shards(rows: &[(u32, u32)], clusters: &[u64], mask: &LumiMask, target: u64) -> Vec<Cut> {
    let mut cutter = Cutter::new(target);
    for entries in pieces(clusters, target) {
        let of_piece = &rows[entries.start as usize..entries.end as usize];
        let ids = of_piece
            .iter()
            .map(|&(run, lumi)| (Run::new(run), LumiSection::new(lumi)));
        let lumis = mask.intersection(&LumiMask::from_pairs(ids.clone()));
        let certified = ids.filter(|&(run, lumi)| mask.contains(run, lumi)).count();
        cutter.push(Cut {
            entries,
            certified_events: certified as u64,
            lumis,
        });
    }
    cutter.finish()
}

fn ranges(cuts: &[Cut]) -> Vec<Range<u64>> {
    cuts.iter().map(|cut| cut.entries.clone()).collect()
}

fn mask(json: &str) -> LumiMask {
    serde_json::from_str(json).unwrap()
}

#[test]
fn clusters_are_joined_to_the_target() {
    let rows = vec![(1, 1); 100];
    let all = mask(r#"{"1": [[1, 1]]}"#);
    let clusters: Vec<u64> = (0..=10).map(|at| at * 10).collect();
    assert_eq!(
        ranges(&shards(&rows, &clusters, &all, 30)),
        [0..30, 30..60, 60..90, 90..100]
    );
    assert_eq!(
        ranges(&shards(&rows, &clusters, &all, 1000)),
        vec![0..100; 1]
    );
}

#[test]
fn a_huge_cluster_is_cut_inside() {
    let all = mask(r#"{"1": [[1, 1]]}"#);
    let rows = vec![(1, 1); 100];
    assert_eq!(
        ranges(&shards(&rows, &[0, 100], &all, 30)),
        [0..25, 25..50, 50..75, 75..100]
    );
    // Up to twice the target it stays whole.
    assert_eq!(ranges(&shards(&rows, &[0, 100], &all, 50)), vec![0..100; 1]);
}

#[test]
fn clusters_without_certified_events_are_trimmed_and_dropped() {
    let lumi_of = |entry: u32| entry / 10;
    let rows: Vec<(u32, u32)> = (0..100).map(|entry| (1, lumi_of(entry))).collect();
    let clusters: Vec<u64> = (0..=10).map(|at| at * 10).collect();
    let some = mask(r#"{"1": [[1, 2], [7, 8]]}"#);
    let cuts = shards(&rows, &clusters, &some, 50);
    assert_eq!(ranges(&cuts), [10..30, 70..90]);
    assert_eq!(cuts[0].lumis.to_json(), r#"{"1": [[1, 2]]}"#);
    assert_eq!(cuts[1].certified_events, 20);
}

#[test]
fn a_claim_of_endless_entries_costs_nothing_until_read() {
    assert_eq!(pieces(&[0, u64::MAX], 1).next(), Some(0..1));
    assert_eq!(pieces(&[0, u64::MAX], u64::MAX).count(), 1);
}

fn file() -> impl Strategy<Value = (Vec<(u32, u32)>, Vec<u64>)> {
    let rows = prop::collection::vec((1u32..4, 1u32..6), 0..300);
    (
        rows,
        prop::collection::btree_set(1u64..300, 0..12),
        any::<bool>(),
    )
        .prop_map(|(mut rows, cuts, sorted)| {
            if sorted {
                rows.sort_unstable();
            }
            let entries = rows.len() as u64;
            let inner = cuts.into_iter().filter(|&cut| cut < entries);
            let clusters: Vec<u64> = std::iter::once(0)
                .chain(inner)
                .chain((entries > 0).then_some(entries))
                .collect();
            (rows, clusters)
        })
}

proptest! {
    #[test]
    fn every_certified_event_is_in_exactly_one_shard(
        (rows, clusters) in file(),
        certified in prop::collection::btree_set((1u32..4, 1u32..6), 0..12),
        target in 1u64..120,
    ) {
        let mask = LumiMask::from_pairs(
            certified.iter().map(|&(run, lumi)| (Run::new(run), LumiSection::new(lumi))),
        );
        let cuts = shards(&rows, &clusters, &mask, target);
        let mut times = vec![0; rows.len()];
        for cut in &cuts {
            let held = &rows[cut.entries.start as usize..cut.entries.end as usize];
            let in_shard = |row: &&(u32, u32)| cut.lumis.contains(Run::new(row.0), LumiSection::new(row.1));
            // Certified by the shard's own lumis: just those that the mask certifies.
            prop_assert_eq!(held.iter().filter(in_shard).count() as u64, cut.certified_events);
            prop_assert!(held.iter().all(|row| in_shard(&row) == certified.contains(row)));
            prop_assert!(cut.certified_events > 0);
            for entry in cut.entries.clone() {
                times[entry as usize] += 1;
            }
        }
        for (row, times) in rows.iter().zip(times) {
            prop_assert!(times <= 1);
            prop_assert!(times == 1 || !certified.contains(row), "lost a certified event");
        }
    }

    #[test]
    fn shards_are_near_the_target_and_of_whole_pieces((rows, clusters) in file(), target in 1u64..120) {
        let everything = LumiMask::from_pairs(
            rows.iter().map(|&(run, lumi)| (Run::new(run), LumiSection::new(lumi))),
        );
        let cuts = shards(&rows, &clusters, &everything, target);
        let ends: Vec<Range<u64>> = pieces(&clusters, target).collect();
        for cut in &cuts {
            prop_assert!(cut.len() <= 2 * target + 1);
            prop_assert!(ends.iter().any(|piece| piece.start == cut.entries.start));
            prop_assert!(ends.iter().any(|piece| piece.end == cut.entries.end));
        }
        // All certified: they tile the file.
        let entries: u64 = cuts.iter().map(Cut::len).sum();
        prop_assert_eq!(entries, rows.len() as u64);
    }
}
