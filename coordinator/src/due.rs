//! What is to be done of a campaign when somebody asks for it: which shards, cut into which parts,
//! and what has to go out again beside them. What a dry run tells and what a real one does are
//! both this.

mod obstacle;
mod without;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::Path;

use lumimill_common::campaign::Campaign;
use lumimill_common::shard::{Shard, ShardId};

use self::obstacle::nothing_in_the_way;
use self::without::without;
use crate::examined::unsound;
use crate::failures::dead_of;
use crate::output::{Inventory, Output};
use crate::outstanding;
use crate::plan::{Plan, Splits};
use crate::soundness::{Fault, Unsound, to_measure};

/// Which shards of a plan are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All that are not done, or not whole.
    All,
    /// Those that were given up.
    Failed,
    /// Those of them that had all their attempts.
    Dead,
    /// Those that were never brought to an end, or are not whole.
    Missing,
    /// Those that somebody found to be damaged, and with `missing` also what is.
    Damaged {
        /// The shards.
        shards: BTreeSet<ShardId>,
        /// Whether what is missing is meant too.
        missing: bool,
    },
    /// Those that the campaign was to go on without: they are taken back into its plan.
    Dropped,
}

/// What becomes of the plan by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// It stays.
    None,
    /// Each wanted shard is cut into so many parts.
    Split(NonZeroU32),
    /// The wanted shards are dropped, and the campaign goes on without them.
    Accept,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Due {
    /// The plan as it will be, with what is cut, dropped or taken back.
    pub plan: Plan,
    /// Whether that is another plan than before.
    pub is_edited: bool,
    /// What was asked for, before it is cut: its failed records are forgotten.
    pub chosen: Vec<Shard>,
    /// What is dropped from now on: its failed records stay, and say why.
    pub dropped: Vec<Shard>,
    /// Of each stage that lost everything, why that is not accepted.
    pub not_accepted: Vec<String>,
    /// Of what was asked for, what has a marker and is not whole: the marker goes first.
    pub unsound: Vec<Shard>,
    /// Of that, what was given up, and has a record of it.
    pub given_up: Vec<Shard>,
    /// Of what is done, what is only measured again on its table, as other metrics were measured.
    pub to_measure: BTreeSet<ShardId>,
    /// How many shards are made again for want of events that their tables tell apart.
    pub not_told_apart: usize,
    /// What is done, in the order of the plan.
    pub shards: Vec<Shard>,
    /// Of that, what may be begun at once; the rest follows as what it reads is over.
    pub now: Vec<Shard>,
    /// What is published already by a plan that is replaced, and so goes out again.
    pub others: Vec<Shard>,
}

impl Due {
    /// Looks what of a plan is to be done, once it is edited.
    ///
    /// # Errors
    /// Also when something is in the way of it that somebody has to move first.
    pub async fn look(
        output: &Output,
        campaign: &Campaign,
        mut plan: Plan,
        wanted: &Wanted,
        edit: Edit,
        base: &Path,
    ) -> anyhow::Result<Self> {
        let before: BTreeSet<ShardId> = plan.shards.iter().map(|shard| shard.id).collect();
        if *wanted == Wanted::Dropped {
            plan.take_back(&plan.dropped_themselves());
        }
        let taken_back = plan.shards.len() > before.len();
        let inventory = output.inventory(&plan).await?;
        let (mut ids, unsound) = chosen(output, campaign, &plan, &inventory, wanted).await?;
        if *wanted == Wanted::Dropped {
            ids.retain(|id| !before.contains(id));
        }
        let to_measure = &to_measure(&unsound) | &inventory.to_measure();
        let not_told_apart = unsound.values();
        let not_told_apart = not_told_apart
            .filter(|found| found.fault == Fault::Metrics { on_table: false })
            .count();
        let of = |ids: &BTreeSet<ShardId>, plan: &Plan| -> Vec<Shard> {
            let shards = plan.shards.iter();
            shards
                .filter(|shard| ids.contains(&shard.id))
                .cloned()
                .collect()
        };
        let chosen = of(&ids, &plan);
        let unsound = of(&unsound.into_keys().collect(), &plan);
        let given_up = of(&(&ids & &inventory.failed), &plan);
        let is_edited = taken_back || (edit != Edit::None && !ids.is_empty());
        match edit {
            Edit::None => {}
            Edit::Split(parts) => {
                let splits: Splits = ids.iter().map(|id| (*id, parts)).collect();
                plan.split(&splits, base)?;
            }
            Edit::Accept => return without(plan, inventory, chosen, output),
        }
        // A part that was done before, as its like was, is done.
        let is_due = |shard: &&Shard| match before.contains(&shard.id) {
            true => ids.contains(&shard.id),
            false => !inventory.done.contains(&shard.id),
        };
        let shards: Vec<Shard> = plan.shards.iter().filter(is_due).cloned().collect();
        let due: BTreeSet<ShardId> = shards.iter().map(|shard| shard.id).collect();
        let to_measure = &to_measure & &due;
        nothing_in_the_way(output, &shards).await?;
        let done = inventory.done.difference(&ids).copied().collect();
        let still_given_up = inventory.failed.difference(&ids).copied().collect();
        let outstanding = outstanding::due(&plan, &done, &still_given_up)
            .now
            .into_iter();
        let (now, others): (Vec<&Shard>, Vec<&Shard>) =
            outstanding.partition(|shard| due.contains(&shard.id));
        let was_there = |shard: &&&Shard| is_edited && before.contains(&shard.id);
        let others = others.iter().filter(was_there).copied().cloned().collect();
        let now = now.into_iter().cloned().collect();
        Ok(Self {
            is_edited,
            chosen,
            unsound,
            to_measure,
            not_told_apart,
            given_up,
            shards,
            now,
            others,
            ..Self::nothing(plan)
        })
    }

