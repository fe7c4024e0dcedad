//! How often, and after how long, what failed is tried again: a table, by kind of failure.
//!
//! A failure that is no fault of the job (a store that does not answer or lets one worker in no
//! more, a full disk of one worker) puts the job off and does not count as an attempt; others
//! count, up to the campaign's `max_attempts`. Where it may well be the worker that is at fault,
//! the worker is to rest besides.

use std::time::Duration;

use crate::failure::{Disposition, Failure, FailureKind};

/// What becomes of a failure of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Policy {
    kind: FailureKind,
    /// Whether it uses up an attempt.
    counts: bool,
    /// Whether the worker may be at fault, and not the job.
    tires: bool,
    /// Seconds to wait, first to last; the last one stays.
    waits: &'static [u64],
}

static TABLE: [Policy; 8] = [
    Policy {
        kind: FailureKind::Store,
        counts: false,
        tires: true,
        waits: &[1, 4, 4, 16, 16, 60],
    },
    Policy {
        kind: FailureKind::Missing,
        counts: true,
        tires: true,
        waits: &[4, 16, 60],
    },
    Policy {
        kind: FailureKind::Input,
        counts: false,
        tires: false,
        waits: &[1, 4, 16, 60],
    },
    Policy {
        kind: FailureKind::Scratch,
        counts: false,
        tires: true,
        waits: &[1, 4, 16],
    },
    Policy {
        kind: FailureKind::Crowded,
        counts: false,
        tires: true,
        waits: &[4, 16, 60],
    },
    Policy {
        kind: FailureKind::Version,
        counts: false,
        tires: true,
        waits: &[4, 16, 60],
    },
    Policy {
        kind: FailureKind::Engine,
        counts: false,
        tires: true,
        waits: &[4, 16, 60],
    },
    Policy {
        kind: FailureKind::Memory,
        counts: true,
        tires: false,
        waits: &[4, 16],
    },
];

static OTHERS: Policy = Policy {
    kind: FailureKind::Other,
    counts: true,
    tires: false,
    waits: &[1, 4, 16, 60, 300],
};

/// What to do about a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again: another attempt.
    Retry(Duration),
    /// Try again: the same attempt.
    PutOff(Duration),
    /// Give it up.
    GiveUp,
}

/// How patient the one who asks is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts at a shard.
    pub attempts: u32,
    /// Times that one attempt is put off.
    pub postponements: u32,
}

/// Judges a failure of an attempt (counted from 1) that was put off so often.
#[must_use]
pub fn judge(failure: &Failure, attempt: u32, postponed: u32, patience: Patience) -> Verdict {
    if failure.disposition == Disposition::Reject {
        return Verdict::GiveUp;
    }
    let policy = policy_of(failure.kind);
    match policy.counts {
        true if attempt < patience.attempts => {
            Verdict::Retry(policy.wait(attempt.saturating_sub(1)))
        }
        false if postponed < patience.postponements => Verdict::PutOff(policy.wait(postponed)),
        _ => Verdict::GiveUp,
    }
}

/// Whether the worker that failed may be at fault: another one may well do the job, and this one
/// would fail the next one too.
#[must_use]
pub fn is_tiring(failure: &Failure) -> bool {
    failure.disposition == Disposition::Retry && policy_of(failure.kind).tires
}

/// Whether a failure of a kind uses up an attempt, and so is in the record of its shard.
#[must_use]
pub fn uses_up_an_attempt(kind: FailureKind) -> bool {
    policy_of(kind).counts
}

/// How long at most somebody waits before a failure of a kind is tried again.
#[must_use]
pub fn longest_wait(kind: FailureKind) -> Duration {
    policy_of(kind).wait(u32::MAX)
}

fn policy_of(kind: FailureKind) -> &'static Policy {
    let known = TABLE.iter().find(|policy| policy.kind == kind);
    known.unwrap_or(&OTHERS)
}

impl Policy {
    fn wait(&self, before: u32) -> Duration {
        let place = usize::try_from(before).unwrap_or(usize::MAX);
        let last = self.waits.last().copied().unwrap_or(1);
        Duration::from_secs(self.waits.get(place).copied().unwrap_or(last))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Patience, Verdict, is_tiring, judge};
    use crate::failure::{Failure, FailureKind};

    const PATIENCE: Patience = Patience {
        attempts: 3,
        postponements: 2,
    };

    #[test]
    fn a_store_that_is_down_uses_up_no_attempt() {
        let down = Failure::retry(FailureKind::Store, "out", "no answer");
        let waits = |postponed| judge(&down, 3, postponed, PATIENCE);
        assert_eq!(waits(0), Verdict::PutOff(Duration::from_secs(1)));
        assert_eq!(waits(1), Verdict::PutOff(Duration::from_secs(4)));
        assert_eq!(waits(2), Verdict::GiveUp);
    }

    #[test]
    fn others_use_up_attempts() {
        let odd = Failure::retry(FailureKind::Other, "shard", "who knows");
        assert_eq!(
            judge(&odd, 1, 9, PATIENCE),
            Verdict::Retry(Duration::from_secs(1))
        );
        let first = judge(&odd, 0, 0, PATIENCE);
        assert_eq!(
            first,
            Verdict::Retry(Duration::from_secs(1)),
            "whoever counts from 0"
        );
        assert_eq!(judge(&odd, 3, 0, PATIENCE), Verdict::GiveUp);
        let wrong = Failure::reject(FailureKind::Input, "a.root", "corrupt");
        assert_eq!(judge(&wrong, 1, 0, PATIENCE), Verdict::GiveUp);
    }

    #[test]
    fn what_may_be_the_workers_fault_tires_it() {
        let missing = Failure::retry(FailureKind::Missing, "a.root", "no such file");
        assert!(is_tiring(&missing));
        assert_eq!(
            judge(&missing, 1, 0, PATIENCE),
            Verdict::Retry(Duration::from_secs(4)),
            "nobody may have the file"
        );
        let crowded = Failure::retry(FailureKind::Crowded, "a.root", "too many at a time");
        assert!(is_tiring(&crowded));
        assert_eq!(
            judge(&crowded, 3, 0, PATIENCE),
            Verdict::PutOff(Duration::from_secs(4))
        );
        for kind in [
            FailureKind::Input,
            FailureKind::Memory,
            FailureKind::Internal,
        ] {
            assert!(!is_tiring(&Failure::retry(kind, "a.root", "")), "{kind}");
        }
    }
}
