//! What is counted for a fit on the rows of stages, and what of it decides the fit.

use super::cow::Cow;
use super::raw::RawMassFit;
use super::spec::MassFitSpec;
use crate::field_hash::FieldHash;
use crate::metric::bins::RawBins;
use crate::metric::kind::Kind;

/// Raised when the same counts and configuration give other values, so that what was fitted before is
/// fitted again.
const METHOD: u64 = 4;

impl MassFitSpec {
    /// The same, with weights by it that are to be used for these columns, too, and held against a
    /// column of the truth; the weights are orthogonal by `cow`, for which the file of the fit has
    /// counts: of the rows that are fitted, or of the other stage that is named.
    ///
    /// # Errors
    /// Those that cannot be, each with the reason.
    pub(crate) fn controlled(
        &self,
        names: &[String],
        truth: Option<&String>,
        (cow, other): (&Cow, Option<&str>),
    ) -> Result<Self, Vec<String>> {
        let mut raw = self.raw.clone();
        for name in names {
            if raw.control.iter().all(|axis| axis.column != *name) {
                raw.control.push(RawBins {
                    column: name.clone(),
                    edges: Vec::new(),
                });
            }
        }
        raw.truth = raw.truth.or_else(|| truth.cloned());
        match other.map(str::to_owned) {
            Some(other) if !raw.histograms.contains(&other) => raw.histograms.push(other),
            Some(_) => {}
            None => raw.keeps_counts |= matches!(cow, Cow::Histogram(_)),
        }
        if !raw.cows.contains(cow) {
            raw.cows.push(cow.clone());
        }
        Self::try_new(&raw)
    }

    /// What is counted for it: the same without models, so that what is fitted may change while the
    /// counts stay.
    #[must_use]
    pub fn counting(&self) -> Self {
        let raw = RawMassFit {
            nominal: Vec::new(),
            systematic: Vec::new(),
            start: Vec::new(),
            fix: Vec::new(),
            constrain: Vec::new(),
            keeps_counts: false,
            histograms: Vec::new(),
            cows: Vec::new(),
            ..self.raw.clone()
        };
        Self {
            raw,
            names: self.names.clone(),
            empty: self.empty.clone(),
            models: Vec::new(),
        }
    }

    /// What is counted for it on the rows of other stages: the variable in the same bins and
    /// categories, by the same weight, and of all rows.
    #[must_use]
    pub fn counting_others(&self) -> Self {
        let counting = self.counting();
        Self {
            raw: RawMassFit {
                condition: None,
                unbinned: false,
                control: Vec::new(),
                truth: None,
                functions: Vec::new(),
                ..counting.raw
            },
            names: Vec::new(),
            ..counting
        }
    }

    /// Hash of what decides the fits of these counts.
    #[must_use]
    pub(crate) fn fit_hash(&self) -> FieldHash {
        // What weights are used for changes no fit.
        let raw = RawMassFit {
            control: Vec::new(),
            truth: None,
            cows: Vec::new(),
            ..self.raw.clone()
        };
        let mut hash = raw.hash();
        hash.number("method", METHOD);
        hash
    }
}
