//! `importance` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::field_hash::FieldHash;
use crate::metric::check::{check_name, check_names, done};
use crate::metric::kind::{Kind, StageNames};
use crate::metric::ranking::{Per, RankingSpec};
use crate::section::Section;
use crate::suggest::nearest;

/// Rows of a shard that are scored again unless told.
const SAMPLE: u32 = 2_000;
/// The fewest and the most.
const SAMPLES: std::ops::RangeInclusive<u32> = 100..=100_000;
/// Groups of events, by which errors are found.
pub(in crate::metric) const GROUPS: usize = 10;
/// Bins that each class of a group fills at most.
const FILLED_BINS: u32 = 2_048;

/// How much each feature of a model matters for the ranking of a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawImportance {
    /// The model of the stage.
    pub model: String,
    /// The column that holds the truth, Boolean or integer.
    pub label: String,
    /// The model's column that ranks it; its only one unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<String>,
    /// `"row"` (the default) or `"event"`.
    #[serde(default)]
    pub per: Per,
    /// Its inputs that are shuffled, one at a time; all unless told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Rows of a shard that are scored again, at most; 2,000 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<u32>,
}

/// A validated `importance`.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportanceSpec {
    model: String,
    label: String,
    score: Option<String>,
    per: Per,
    features: Vec<String>,
    sample: u32,
    /// How scores are counted.
    ranking: RankingSpec,
}

impl ImportanceSpec {
    /// The model of the stage.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The column that holds the truth.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The model's column that ranks it; nothing before the stage is known.
    #[must_use]
    pub fn score(&self) -> &str {
        self.score.as_deref().unwrap_or_default()
    }

    /// Whether events are ranked, by their best candidate, and not rows.
    #[must_use]
    pub fn per_event(&self) -> bool {
        self.per == Per::Event
    }

    /// The inputs that are shuffled, one at a time.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// Rows of a shard that are scored again, at most.
    #[must_use]
    pub fn sample(&self) -> usize {
        self.sample as usize
    }

    pub(in crate::metric) fn ranking(&self) -> &RankingSpec {
        &self.ranking
    }
}

impl Kind for ImportanceSpec {
    type Raw = RawImportance;

    fn read(section: &mut Section<'_>) -> Option<RawImportance> {
        let pers = [("row", Per::Row), ("event", Per::Event)];
        let model = section.required_text("model");
        let label = section.required_text("label");
        let score = section.text("score");
        let per = section.choice("per", &pers).unwrap_or_default();
        let features = section.texts("features").unwrap_or_default();
        let sample = section
            .value("sample")
            .and_then(|_| section.count("sample"));
        Some(RawImportance {
            model: model?,
            label: label?,
            score,
            per,
            features,
            sample,
        })
    }

    fn try_new(raw: &RawImportance) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        check_name(&mut errors, "importance.model", &raw.model);
        check_name(&mut errors, "importance.label", &raw.label);
        check_names(&mut errors, "importance.features", &raw.features);
        if let Some(score) = &raw.score {
            check_name(&mut errors, "importance.score", score);
        }
        let sample = raw.sample.unwrap_or(SAMPLE);
        if !SAMPLES.contains(&sample) {
            let [least, most] = [SAMPLES.start(), SAMPLES.end()];
            errors.push(format!(
                "importance.sample: {sample} rows of a shard, expected {least} to {most}"
            ));
        }
        let ranking = RankingSpec::of_counts(FILLED_BINS, None);
        let raw = raw.clone();
        done(
            errors,
            Self {
                model: raw.model,
                label: raw.label,
                score: raw.score,
                per: raw.per,
                features: raw.features,
                sample,
                ranking,
            },
        )
    }

    fn to_raw(&self) -> RawImportance {
        RawImportance {
            model: self.model.clone(),
            label: self.label.clone(),
            score: self.score.clone(),
            per: self.per,
            features: self.features.clone(),
            sample: Some(self.sample),
        }
    }

    fn hash(&self) -> FieldHash {
        let Self {
            model,
            label,
            score,
            per,
            features,
            sample,
            ranking: _,
        } = self;
        let mut hash = FieldHash::of("importance");
        hash.text("model", model)
            .text("label", label)
            .text_if("score", score.as_ref())
            .flag("per_event", *per == Per::Event)
            .texts("features", features)
            .number("sample", (*sample).into());
        hash
    }

    fn columns(&self) -> Vec<&String> {
        std::iter::once(&self.label).chain(&self.score).collect()
    }

    fn needs_events(&self) -> bool {
        self.per_event()
    }

    fn follow(&mut self, stage: &StageNames) {
        let Some(model) = stage.models.iter().find(|model| model.name == self.model) else {
            return;
        };
        if let ([only], None) = (model.columns.as_slice(), &self.score) {
            self.score = Some(only.clone());
        }
        if self.features.is_empty() {
            for input in &model.inputs {
                if !self.features.contains(input) {
                    self.features.push(input.clone());
                }
            }
        }
    }

    fn wrong_in(&self, stage: &StageNames) -> Vec<String> {
        let names = || stage.models.iter().map(|model| model.name.as_str());
        let Some(model) = stage.models.iter().find(|model| model.name == self.model) else {
            let hint = match nearest(&self.model, names()) {
                Some(near) => format!("; did you mean {near}?"),
                None => String::new(),
            };
            return vec![format!(
                "importance.model: \"{}\" is no model of this stage{hint}",
                self.model
            )];
        };
        if !model.is_of_rows {
            return vec![String::from(
                "importance.model: features of graphs and of BDT configurations are not shuffled in \
                 this version: name a model of rows",
            )];
        }
        let mut wrong = Vec::new();
        match &self.score {
            None if model.columns.len() > 1 => wrong.push(format!(
                "importance.score: the model has {}: name the one that ranks {}",
                model.columns.join(", "),
                self.label
            )),
            Some(score) if !model.columns.contains(score) => wrong.push(format!(
                "importance.score: \"{score}\" is no column of the model, which has {}",
                model.columns.join(", ")
            )),
            _ => {}
        }
        let unknown = self
            .features
            .iter()
            .filter(|name| !model.inputs.contains(name));
        wrong.extend(unknown.map(|name| {
            format!(
                "importance.features: \"{name}\" is no input of the model, which has {}",
                model.inputs.join(", ")
            )
        }));
        wrong
    }

    fn most_bytes(&self) -> u64 {
        let shuffled = self.features.len() as u64 + 1;
        shuffled * GROUPS as u64 * self.ranking.most_bytes()
    }
}

impl fmt::Display for ImportanceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "importance of the features of {} for {}",
            self.model, self.label
        )
    }
}
