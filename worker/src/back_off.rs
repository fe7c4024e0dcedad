//! How long to wait before trying again what was lost.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Waits that double, and never quite the same for two workers.
#[derive(Debug)]
pub struct BackOff {
    first: Duration,
    longest: Duration,
    next: Duration,
    /// What the next chance follows from.
    seed: u64,
}

impl Default for BackOff {
    fn default() -> Self {
        Self::between(Duration::from_millis(500), Duration::from_secs(30))
    }
}

impl BackOff {
    /// Waits from about so long to about so long.
    #[must_use]
    pub fn between(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            next: first,
            seed: RandomState::new().hash_one(0),
        }
    }

    /// The same, whose chances follow from a name: nobody else has that.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        Self {
            seed: hasher.finish(),
            ..self
        }
    }

    /// Begins anew, as what was lost is back.
    pub fn reset(&mut self) {
        self.next = self.first;
    }

    /// Waits between half and one and a half times as long as twice the last time.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.step()).await;
    }

    /// How long to wait now; the next time twice as long.
    pub fn step(&mut self) -> Duration {
        let millis = self.next.as_millis() as u64;
        let mut hasher = DefaultHasher::new();
        (self.seed, millis).hash(&mut hasher);
        self.seed = hasher.finish();
        let random = self.seed % millis.max(1);
        self.next = self.next.saturating_mul(2).min(self.longest);
        Duration::from_millis(millis / 2 + random)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::BackOff;

    #[test]
    fn waits_grow_and_stay_within_bounds() {
        let mut back_off = BackOff::default();
        for step in 0..20 {
            let wait = back_off.step();
            let middle = 500u64.saturating_mul(1 << step).min(30_000);
            let range = Duration::from_millis(middle / 2)..=Duration::from_millis(middle * 3 / 2);
            assert!(range.contains(&wait), "{step}: {wait:?}");
        }
        back_off.reset();
        assert!(back_off.step() < Duration::from_secs(1));
    }
}
