//! What a look at all markers says of a plan: of a million shards it takes seconds to find out, and is done
//! off the thread that answers others.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context;
use lumimill_common::campaign::Share;
use lumimill_common::shard::ShardId;
use lumimill_worker::off_thread::off_thread;

use crate::acceptance::accepted;
use crate::ledger::{Counts, Known, Ledger};
use crate::output::Over;
use crate::plan::Plan;
use crate::tally::Tally;

/// What is looked at.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) plan: Arc<Plan>,
    /// Digest of the plan.
    pub(super) digest: String,
    /// The share of a stage that is enough.
    pub(super) accept: Share,
    /// What was given up when that was last looked at.
    pub(super) given_up: BTreeSet<ShardId>,
}

/// What is seen of it.
#[derive(Debug)]
pub(super) struct Seen {
    /// What is done and given up.
    pub(super) known: Known,
    /// How many shards of the plan are in which state.
    pub(super) counts: Counts,
    /// The same in detail, where they are many.
    pub(super) tally: Option<Tally>,
    /// Where in the plan those shards are that are due.
    pub(super) due: Vec<usize>,
    /// Shards that are not published with their stage: what they read was given up.
    pub(super) kept_back: Vec<ShardId>,
    /// The plan without what was given up, where enough is done.
    pub(super) accepted: Option<Plan>,
}

impl Subject {
    /// What this says that is over.
    pub(super) async fn seen(self, over: Over) -> anyhow::Result<Seen> {
        let seen = off_thread(move || self.see(over)).await;
        seen.context("what is over was not counted")
    }

    fn see(&self, Over { done, given_up }: Over) -> Seen {
        let plan = &self.plan;
        let known = Known::of(done, given_up);
        let ledger = Ledger::of(plan, &known);
        let outstanding = ledger.outstanding();
        let blocked = outstanding.blocked.iter().map(|(shard, _)| shard.id);
        // Given up as well, and begun anew with what it reads.
        let waiting = outstanding.waiting.iter().map(|shard| shard.id);
        let anew = waiting.filter(|id| self.given_up.contains(id));
        Seen {
            counts: ledger.counts(),
            tally: Tally::of(&self.digest, plan, &known, &ledger),
            due: ledger.due(),
            kept_back: blocked.chain(anew).collect(),
            accepted: accepted(plan, &known, self.accept),
            known,
        }
    }
}
