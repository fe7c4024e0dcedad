//! `multilabel` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::bins::{self, RawBins};
use crate::metric::check::{check_names, check_over, done};
use crate::metric::kind::Kind;
use crate::metric::multiclass::AVERAGES;
use crate::metric::ranking::RankingSpec;
use crate::section::Section;

/// Labels, at most: memory is taken for each pair of them.
const MAX_LABELS: usize = 64;
/// Bins that each label fills at most in the counts that areas are made of.
const FILLED_BINS: u32 = 2_048;
/// The score from which a row is taken for a label, unless told.
const THRESHOLD: f64 = 0.5;
/// Bytes of a count.
const COUNT: u64 = 8;

/// How well scores tell labels apart of which several may be true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawMultilabel {
    /// The columns that say whether each label is true.
    pub truths: Vec<String>,
    /// The columns that hold the score of each label.
    pub scores: Vec<String>,
    /// What the labels are called.
    pub names: Vec<String>,
    /// The scores from which a row is taken for each label; 0.5 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Vec<f64>>,
    /// Bins that everything is told in, beside all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<RawBins>,
    /// The collection whose members are measured, such as `Hit` of `Hit_x`; rows unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// A validated `multilabel`.
#[derive(Debug, Clone, PartialEq)]
pub struct MultilabelSpec {
    raw: RawMultilabel,
    /// How scores of one label are counted.
    ranking: RankingSpec,
}

impl MultilabelSpec {
    /// The columns that say whether each label is true.
    #[must_use]
    pub fn truths(&self) -> &[String] {
        &self.raw.truths
    }

    /// The columns that hold the score of each label.
    #[must_use]
    pub fn scores(&self) -> &[String] {
        &self.raw.scores
    }

    /// What the labels are called.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.raw.names
    }

    /// The scores from which a row is taken for each label.
    #[must_use]
    pub fn thresholds(&self) -> Vec<f64> {
        let given = self.raw.thresholds.clone();
        given.unwrap_or_else(|| vec![THRESHOLD; self.raw.scores.len()])
    }

    /// The column and the edges of the bins, where there are any.
    #[must_use]
    pub fn bins(&self) -> Option<(&str, &[f64])> {
        let bins = self.raw.bins.as_ref()?;
        Some((&bins.column, &bins.edges))
    }

    pub(super) fn cells(&self) -> usize {
        bins::cells(self.raw.bins.as_ref())
    }

    pub(super) fn cell_of(&self, value: Option<f64>) -> usize {
        bins::cell_of(self.raw.bins.as_ref(), value)
    }

    pub(super) fn ranking(&self) -> &RankingSpec {
        &self.ranking
    }
}

impl Kind for MultilabelSpec {
    type Raw = RawMultilabel;

    fn read(section: &mut Section<'_>) -> Option<RawMultilabel> {
        let truths = section.required("truths", Section::texts);
        let scores = section.required("scores", Section::texts);
        let names = section.required("names", Section::texts);
        let thresholds = section.floats("thresholds");
        let bins = bins::read(section);
        let over = section.text("over");
        Some(RawMultilabel {
            truths: truths?,
            scores: scores?,
            names: names?,
            thresholds,
            bins,
            over,
        })
    }

    fn try_new(raw: &RawMultilabel) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_names(&mut errors, "multilabel.truths", &raw.truths);
        check_names(&mut errors, "multilabel.scores", &raw.scores);
        check_names(&mut errors, "multilabel.names", &raw.names);
        let labels = raw.scores.len();
        if !(1..=MAX_LABELS).contains(&labels) {
            errors.push(format!(
                "multilabel.scores: {labels} labels, expected 1 to {MAX_LABELS}"
            ));
        }
        let thresholds = raw.thresholds.as_ref();
        let lengths = [
            ("truths", Some(raw.truths.len())),
            ("names", Some(raw.names.len())),
            ("thresholds", thresholds.map(Vec::len)),
        ];
        for (key, length) in lengths {
            if let Some(length) = length.filter(|length| *length != labels) {
                errors.push(format!("multilabel.{key}: {length} for {labels} scores"));
            }
        }
        if thresholds.is_some_and(|all| all.iter().any(|least| !least.is_finite())) {
            errors.push(String::from(
                "multilabel.thresholds: expected finite numbers",
            ));
        }
        let taken = raw
            .names
            .iter()
            .find(|name| AVERAGES.contains(&name.as_str()));
        if let Some(taken) = taken {
            errors.push(format!(
                "multilabel.names: `{taken}` is the name of an average"
            ));
        }
        bins::check(&mut errors, "multilabel", raw.bins.as_ref());
        check_over(&mut errors, "multilabel", raw.over.as_ref());
        let ranking = RankingSpec::of_counts(FILLED_BINS, None);
        let raw = raw.clone();
        done(errors, Self { raw, ranking })
    }

    fn to_raw(&self) -> RawMultilabel {
        self.raw.clone()
    }

    fn hash(&self) -> FieldHash {
        let RawMultilabel {
            truths,
            scores,
            names,
            thresholds,
            bins,
            over,
        } = &self.raw;
        let mut hash = FieldHash::of("multilabel");
        hash.texts("truths", truths)
            .texts("scores", scores)
            .texts("names", names)
            .text_if("over", over.as_ref());
        for least in thresholds.iter().flatten() {
            hash.float("threshold", *least);
        }
        bins::add(&mut hash, bins.as_ref());
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let bins = self.raw.bins.iter().map(|bins| &bins.column);
        let truths = self.raw.truths.iter();
        truths.chain(&self.raw.scores).chain(bins).collect()
    }

    fn over(&self) -> Option<&str> {
        self.raw.over.as_deref()
    }

    fn most_bytes(&self) -> u64 {
        let labels = self.scores().len() as u64;
        let of_cell = labels * (labels * COUNT + self.ranking.most_bytes());
        (1 + self.cells() as u64) * of_cell
    }
}

impl fmt::Display for MultilabelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "multilabel of {}", self.raw.truths.join(", "))
    }
}
