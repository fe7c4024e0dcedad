//! `ranking` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::goal::Goal;

use crate::field_hash::FieldHash;
use crate::metric::check::{add_axis, check_axis, check_name, check_over, done};
use crate::metric::cut_flow::{CutFlow, Unit};
use crate::metric::dropped::Dropped;
use crate::metric::kind::Kind;
use crate::metric::weight_tally::BIN_BYTES;
use crate::section::Section;

/// Bins of a ranking's range unless told: 2^16, so that edges on `[0, 1]` are exact.
const RANKING_BINS: u32 = 65_536;
/// Bins that each class fills at most in a ranking without a range unless told: three characters
/// each in a marker, as a rule.
const FILLED_BINS: u32 = 32_768;
/// Either of them with weights, whose sums take some fifty characters.
const WEIGHED_BINS: u32 = 8_192;
/// Working points that a campaign may state.
const MOST_TARGETS: usize = 50;
/// Bytes of a count.
const COUNT: u64 = 8;

/// What a ranking counts once: a row, or an event by its best candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Every row counts once.
    #[default]
    Row,
    /// Every event counts once (and every row, in a second population).
    Event,
}

/// How well a score ranks a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawRanking {
    /// The column that holds the truth, Boolean or integer.
    pub label: String,
    /// The column that holds the score.
    pub score: String,
    /// `"row"` (the default) or `"event"`.
    #[serde(default)]
    pub per: Per,
    /// Bins of the range, 65,536 unless told; without a range the most that each class fills,
    /// 32,768 unless told; with weights 8,192.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<u32>,
    /// Range of the score; unless told the bins follow the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// Working points that are to be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<RawTargets>,
    /// A column of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
    /// The collection whose members are measured, such as `Hit` of `Hit_x`; rows unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// Working points that are to be found: fractions, each above 0 and at most 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawTargets {
    /// Of the positives, at least these are selected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub efficiency: Vec<f64>,
    /// Of what is selected, at least these are positives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub precision: Vec<f64>,
    /// Of everything, at most these are selected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rate: Vec<f64>,
}

/// A validated `ranking`.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingSpec {
    label: String,
    score: String,
    per_event: bool,
    bins: u32,
    range: Option<[f64; 2]>,
    targets: Vec<Goal>,
    weight: Option<String>,
    over: Option<String>,
}

impl RankingSpec {
    /// What kinds that count scores of rows with labels by themselves count them in: no more than so many
    /// bins of each class, which follow the scores; with sums of weights where there are weights.
    pub(in crate::metric) fn of_counts(bins: u32, weight: Option<&String>) -> Self {
        Self {
            label: "label".to_owned(),
            score: "score".to_owned(),
            per_event: false,
            bins,
            range: None,
            targets: Vec::new(),
            weight: weight.cloned(),
            over: None,
        }
    }

    /// The column that holds the truth.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The column that holds the score.
    #[must_use]
    pub fn score(&self) -> &str {
        &self.score
    }

    /// Whether events are ranked, by their best candidate, beside rows.
    #[must_use]
    pub fn per_event(&self) -> bool {
        self.per_event
    }

    /// Bins of the range; without one, the most bins that each class fills.
    #[must_use]
    pub fn bins(&self) -> u32 {
        self.bins
    }

    /// Range of the score; without one the bins follow the scores. Scores outside are counted, and
    /// those on one side are ties of one another.
    #[must_use]
    pub fn range(&self) -> Option<[f64; 2]> {
        self.range
    }

    /// Working points that are to be found.
    #[must_use]
    pub fn targets(&self) -> &[Goal] {
        &self.targets
    }

    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
    }

    /// Whether the score may be a probability: no other range than `[0, 1]` is given.
    #[must_use]
    pub(crate) fn may_be_probability(&self) -> bool {
        let is_unit = |range: [f64; 2]| range.map(f64::to_bits) == [0.0, 1.0].map(f64::to_bits);
        self.range.is_none_or(is_unit)
    }
}

impl Kind for RankingSpec {
    type Raw = RawRanking;

    fn read(section: &mut Section<'_>) -> Option<RawRanking> {
        let pers = [("row", Per::Row), ("event", Per::Event)];
        let label = section.required_text("label");
        let score = section.required_text("score");
        let per = section.choice("per", &pers).unwrap_or_default();
        let bins = section.count("bins");
        let range = section.range("range");
        let targets = section.section("targets").map(|mut targets| {
            let mut list = |key| targets.floats(key).unwrap_or_default();
            let read = RawTargets {
                efficiency: list("efficiency"),
                precision: list("precision"),
                rate: list("rate"),
            };
            targets.finish();
            read
        });
        let weight = section.text("weight");
        let over = section.text("over");
        Some(RawRanking {
            label: label?,
            score: score?,
            per,
            bins,
            range,
            targets,
            weight,
            over,
        })
    }

