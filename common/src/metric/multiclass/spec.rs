//! `multiclass` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::bins::{self, RawBins};
use crate::metric::check::{check_name, check_names, check_over, done};
use crate::metric::exact_sum::ExactSum;
use crate::metric::kind::Kind;
use crate::metric::ranking::RankingSpec;
use crate::section::Section;

/// Classes, at most: memory is taken for each pair of them.
const MAX_CLASSES: usize = 64;
/// Bytes of a count.
const COUNT: u64 = 8;
/// Bins that each class fills at most in the counts that areas are made of.
const FILLED_BINS: u32 = 2_048;

/// How well the scores of several classes tell them apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMulticlass {
    /// The column that holds the number of the class, from 0; null or negative is left out.
    pub truth: String,
    /// The columns that hold the score of each class.
    pub scores: Vec<String>,
    /// What the classes are called.
    pub names: Vec<String>,
    /// Bins that everything is told in, beside all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<RawBins>,
    /// A column of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// Columns that say whether something is there, such as a group of detectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<String>,
    /// The collection whose members are measured, such as `Hit` of `Hit_x`; rows unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// A validated `multiclass`.
#[derive(Debug, Clone, PartialEq)]
pub struct MulticlassSpec {
    raw: RawMulticlass,
    /// How scores of one class against the rest are counted.
    ranking: RankingSpec,
}

impl MulticlassSpec {
    /// The column that holds the number of the class.
    #[must_use]
    pub fn truth(&self) -> &str {
        &self.raw.truth
    }

    /// The columns that hold the score of each class.
    #[must_use]
    pub fn scores(&self) -> &[String] {
        &self.raw.scores
    }

    /// What the classes are called.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.raw.names
    }

    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.raw.weight.as_deref()
    }

    /// Columns that say whether something is there.
    #[must_use]
    pub fn masks(&self) -> &[String] {
        &self.raw.masks
    }

    /// The column and the edges of the bins, where there are any.
    #[must_use]
    pub fn bins(&self) -> Option<(&str, &[f64])> {
        let bins = self.raw.bins.as_ref()?;
        Some((&bins.column, &bins.edges))
    }

    /// One a bin, and one for what is in none.
    pub(in crate::metric) fn cells(&self) -> usize {
        bins::cells(self.raw.bins.as_ref())
    }

    /// The cell of a row by its value of the column of the bins.
    pub(super) fn cell_of(&self, value: Option<f64>) -> usize {
        bins::cell_of(self.raw.bins.as_ref(), value)
    }

    pub(in crate::metric) fn ranking(&self) -> &RankingSpec {
        &self.ranking
    }
}

impl Kind for MulticlassSpec {
    type Raw = RawMulticlass;

    fn read(section: &mut Section<'_>) -> Option<RawMulticlass> {
        let truth = section.required_text("truth");
        let scores = section.required("scores", Section::texts);
        let names = section.required("names", Section::texts);
        let bins = bins::read(section);
        let weight = section.text("weight");
        let masks = section.texts("masks");
        let over = section.text("over");
        Some(RawMulticlass {
            truth: truth?,
            scores: scores?,
            names: names?,
            bins,
            weight,
            masks: masks.unwrap_or_default(),
            over,
        })
    }

    fn try_new(raw: &RawMulticlass) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "multiclass.truth", &raw.truth);
        check_names(&mut errors, "multiclass.scores", &raw.scores);
        check_names(&mut errors, "multiclass.names", &raw.names);
        check_names(&mut errors, "multiclass.masks", &raw.masks);
        check_over(&mut errors, "multiclass", raw.over.as_ref());
        let classes = raw.scores.len();
        if !(2..=MAX_CLASSES).contains(&classes) {
            errors.push(format!(
                "multiclass.scores: {classes} classes, expected 2 to {MAX_CLASSES}"
            ));
        }
        if raw.names.len() != classes {
            errors.push(format!(
                "multiclass.names: {} names for {classes} scores",
                raw.names.len()
            ));
        }
        if let Some(taken) = raw
            .names
            .iter()
            .find(|name| AVERAGES.contains(&name.as_str()))
        {
            errors.push(format!(
                "multiclass.names: `{taken}` is the name of an average"
            ));
        }
        if let Some(weight) = &raw.weight {
            check_name(&mut errors, "multiclass.weight", weight);
        }
        bins::check(&mut errors, "multiclass", raw.bins.as_ref());
        let ranking = RankingSpec::of_counts(FILLED_BINS, raw.weight.as_ref());
        let raw = raw.clone();
        done(errors, Self { raw, ranking })
    }

    fn to_raw(&self) -> RawMulticlass {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawMulticlass {
            truth,
            scores,
            names,
            bins,
            weight,
            masks,
            over,
        } = &self.raw;
        let mut hash = FieldHash::of("multiclass");
        hash.text("truth", truth)
            .texts("scores", scores)
            .texts("names", names)
            .text_if("weight", weight.as_ref())
            .texts("masks", masks)
            .text_if("over", over.as_ref());
        bins::add(&mut hash, bins.as_ref());
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let bins = self.raw.bins.iter().map(|bins| &bins.column);
        std::iter::once(&self.raw.truth)
            .chain(&self.raw.scores)
            .chain(bins)
            .chain(&self.raw.weight)
            .chain(&self.raw.masks)
            .collect()
    }

    fn over(&self) -> Option<&str> {
        self.raw.over.as_deref()
    }

    fn most_bytes(&self) -> u64 {
        let sums = 2 * size_of::<ExactSum>() as u64;
        let amount = 2 * COUNT + self.weight().map_or(0, |_| sums);
        let classes = self.scores().len() as u64;
        let masks = self.masks().len() as u64;
        let scores = self.ranking.most_bytes();
        let of_cell = classes * (classes + masks) * amount + classes * scores;
        (1 + self.cells() as u64) * of_cell
    }
}

/// What stands in the place of a class where several are put together.
pub(in crate::metric) const AVERAGES: [&str; 3] = ["macro", "weighted", "micro"];

impl fmt::Display for MulticlassSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.raw.names.join(", ");
        write!(f, "multiclass of {} ({names})", self.raw.truth)
    }
}
