//! The workers of all pools, as they tell of themselves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use lumimill_common::campaign::CampaignName;
use lumimill_common::job::Beat;
use lumimill_common::shard::ShardId;
use tokio::time::Instant;

/// Silence after which a worker counts as gone: five heartbeats. With the time until that is told,
/// one that was killed is out of `status` within 15 s; one that ends says so.
const SILENCE: Duration = Duration::from_secs(10);
/// Time that rates are taken over.
const WINDOW: Duration = Duration::from_secs(30);
/// Workers that are remembered; more than any pool has.
const MOST: usize = 20_000;
/// Entries a second that no worker does.
const FASTEST: f64 = 1e10;
/// Failures below which nothing can be said of a worker.
const FEWEST_FAILURES: u64 = 5;
/// How many times as often as its peers a worker fails before it is named.
const CONSPICUOUS: f64 = 4.0;

/// Every worker that was heard of lately.
#[derive(Debug, Default)]
pub(super) struct Workers {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    heard: Instant,
    beat: Beat,
    /// When, and how many entries were behind it.
    history: VecDeque<(Instant, u64)>,
}

impl Workers {
    pub(super) fn hear(&mut self, beat: Beat) {
        if beat.ended {
            self.known.remove(&beat.worker);
            return;
        }
        if self.known.len() >= MOST && !self.known.contains_key(&beat.worker) {
            return;
        }
        let now = Instant::now();
        let known = self.known.entry(beat.worker.clone()).or_insert(Known {
            heard: now,
            beat: beat.clone(),
            history: VecDeque::new(),
        });
        let under_way: u64 = beat.running.iter().map(|running| running.entries).sum();
        let entries = beat.entries.saturating_add(under_way);
        known.history.push_back((now, entries));
        while known
            .history
            .front()
            .is_some_and(|(at, _)| now - *at > WINDOW)
        {
            known.history.pop_front();
        }
        known.heard = now;
        known.beat = beat;
    }

    pub(super) fn forget_silent(&mut self) {
        self.known
            .retain(|_, known| known.heard.elapsed() < SILENCE);
    }

    pub(super) fn beats(&self) -> impl Iterator<Item = &Beat> {
        self.known.values().map(|known| &known.beat)
    }

    /// Shards of a campaign that are under way somewhere.
    pub(super) fn running(&self, campaign: &CampaignName) -> BTreeSet<ShardId> {
        let running = self.beats().flat_map(|beat| &beat.running);
        running
            .filter(|running| running.campaign == *campaign)
            .map(|running| running.shard)
            .collect()
    }

    /// Entries a second of all of them together.
    pub(super) fn rate(&self) -> f64 {
        self.known.values().map(Known::rate).sum()
    }

    /// Whether a worker fails much more often than all others together.
    pub(super) fn is_conspicuous(&self, beat: &Beat) -> bool {
        let others = self.beats().filter(|other| other.worker != beat.worker);
        let (mut done, mut failed) = (0, 0);
        for other in others {
            done += other.done;
            failed += other.failed;
        }
        fails_much_more((beat.done, beat.failed), (done, failed))
    }
}

impl Known {
    fn rate(&self) -> f64 {
        let (Some((first, before)), Some((last, after))) =
            (self.history.front(), self.history.back())
        else {
            return 0.0;
        };
        let seconds = (*last - *first).as_secs_f64();
        let rate = after.saturating_sub(*before) as f64 / seconds;
        match seconds > 1.0 && rate < FASTEST {
            true => rate,
            false => 0.0,
        }
    }
}

/// Whether one (done, failed) fails much more often than its peers together. One failure more is
/// held for the peers, so that a pool that never failed does not make the first one conspicuous.
fn fails_much_more(one: (u64, u64), peers: (u64, u64)) -> bool {
    let share = |(done, failed): (u64, u64)| failed as f64 / (done + failed).max(1) as f64;
    let peers = share((peers.0, peers.1 + 1));
    let one_fails = share(one);
    let much_more = one_fails > CONSPICUOUS * peers || (one_fails > 0.9 && peers < 0.5);
    one.1 >= FEWEST_FAILURES && much_more
}

#[cfg(test)]
mod tests {
    use lumimill_common::job::Beat;

    use super::{SILENCE, Workers, fails_much_more};

    #[test]
    fn a_worker_that_ends_is_listed_no_more() {
        let mut beat = Beat {
            worker: String::from("host-1"),
            pool: String::from("cpu"),
            slots: 1,
            running: Vec::new(),
            entries: 0,
            done: 0,
            failed: 0,
            memory: 0,
            resting: None,
            ended: false,
        };
        let mut workers = Workers::default();
        workers.hear(beat.clone());
        assert_eq!(workers.beats().count(), 1);
        beat.ended = true;
        workers.hear(beat);
        assert_eq!(workers.beats().count(), 0);
        // A look at them a second, and a word about them every two.
        assert!(SILENCE.as_secs() + 1 + 2 < 15, "nor is one that was killed");
    }

    #[test]
    fn a_worker_that_fails_much_more_is_conspicuous() {
        assert!(fails_much_more((2, 40), (500, 3)));
        assert!(fails_much_more((0, 5), (60, 0)));
        assert!(!fails_much_more((0, 4), (60, 0)), "too few to tell");
        assert!(!fails_much_more((50, 10), (500, 90)), "as its peers");
        assert!(!fails_much_more((0, 40), (0, 400)), "all fail");
    }
}
