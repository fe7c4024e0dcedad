//! Columns that moved by more than a campaign wants to pass over.

use super::key_drift::KeyDrift;
use super::spec::DriftSpec;
use serde::Serialize;

/// Alarms that are kept, at most.
pub(super) const MOST: usize = 100;

/// A column that moved at one value of the key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alarm {
    /// The value of the key.
    pub key: i64,
    /// The column.
    pub column: String,
    /// Its population stability index.
    pub psi: f64,
    /// What that is on average when nothing moved.
    pub psi_expected: f64,
    /// Kolmogorov-Smirnov distance.
    pub ks: f64,
}

impl Alarm {
    /// By how much the index is larger than when nothing moved.
    fn excess(&self) -> f64 {
        self.psi - self.psi_expected
    }
}

/// Those that are there, the worst first.
pub(super) fn alarms(spec: &DriftSpec, keys: &[KeyDrift]) -> Vec<Alarm> {
    let Some(level) = spec.alarm() else {
        return Vec::new();
    };
    let of_key = |key: &KeyDrift| {
        let columns = spec.columns().iter().zip(&key.columns);
        let all = columns.filter_map(|(name, column)| {
            let shift = column.shift?;
            Some(Alarm {
                key: key.key,
                column: name.clone(),
                psi: shift.psi,
                psi_expected: shift.psi_expected,
                ks: shift.ks,
            })
        });
        all.collect::<Vec<_>>()
    };
    let mut found: Vec<Alarm> = keys.iter().flat_map(of_key).collect();
    found.retain(|alarm| alarm.excess() > level);
    found.sort_by(|one, other| other.excess().total_cmp(&one.excess()));
    found.truncate(MOST);
    found
}
