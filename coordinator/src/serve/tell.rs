//! How it all is, of the workers and the campaigns that a coordinator has.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use super::campaign::ActiveCampaign;
use super::workers::Workers;
use crate::live::{Live, LiveCampaign, LiveWorker};

impl Live {
    /// How it is now; `unreadable` messages could not be read.
    pub(super) fn of<'a>(
        workers: &Workers,
        campaigns: impl Iterator<Item = &'a ActiveCampaign>,
        unreadable: u64,
    ) -> Self {
        let all: usize = workers.beats().map(|beat| beat.running.len()).sum();
        let rate = workers.rate();
        let live = |campaign: &ActiveCampaign| {
            let running = campaign.running_by_stage(&workers.running(campaign.name()));
            let share = running.values().sum::<usize>() as f64 / all.max(1) as f64;
            let live = LiveCampaign {
                running,
                published: campaign.published(),
                rate: rate * share,
                trouble: campaign.trouble(),
                put_off: campaign.put_off(),
                tally: campaign.tally(),
            };
            (campaign.name().to_string(), live)
        };
        Self {
            time: now(),
            rate,
            unreadable,
            workers: workers
                .beats()
                .map(|beat| LiveWorker {
                    name: beat.worker.clone(),
                    pool: beat.pool.clone(),
                    slots: beat.slots,
                    running: beat.running.len(),
                    done: beat.done,
                    failed: beat.failed,
                    memory: beat.memory,
                    conspicuous: workers.is_conspicuous(beat),
                    resting: beat.resting.clone(),
                })
                .collect(),
            campaigns: campaigns.map(live).collect(),
            broker: None,
            waiting: BTreeMap::new(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "told to people, and asked by nobody"
)]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
