//! Why a campaign does not go on, or goes on slowly, in words that say what to do: pure, from what
//! it was told, what a coordinator tells, and the records of what is tried again.

use std::collections::BTreeMap;
use std::time::Duration;

use lumimill_common::control::Control;
use lumimill_common::failure::Failure;
use lumimill_common::shard::ShardId;
use serde::Serialize;

use super::state::State;
use crate::live::{Heard, Live, LiveWorker, Retries};

/// Names that are said of one thing.
const NAMES: usize = 3;

/// Something that a campaign waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Wait {
    /// What it is about: `paused`, `coordinator`, `broker`, `campaign`, `pool`, `workers`, `retry`.
    pub about: &'static str,
    /// What it is, and what to do.
    pub message: String,
}

/// What is known of a campaign.
pub(super) struct Facts<'a> {
    pub(super) campaign: &'a str,
    pub(super) state: State,
    pub(super) control: Option<&'a Control>,
    pub(super) heard: Option<&'a Heard>,
    /// The workers of its pools.
    pub(super) workers: &'a [LiveWorker],
    /// Shards that are tried again, and why, where that was looked at.
    pub(super) retries: &'a [(ShardId, Option<Failure>)],
}

/// What a campaign waits for; nothing when it is at its end, or with no pool.
pub(super) fn waits(facts: &Facts<'_>) -> Vec<Wait> {
    let mut waits = Vec::new();
    let reports = facts.state == State::Reporting && facts.control.is_some();
    if !reports && !matches!(facts.state, State::Running | State::Paused) {
        return waits;
    }
    if facts.state == State::Paused {
        let message = format!("paused: `lumimill resume {}` lets it go on", facts.campaign);
        waits.push(wait("paused", message));
    }
    waits.extend(coordinator(facts));
    if let Some(live) = facts.heard.and_then(Heard::now) {
        waits.extend(of_live(facts, live));
    }
    waits.extend(retries(facts));
    waits
}

fn wait(about: &'static str, message: String) -> Wait {
    Wait { about, message }
}

fn coordinator(facts: &Facts<'_>) -> Option<Wait> {
    let message = match facts.heard {
        None => String::from("no coordinator was ever heard of in this store: lumimill serve"),
        Some(heard) if heard.now().is_none() => {
            let silent = match heard.silent {
                Duration::MAX => String::from("silent"),
                silent => format!("silent for {} s", silent.as_secs()),
            };
            format!(
                "the coordinator is {silent}: look whether `lumimill serve` runs; workers go on \
                 with the jobs that are out"
            )
        }
        Some(heard) if !heard.live.campaigns.contains_key(facts.campaign) => {
            String::from("the coordinator has not taken it up yet")
        }
        Some(_) => return None,
    };
    Some(wait("coordinator", message))
}

/// What a coordinator that is heard of tells.
fn of_live(facts: &Facts<'_>, live: &Live) -> Vec<Wait> {
    let mut waits = Vec::new();
    let campaign = live.campaigns.get(facts.campaign);
    if let Some(trouble) = &live.broker {
        let message = format!("the coordinator cannot use the broker: {trouble}");
        waits.push(wait("broker", message));
    }
    if let Some(trouble) = campaign.and_then(|campaign| campaign.trouble.as_ref()) {
        let message = format!("the coordinator cannot drive it now: {trouble}");
        waits.push(wait("campaign", message));
    }
    // Who cannot be heard by way of the broker may well be there.
    if live.broker.is_none() {
        waits.extend(pools(facts, live));
    }
    waits.extend(resting(facts.workers));
    for group in campaign.iter().flat_map(|campaign| &campaign.put_off) {
        waits.push(retry(group));
    }
    waits
}

/// Pools that have jobs and no workers.
fn pools(facts: &Facts<'_>, live: &Live) -> Vec<Wait> {
    let mut waits = Vec::new();
    let Some(control) = facts.control else {
        return waits;
    };
    for pool in control.pools() {
        if facts.workers.iter().any(|worker| worker.pool == *pool) {
            continue;
        }
        let jobs = live.waiting.get(pool).copied();
        // What was resubmitted to another pool may be done.
        let matters = jobs.map_or(*pool == control.pool, |jobs| jobs > 0);
        if matters {
            let jobs = jobs.map_or_else(String::new, |jobs| format!(", {jobs} jobs wait"));
            let message =
                format!("pool {pool} has no workers{jobs}: lumimill-worker --pool {pool}");
            waits.push(wait("pool", message));
        }
    }
    waits
}

/// Workers that take nothing new, by why.
fn resting(workers: &[LiveWorker]) -> Vec<Wait> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for worker in workers {
        if let Some(why) = &worker.resting {
            by_reason.entry(why).or_default().push(&worker.name);
        }
    }
    let all = workers.len();
    let message = |(why, names): (&str, Vec<&str>)| {
        let count = names.len();
        let more = if count > NAMES { ", …" } else { "" };
        let names: Vec<&str> = names.into_iter().take(NAMES).collect();
        let names = names.join(", ");
        format!("{count} of {all} workers rest ({names}{more}): {why}")
    };
    let waits = by_reason.into_iter().take(NAMES).map(message);
    waits.map(|message| wait("workers", message)).collect()
}

/// Shards that were tried and are tried again.
fn retries(facts: &Facts<'_>) -> Vec<Wait> {
    let known = facts.retries.iter().filter_map(|(_, why)| why.as_ref());
    let mut waits: Vec<Wait> = Retries::of(known).iter().map(retry).collect();
    let unread = facts.retries.iter().filter(|(_, why)| why.is_none());
    let unread = unread.count();
    if unread > 0 {
        waits.push(wait(
            "retry",
            format!("{unread} more shards are tried again"),
        ));
    }
    waits
}

fn retry(group: &Retries) -> Wait {
    let message = group.message.lines().next().unwrap_or_default();
    let (noun, verb) = match group.shards {
        1 => ("shard", "is"),
        _ => ("shards", "are"),
    };
    let (count, kind) = (group.shards, group.kind);
    wait(
        "retry",
        format!("{count} {noun} {verb} tried again ({kind}): {message}"),
    )
}

#[cfg(test)]
mod tests;
