//! Metrics that cannot be wrong: validated names, bins and ranges.

use super::multiclass::MulticlassSpec;
use super::raw::{Per, RawDrift, RawHistogram, RawMetric, RawRanking};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Bins of a ranking's range unless told: 2^16, so that edges on `[0, 1]` are exact.
const RANKING_BINS: u32 = 65_536;
/// Bins that each class fills at most in a ranking without a range unless told: three characters
/// each in a marker, as a rule.
const FILLED_BINS: u32 = 32_768;
/// Weighted bins carry two exact sums each.
const MAX_WEIGHTED_BINS: u32 = 10_000;
/// More bins than this are refused: a marker must stay small.
const MAX_BINS: u32 = 1 << 20;

/// One metric of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawMetric", into = "RawMetric")]
pub enum MetricSpec {
    /// How well a score ranks a label.
    Ranking(RankingSpec),
    /// How columns move with a key such as the run.
    Drift(DriftSpec),
    /// Counts of a column in equal bins.
    Histogram(HistogramSpec),
    /// How well the scores of several classes tell them apart.
    Multiclass(MulticlassSpec),
}

/// A validated `ranking`.
#[derive(Debug, Clone, PartialEq)]
pub struct RankingSpec {
    label: String,
    score: String,
    per_event: bool,
    bins: u32,
    range: Option<[f64; 2]>,
}

/// A validated `drift`.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftSpec {
    by: String,
    columns: Vec<String>,
    labels: Option<Vec<String>>,
}

/// A validated `histogram`.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramSpec {
    column: String,
    bins: u32,
    range: [f64; 2],
    weight: Option<String>,
}

impl fmt::Display for MetricSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranking(spec) => write!(f, "ranking of {} by {}", spec.label, spec.score),
            Self::Drift(spec) => {
                let followed: Vec<&str> = spec
                    .columns
                    .iter()
                    .chain(spec.labels())
                    .map(String::as_str)
                    .collect();
                write!(f, "drift of {} by {}", followed.join(", "), spec.by)
            }
            Self::Histogram(spec) => {
                let [low, high] = spec.range;
                write!(
                    f,
                    "histogram of {}, {} bins of [{low}, {high}]",
                    spec.column, spec.bins
                )
            }
            Self::Multiclass(spec) => spec.fmt(f),
        }
    }
}

impl MetricSpec {
    /// The columns that the metric reads, each once, in the order in which they are named.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        let mut need = |name: &String| {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        };
        match self {
            Self::Ranking(spec) => [&spec.label, &spec.score].into_iter().for_each(&mut need),
            Self::Drift(spec) => {
                need(&spec.by);
                spec.columns.iter().chain(spec.labels()).for_each(&mut need);
            }
            Self::Histogram(spec) => {
                need(&spec.column);
                spec.weight.iter().for_each(&mut need);
            }
            Self::Multiclass(spec) => spec.columns().for_each(&mut need),
        }
        columns
    }

    /// Whether the metric must know which rows belong to one event.
    #[must_use]
    pub fn needs_events(&self) -> bool {
        match self {
            Self::Ranking(spec) => spec.per_event,
            Self::Drift(spec) => !spec.labels().is_empty(),
            Self::Histogram(_) | Self::Multiclass(_) => false,
        }
    }

    /// The same metric; a drift that names no labels follows these (the stage's own).
    #[must_use]
    pub fn with_stage_labels(mut self, stage_labels: &[String]) -> Self {
        if let Self::Drift(spec) = &mut self {
            spec.labels.get_or_insert_with(|| stage_labels.to_vec());
        }
        self
    }
}

