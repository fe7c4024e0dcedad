//! `drift` as a campaign file writes it, and as it cannot be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key_range::KeyRange;
use crate::field_hash::FieldHash;
use crate::metric::check::{check_name, check_names, done};
use crate::metric::kind::{Kind, StageNames};
use crate::section::Section;

/// How columns move with a key such as the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDrift {
    /// The integer column whose values are compared with one another.
    pub by: String,
    /// Numeric columns.
    pub columns: Vec<String>,
    /// Labels whose fired fraction is followed; the stage's labels unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// Values of the key, and ranges such as `278820-278900`, that all are compared with; unless told each is
    /// compared with all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// A population stability index above which a column is said to have moved; beyond what it is on
    /// average when nothing moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<f64>,
    /// A column of weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
}

/// A validated `drift`.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftSpec {
    by: String,
    columns: Vec<String>,
    labels: Option<Vec<String>>,
    reference: Option<KeyRange>,
    alarm: Option<f64>,
    weight: Option<String>,
}

impl DriftSpec {
    /// The column of weights.
    #[must_use]
    pub fn weight(&self) -> Option<&str> {
        self.weight.as_deref()
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

    /// Values of the key that all are compared with.
    #[must_use]
    pub fn reference(&self) -> Option<&KeyRange> {
        self.reference.as_ref()
    }

    /// A population stability index above which a column is said to have moved.
    #[must_use]
    pub fn alarm(&self) -> Option<f64> {
        self.alarm
    }
}

impl Kind for DriftSpec {
    type Raw = RawDrift;

    fn read(section: &mut Section<'_>) -> Option<RawDrift> {
        let by = section.required_text("by");
        let columns = section.required("columns", Section::texts);
        let labels = section.texts("labels");
        let reference = section.text("reference");
        let alarm = section.float("alarm");
        let weight = section.text("weight");
        Some(RawDrift {
            by: by?,
            columns: columns?,
            labels,
            reference,
            alarm,
            weight,
        })
    }

    fn try_new(raw: &RawDrift) -> Result<Self, Vec<String>> {
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
        if let Some(weight) = &raw.weight {
            check_name(&mut errors, "drift.weight", weight);
        }
        let raw = raw.clone();
        let reference = raw.reference.map(|text| text.parse::<KeyRange>());
        let reference = reference.transpose().unwrap_or_else(|error| {
            errors.push(format!("drift.reference: {error}"));
            None
        });
        if let Some(alarm) = raw
            .alarm
            .filter(|alarm| !(alarm.is_finite() && *alarm > 0.0))
        {
            errors.push(format!("drift.alarm: expected more than 0, found {alarm}"));
        }
        done(
            errors,
            Self {
                by: raw.by,
                columns: raw.columns,
                labels: raw.labels,
                reference,
                alarm: raw.alarm,
                weight: raw.weight,
            },
        )
    }

    fn to_raw(&self) -> RawDrift {
        RawDrift {
            by: self.by.clone(),
            columns: self.columns.clone(),
            labels: self.labels.clone(),
            reference: self.reference.as_ref().map(KeyRange::to_string),
            alarm: self.alarm,
            weight: self.weight.clone(),
        }
    }

    fn hash(&self) -> FieldHash {
        let Self {
            by,
            columns,
            labels,
            reference,
            alarm,
            weight,
        } = self;
        let mut hash = FieldHash::of("drift");
        hash.text("by", by)
            .texts("columns", columns)
            .texts("labels", labels.as_deref().unwrap_or_default())
            .text_if("reference", reference.as_ref().map(KeyRange::to_string))
            .text_if("alarm", alarm.map(|alarm| alarm.to_string()))
            .text_if("weight", weight.as_ref());
        hash
    }

    fn columns(&self) -> Vec<&String> {
        let by = std::iter::once(&self.by);
        let columns = by.chain(&self.columns).chain(self.labels());
        columns.chain(&self.weight).collect()
    }

    fn needs_events(&self) -> bool {
        !self.labels().is_empty()
    }

    fn follow(&mut self, stage: &StageNames) {
        self.labels.get_or_insert_with(|| stage.labels.clone());
    }

    fn most_bytes(&self) -> u64 {
        0
    }
}

impl fmt::Display for DriftSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let followed = self.columns.iter().chain(self.labels());
        let followed: Vec<&str> = followed.map(String::as_str).collect();
        write!(f, "drift of {} by {}", followed.join(", "), self.by)?;
        match &self.reference {
            Some(reference) => write!(f, " against {reference}"),
            None => Ok(()),
        }
    }
}
