//! The density of a stage as a file: what columns are drawn by, whoever draws them.

use lumimill_kde::Density;
use serde::{Deserialize, Serialize};

use super::result::Frozen;
use super::spec::KdeSpec;
use crate::form::Stored;
use crate::metric::{MetricResult, MetricSpec, Partial};

/// The densities of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenKde {
    /// What they are of: `kpi given p, cosTheta`.
    pub title: String,
    /// Rows that they are estimated from.
    pub rows: u64,
    /// Rows beside an axis.
    pub outside: u64,
    /// Rows with a value or weight that is null, NaN or too large.
    pub missing: u64,
    /// By the nominal weight.
    pub nominal: FrozenDensity,
    /// By the other one, where there is one.
    pub systematic: Option<FrozenDensity>,
}

/// A density, and what it is estimated from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenDensity {
    /// Sum of the weights.
    pub sumw: f64,
    /// Cells that would be negative, and are empty.
    pub negative: u64,
    /// The density.
    pub density: Density,
}

impl Stored for FrozenKde {
    const FORM: u64 = 1;
    const OLDEST: u64 = 1;
}

impl KdeSpec {
    /// The densities of what was counted.
    ///
    /// # Errors
    /// Why there are none.
    pub fn freeze(&self, counted: &Partial) -> Result<FrozenKde, String> {
        let lacking = || String::from("what was counted is not what is estimated");
        if *counted.spec() != MetricSpec::Kde(self.clone()) {
            return Err(lacking());
        }
        let MetricResult::Kde(found) = counted.finalise() else {
            return Err(lacking());
        };
        let frozen = |estimate: Frozen, which: &str| {
            let reason = estimate.error.unwrap_or_default();
            let none = format!(
                "kde of {}{which}: there is no density: {reason}",
                found.title
            );
            let density = estimate.density.ok_or(none)?;
            Ok::<_, String>(FrozenDensity {
                sumw: estimate.sumw,
                negative: estimate.negative as u64,
                density,
            })
        };
        let systematic = found.systematic.clone();
        Ok(FrozenKde {
            nominal: frozen(found.nominal.clone(), "")?,
            systematic: systematic
                .map(|other| frozen(other, " by the other weight"))
                .transpose()?,
            title: found.title,
            rows: found.rows,
            outside: found.outside,
            missing: found.missing,
        })
    }
}
