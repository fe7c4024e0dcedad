//! What became of the lumi sections: one counts as processed only when every shard that may hold
//! events of it is done, in every file and every stage; one without events counts when the shards
//! of its files are done.

use std::collections::BTreeMap;

use lumimill_common::lumi_mask::{LumiMask, LumiRange};

use super::state::ShardState;
use super::{Ledger, TreeOfFile};

/// The lumi sections of a campaign; together `processed` and `missing` are exactly the
/// certified ones of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LumiLedger {
    /// Certified, in a file, and every shard that may hold events of it is done.
    pub processed: LumiMask,
    /// Certified, in a file, and not processed.
    pub missing: LumiMask,
    /// Certified, and in no file; empty without a mask.
    pub not_in_files: LumiMask,
}

impl Ledger<'_> {
    /// Which lumi sections of recorded data are processed, and which are not.
    #[must_use]
    pub fn lumis(&self) -> LumiLedger {
        LumiLedger::of(self)
    }
}

impl LumiLedger {
    pub(super) fn of(ledger: &Ledger<'_>) -> Self {
        let in_files = ledger.plan.lumis_in_files();
        let missing = unprocessed(ledger).intersection(&in_files);
        let certified = ledger.plan.certified.mask();
        Self {
            processed: in_files.difference(&missing),
            not_in_files: certified
                .map_or_else(LumiMask::default, |mask| mask.difference(&in_files)),
            missing,
        }
    }
}

/// The lumi sections of shards that are not done, and those without events of files that
/// are not. A shard that does not list its lumi sections may hold any of its file.
fn unprocessed(ledger: &Ledger<'_>) -> LumiMask {
    let mut of_files: BTreeMap<TreeOfFile<'_>, FileShards> = BTreeMap::new();
    for (shard, state) in ledger.states() {
        for piece in shard.pieces() {
            let key = (&*shard.dataset, piece.file, &*shard.tree);
            let file = of_files.entry(key).or_default();
            let lumis = piece.lumis.into_iter().flat_map(LumiMask::ranges).copied();
            if state != ShardState::Done {
                file.not_done = true;
                file.lumis_not_done.extend(lumis.clone());
            }
            file.with_events.extend(lumis);
        }
    }
    let mut missing: Vec<LumiRange> = Vec::new();
    for file in ledger.plan.files.iter().filter(|file| file.is_data) {
        let key = (file.dataset.as_str(), &file.file, file.tree.as_str());
        let (Some(shards), Some(lumis)) = (of_files.remove(&key), &file.lumis) else {
            continue;
        };
        if shards.not_done {
            let with_events = LumiMask::from_ranges(shards.with_events);
            missing.extend(lumis.difference(&with_events).ranges());
            missing.extend(shards.lumis_not_done);
        }
    }
    LumiMask::from_ranges(missing)
}

/// What the shards of a file say of its lumi sections.
#[derive(Debug, Default)]
struct FileShards {
    not_done: bool,
    with_events: Vec<LumiRange>,
    lumis_not_done: Vec<LumiRange>,
}