impl RankingSpec {
    pub(super) fn try_new(raw: &RawRanking) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "ranking.label", &raw.label);
        check_name(&mut errors, "ranking.score", &raw.score);
        if !raw.label.is_empty() && raw.label == raw.score {
            errors.push(format!("ranking.score: `{}` is also the label", raw.score));
        }
        let range = raw.range;
        let usual = range.map_or(FILLED_BINS, |_| RANKING_BINS);
        let bins = raw.bins.unwrap_or(usual);
        check_axis(&mut errors, "ranking", bins, range.unwrap_or([0.0, 1.0]));
        let per_event = raw.per == Per::Event;
        let (label, score) = (raw.label.clone(), raw.score.clone());
        done(
            errors,
            Self {
                label,
                score,
                per_event,
                bins,
                range,
            },
        )
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

    /// Whether the score may be a probability: no other range than `[0, 1]` is given.
    #[must_use]
    pub fn may_be_probability(&self) -> bool {
        let is_unit = |range: [f64; 2]| range.map(f64::to_bits) == [0.0, 1.0].map(f64::to_bits);
        self.range.is_none_or(is_unit)
    }
}

impl DriftSpec {
    pub(super) fn try_new(raw: &RawDrift) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "drift.by", &raw.by);
        if raw.columns.is_empty() && raw.labels.as_ref().is_none_or(Vec::is_empty) {
            errors.push("drift.columns: empty; name at least one column".into());
        }
        check_names(&mut errors, "drift.columns", &raw.columns);
        check_names(
            &mut errors,
            "drift.labels",
            raw.labels.as_deref().unwrap_or_default(),
        );
        let raw = raw.clone();
        done(
            errors,
            Self {
                by: raw.by,
                columns: raw.columns,
                labels: raw.labels,
            },
        )
    }

    /// The integer column whose values are compared with one another.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The numeric columns that are followed.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The labels whose fired fraction is followed.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.labels.as_deref().unwrap_or_default()
    }
}

impl HistogramSpec {
    pub(super) fn try_new(raw: &RawHistogram) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "histogram.column", &raw.column);
        check_axis(&mut errors, "histogram", raw.bins, raw.range);
        if let Some(weight) = &raw.weight {
            check_name(&mut errors, "histogram.weight", weight);
            if raw.bins > MAX_WEIGHTED_BINS {
                errors.push(format!(
                    "histogram.bins: {} with weights, at most {MAX_WEIGHTED_BINS}",
                    raw.bins
                ));
            }
        }
        let raw = raw.clone();
        done(
            errors,
            Self {
                column: raw.column,
                bins: raw.bins,
                range: raw.range,
                weight: raw.weight,
            },
        )
    }

    /// The column that is counted.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// The number of bins.
    #[must_use]
    pub fn bins(&self) -> u32 {
        self.bins
    }

    /// The range, `[low, high)`.
    #[must_use]
    pub fn range(&self) -> [f64; 2] {
        self.range
    }

    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
    }
}

pub(super) fn done<T>(errors: Vec<String>, value: T) -> Result<T, Vec<String>> {
    if errors.is_empty() {
        Ok(value)
    } else {
        Err(errors)
    }
}

pub(super) fn check_name(errors: &mut Vec<String>, key: &str, name: &str) {
    if name.trim().is_empty() {
        errors.push(format!("{key}: empty; name a column"));
    }
}

pub(super) fn check_names(errors: &mut Vec<String>, key: &str, names: &[String]) {
    for (position, name) in names.iter().enumerate() {
        check_name(errors, key, name);
        if names.iter().take(position).any(|earlier| earlier == name) {
            errors.push(format!("{key}: `{name}` is named twice"));
        }
    }
}

fn check_axis(errors: &mut Vec<String>, key: &str, bins: u32, [low, high]: [f64; 2]) {
    if bins == 0 || bins > MAX_BINS {
        errors.push(format!(
            "{key}.bins: {bins} is not between 1 and {MAX_BINS}"
        ));
    }
    let width = (high - low) / f64::from(bins.max(1));
    let resolved = low + width > low && high - width < high;
    if !(low.is_finite() && high.is_finite() && (high - low).is_finite() && low < high && resolved)
    {
        errors.push(format!("{key}.range: [{low}, {high}] is not a finite range with low < high that {bins} bins can divide"));
    }
}

