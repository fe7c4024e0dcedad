//! The function that weights are orthogonal by.

use std::collections::BTreeMap;
use std::fmt;

use lumimill_fit::{Histogram, Reference, SumRule};
use serde::{Deserialize, Serialize};

/// The histograms of other stages in a category, by stage.
pub(super) type Histograms = BTreeMap<String, Histogram>;

/// The function that weights are orthogonal by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cow {
    /// The density of all entries, as fitted: the classic sWeights.
    #[default]
    Density,
    /// 1.
    One,
    /// The histogram of the rows of that stage, in each category; of the rows that are fitted where it
    /// is the stage that is fitted.
    Histogram(String),
}

impl Cow {
    /// It by histograms of other stages, and that of what was fitted.
    pub(super) fn reference(
        &self,
        others: &Histograms,
        fitted: Option<&Histogram>,
    ) -> Result<Reference, String> {
        let name = match self {
            Self::Density => return Ok(Reference::Density),
            Self::One => return Ok(Reference::One),
            Self::Histogram(name) => name,
        };
        let lacking = || format!("the fit has no counts of stage {name}: fit again");
        let histogram = others.get(name).or(fitted).ok_or_else(lacking)?;
        let reference = Reference::histogram(histogram);
        reference.map_err(|error| format!("histogram of stage {name}: {error}"))
    }

    /// What such weights of a component should add up to.
    pub(super) fn rule(&self, sumw: f64, sumw2: f64, amount: f64) -> SumRule {
        match self {
            Self::Density => SumRule::new(sumw, sumw2, amount),
            Self::One | Self::Histogram(_) => SumRule::of_another(sumw, sumw2, amount),
        }
    }
}

impl fmt::Display for Cow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Density => f.write_str("density"),
            Self::One => f.write_str("one"),
            Self::Histogram(stage) => write!(f, "histogram of {stage}"),
        }
    }
}
