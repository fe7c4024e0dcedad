//! How busy the processors of this machine are, whoever has work for them.

use std::fs;

/// What the processors have done since the machine was started, in ticks of the system.
#[derive(Debug, Clone, Copy)]
pub struct Processors {
    idle: u64,
    all: u64,
}

impl Processors {
    /// What they have done by now; nothing where the system does not say.
    #[must_use]
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let all = stat.lines().next().unwrap_or_default();
        let ticks = all.split_whitespace().skip(1);
        // Idle and waiting for a disk are fourth and fifth; guests are counted twice, last.
        let ticks: Vec<u64> = ticks.take(8).filter_map(|tick| tick.parse().ok()).collect();
        Self {
            idle: ticks.iter().skip(3).take(2).sum(),
            all: ticks.iter().sum(),
        }
    }

    /// The share of their time since then in which they had work.
    #[must_use]
    pub fn busy_since(self) -> f64 {
        let now = Self::now();
        let idle = now.idle.saturating_sub(self.idle) as f64;
        let all = now.all.saturating_sub(self.all).max(1) as f64;
        1.0 - idle / all
    }
}

#[cfg(test)]
mod tests {
    use super::Processors;

    #[test]
    fn they_are_between_idle_and_busy() {
        let before = Processors { idle: 0, all: 0 };
        let share = before.busy_since();
        assert!(share > 0.0 && share < 1.0, "{share}");
    }
}