    /// Nothing of a plan that stays as it is.
    fn nothing(plan: Plan) -> Self {
        Self {
            plan,
            is_edited: false,
            chosen: Vec::new(),
            dropped: Vec::new(),
            not_accepted: Vec::new(),
            unsound: Vec::new(),
            given_up: Vec::new(),
            to_measure: BTreeSet::new(),
            not_told_apart: 0,
            shards: Vec::new(),
            now: Vec::new(),
            others: Vec::new(),
        }
    }

    /// How many shards are made, from their input.
    #[must_use]
    pub fn made(&self) -> usize {
        self.shards.len().saturating_sub(self.to_measure.len())
    }

    /// How much is to be done, where some of it is only to be measured again.
    #[must_use]
    pub fn told(&self) -> Option<String> {
        let measured = self.to_measure.len();
        let made = self.made();
        let untold = match self.not_told_apart {
            0 => String::new(),
            shards => format!(
                "; {shards} of them as their tables lack what is measured now: what tells events \
                 apart (keep run, luminosityBlock and event), rows before cuts, or features that \
                 are shuffled"
            ),
        };
        (measured > 0 || self.not_told_apart > 0)
            .then(|| format!("{made} shards to do{untold}, {measured} to measure again"))
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.chosen.is_empty() && self.dropped.is_empty()
    }
}

/// Entries of shards.
#[must_use]
pub fn events<'a>(shards: impl IntoIterator<Item = &'a Shard>) -> u64 {
    let entries = shards.into_iter().map(|shard| &shard.entries);
    entries
        .map(|entries| entries.end.saturating_sub(entries.start))
        .sum()
}

/// What is wanted of a plan, and what of that has a marker that has to go.
async fn chosen(
    output: &Output,
    campaign: &Campaign,
    plan: &Plan,
    inventory: &Inventory,
    wanted: &Wanted,
) -> anyhow::Result<(BTreeSet<ShardId>, BTreeMap<ShardId, Unsound>)> {
    let Inventory { done, failed, .. } = inventory;
    let not_done = || {
        let planned: BTreeSet<ShardId> = plan.shards.iter().map(|shard| shard.id).collect();
        &planned - done
    };
    let found = async || unsound(output, campaign, plan, inventory).await;
    let ids = |unsound: &BTreeMap<ShardId, Unsound>| unsound.keys().copied().collect();
    Ok(match wanted {
        Wanted::All => {
            let unsound = found().await?;
            (&not_done() | &ids(&unsound), unsound)
        }
        Wanted::Missing => {
            let unsound = found().await?;
            (&(&not_done() - failed) | &ids(&unsound), unsound)
        }
        Wanted::Failed => (&not_done() & failed, BTreeMap::new()),
        // Of what was taken back.
        Wanted::Dropped => (not_done(), BTreeMap::new()),
        Wanted::Dead => {
            let dead = dead_of(output, plan, failed).await?;
            (&not_done() & &dead, BTreeMap::new())
        }
        Wanted::Damaged { shards, missing } => {
            let with_marker = plan.shards.iter().filter(|shard| done.contains(&shard.id));
            let damaged = with_marker.filter(|shard| shards.contains(&shard.id));
            let reason = || Fault::Bytes(String::from("is damaged"));
            let damaged = damaged.map(|shard| (shard.id, Unsound::of(shard, reason())));
            let mut unsound: BTreeMap<ShardId, Unsound> = damaged.collect();
            match missing {
                false => (ids(&unsound), unsound),
                true => {
                    unsound.extend(found().await?);
                    (&(&not_done() - failed) | &ids(&unsound), unsound)
                }
            }
        }
    })
}

#[cfg(test)]
mod tests;