impl From<MetricSpec> for RawMetric {
    fn from(spec: MetricSpec) -> Self {
        match spec {
            MetricSpec::Ranking(spec) => {
                let per = if spec.per_event { Per::Event } else { Per::Row };
                let (bins, range) = (Some(spec.bins), spec.range);
                let raw = RawRanking {
                    label: spec.label,
                    score: spec.score,
                    per,
                    bins,
                    range,
                };
                Self {
                    ranking: Some(raw),
                    ..Self::default()
                }
            }
            MetricSpec::Drift(spec) => {
                let raw = RawDrift {
                    by: spec.by,
                    columns: spec.columns,
                    labels: spec.labels,
                };
                Self {
                    drift: Some(raw),
                    ..Self::default()
                }
            }
            MetricSpec::Multiclass(spec) => Self {
                multiclass: Some(spec.to_raw()),
                ..Self::default()
            },
            MetricSpec::Histogram(spec) => {
                let HistogramSpec {
                    column,
                    bins,
                    range,
                    weight,
                } = spec;
                Self {
                    histogram: Some(RawHistogram {
                        column,
                        bins,
                        range,
                        weight,
                    }),
                    ..Self::default()
                }
            }
        }
    }
}

impl TryFrom<RawMetric> for MetricSpec {
    type Error = String;

    fn try_from(raw: RawMetric) -> Result<Self, String> {
        raw.validate().map_err(|errors| errors.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MetricSpec, Vec<String>> {
        toml::from_str::<RawMetric>(text)
            .map_err(|error| vec![error.to_string()])?
            .validate()
    }

    #[test]
    fn the_forms_of_a_campaign_file() {
        let ranking = parse(r#"ranking = { label = "HLT", score = "s", per = "event" }"#).unwrap();
        assert_eq!(ranking.columns(), ["HLT", "s"]);
        assert!(ranking.needs_events());
        let MetricSpec::Ranking(spec) = &ranking else {
            panic!("{ranking:?}")
        };
        assert_eq!((spec.bins(), spec.range()), (32_768, None));
        assert!(spec.may_be_probability());
        let drift = parse(r#"drift = { by = "run", columns = ["s", "m"] }"#).unwrap();
        assert!(!drift.needs_events());
        let drift = drift.with_stage_labels(&["HLT".into()]);
        assert_eq!(drift.columns(), ["run", "s", "m", "HLT"]);
        assert!(drift.needs_events());
        let text =
            r#"histogram = { column = "m", bins = 120, range = [0.0, 120.0], weight = "w" }"#;
        let histogram = parse(text).unwrap();
        assert_eq!(histogram.columns(), ["m", "w"]);
        for spec in [ranking, drift, histogram] {
            let text = serde_json::to_string(&spec).unwrap();
            assert_eq!(serde_json::from_str::<MetricSpec>(&text).unwrap(), spec);
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_key() {
        let errors =
            parse(r#"histogram = { column = "", bins = 0, range = [1.0, 1.0] }"#).unwrap_err();
        assert_eq!(errors.len(), 3, "{errors:?}");
        assert!(
            errors[2].starts_with("histogram.range: [1, 1]"),
            "{errors:?}"
        );
        for text in [
            r#"ranking = { label = "a", score = "a" }"#,
            r#"ranking = { label = "a", score = "b", range = [0.0, inf] }"#,
            r#"ranking = { label = "a", score = "b", bins = 4000000000 }"#,
            r#"ranking = { label = "a", score = "b", per = "lumi" }"#,
            r#"ranking = { label = "a", score = "b", colour = 1 }"#,
            r#"histogram = { column = "m", bins = 100, range = [1e300, 1.0000000000000002e300] }"#,
            r#"drift = { by = "run", columns = [] }"#,
            r#"drift = { by = "run", columns = ["m", "m"] }"#,
            "",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let both = "histogram = { column = \"m\", bins = 1, range = [0.0, 1.0] }\ndrift = { by = \"run\", columns = [\"m\"] }";
        assert!(parse(both).unwrap_err()[0].contains("exactly one"));
    }
}