    fn try_new(raw: &RawRanking) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "ranking.label", &raw.label);
        check_name(&mut errors, "ranking.score", &raw.score);
        if !raw.label.is_empty() && raw.label == raw.score {
            errors.push(format!("ranking.score: `{}` is also the label", raw.score));
        }
        check_over(&mut errors, "ranking", raw.over.as_ref());
        let range = raw.range;
        if let Some(weight) = &raw.weight {
            check_name(&mut errors, "ranking.weight", weight);
        }
        let usual = match (&raw.weight, range) {
            (Some(_), _) => WEIGHED_BINS,
            (None, Some(_)) => RANKING_BINS,
            (None, None) => FILLED_BINS,
        };
        let bins = raw.bins.unwrap_or(usual);
        check_axis(&mut errors, "ranking", bins, range.unwrap_or([0.0, 1.0]));
        let per_event = raw.per == Per::Event;
        let (label, score) = (raw.label.clone(), raw.score.clone());
        let targets = raw.targets.as_ref();
        let targets = targets.map_or_else(Vec::new, |targets| goals(&mut errors, targets));
        done(
            errors,
            Self {
                label,
                score,
                per_event,
                bins,
                range,
                targets,
                weight: raw.weight.clone(),
                over: raw.over.clone(),
            },
        )
    }

    fn to_raw(&self) -> RawRanking {
        let per = if self.per_event { Per::Event } else { Per::Row };
        RawRanking {
            label: self.label.clone(),
            score: self.score.clone(),
            per,
            bins: Some(self.bins),
            range: self.range,
            targets: (!self.targets.is_empty()).then(|| {
                let mut raw = RawTargets::default();
                for goal in &self.targets {
                    match goal {
                        Goal::Efficiency(value) => raw.efficiency.push(*value),
                        Goal::Precision(value) => raw.precision.push(*value),
                        Goal::Rate(value) => raw.rate.push(*value),
                    }
                }
                raw
            }),
            weight: self.weight.clone(),
            over: self.over.clone(),
        }
    }

    fn hash(&self) -> FieldHash {
        let Self {
            label,
            score,
            per_event,
            bins,
            range,
            targets,
            weight,
            over,
        } = self;
        let mut hash = FieldHash::of("ranking");
        hash.text("label", label)
            .text("score", score)
            .text_if("over", over.as_ref())
            .flag("per_event", *per_event)
            .text_if("weight", weight.as_ref());
        add_axis(&mut hash, *bins, *range);
        if !targets.is_empty() {
            hash.texts("targets", targets.iter().map(Goal::to_string));
        }
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let both = [&self.label, &self.score].into_iter();
        both.chain(&self.weight).collect()
    }

    fn over(&self) -> Option<&str> {
        self.over.as_deref()
    }

    fn needs_events(&self) -> bool {
        self.per_event
    }

    fn most_bytes(&self) -> u64 {
        // Of each class, of rows and of events.
        let tallies = if self.per_event { 4 } else { 2 };
        // Without a range, a bin is kept with its number.
        let of_bin = self.range.map_or(2 * COUNT, |_| COUNT);
        let of_weights = self.weight.as_ref().map_or(0, |_| BIN_BYTES);
        u64::from(self.bins) * (of_bin + of_weights) * tallies
    }

    fn add_dropped(&self, dropped: Dropped, cut_flow: &mut CutFlow) {
        // Members are no rows of the cut flow.
        if self.over.is_some() {
            return;
        }
        let name = match &self.weight {
            Some(weight) => format!("dropped, {} or {weight} not a number", self.score),
            None => format!("dropped, {} not a number", self.score),
        };
        cut_flow.add(&name, Unit::Events, dropped.events);
        cut_flow.add(&name, Unit::Rows, dropped.rows);
    }
}

/// The goals, in order, each once.
fn goals(errors: &mut Vec<String>, targets: &RawTargets) -> Vec<Goal> {
    let RawTargets {
        efficiency,
        precision,
        rate,
    } = targets;
    let efficiency = efficiency.iter().copied().map(Goal::Efficiency);
    let precision = precision.iter().copied().map(Goal::Precision);
    let all = efficiency.chain(precision);
    let all = all.chain(rate.iter().copied().map(Goal::Rate));
    let mut found: Vec<Goal> = Vec::new();
    for goal in all {
        let (Goal::Efficiency(value) | Goal::Precision(value) | Goal::Rate(value)) = goal;
        if !(value > 0.0 && value <= 1.0) {
            errors.push(format!(
                "ranking.targets: {goal}: expected a fraction above 0 and at most 1"
            ));
        } else if !found.contains(&goal) {
            found.push(goal);
        }
    }
    if found.len() > MOST_TARGETS {
        errors.push(format!(
            "ranking.targets: {} of them, at most {MOST_TARGETS} are found",
            found.len()
        ));
    }
    found
}

impl fmt::Display for RankingSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ranking of {} by {}", self.label, self.score)?;
        match &self.weight {
            Some(weight) => write!(f, " with the weight {weight}"),
            None => Ok(()),
        }
    }
}
