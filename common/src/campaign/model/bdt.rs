//! `bdt_config`: models in bins of centrality and transverse momentum, and cuts on their scores, as
//! a configuration for ALICE's O2 says.

use serde::Serialize;

use crate::bdt_config::{BdtConfig, CLASSES};
use crate::section::Section;

/// What becomes of candidates that are in a bin and do not pass its cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BdtMode {
    /// They are left out of the table, as a step of the cut flow.
    #[default]
    Select,
    /// They are kept with their scores.
    Score,
}

/// Where a BDT configuration and its models come from, and what is done with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BdtSource {
    /// The configuration, as written, relative to the campaign file.
    pub config: String,
    /// Where its models are: a folder, `s3://…`, or `ccdb+http://…` (or `https`).
    pub models: String,
    /// Paths of the models in a CCDB, where they are not the names of the files.
    pub paths: Vec<String>,
    /// The time that they are to be valid at, in milliseconds; now when absent.
    pub timestamp: Option<i64>,
    /// Which candidates are kept.
    pub mode: BdtMode,
    /// The column of a Binary model's scores that is cut on; the first one when absent, as in O2.
    pub score_column: Option<usize>,
    /// The columns that it adds; more than there are as long as the configuration was not read.
    pub columns: Vec<String>,
    /// Whether what the configuration says is known.
    pub is_read: bool,
}

impl BdtSource {
    /// The column of the bin, of a model of this name.
    #[must_use]
    pub fn bin_column(model: &str) -> String {
        format!("{model}_bin")
    }

    /// The columns of a model of this name: a score for each class, and the bin.
    #[must_use]
    pub fn columns_of(model: &str, classes: &[&str]) -> Vec<String> {
        let scores = classes.iter().map(|class| format!("{model}_{class}"));
        scores.chain([Self::bin_column(model)]).collect()
    }

    /// Names of models in a configuration that are not where models are, by their place in it, and why: a
    /// configuration may come from elsewhere, and reads no other files of whoever uses it.
    #[must_use]
    pub fn misplaced(&self, config: &BdtConfig) -> Vec<(usize, String)> {
        if !self.paths.is_empty() {
            return Vec::new();
        }
        let models = &self.models;
        let why = |name: &String| {
            if name.split('/').any(|part| part == "..") {
                return Some(format!(
                    "{name:?} leads out of where models are, {models:?}: let models be the folder above all \
                     of them, and this the path below it"
                ));
            }
            (name.starts_with('/') && models.starts_with("s3://")).then(|| {
                format!(
                    "{name:?} is a file of one machine, and models are below {models:?}: give the path below it"
                )
            })
        };
        let names = config.model_files.iter().enumerate();
        names
            .filter_map(|(number, name)| Some((number, why(name)?)))
            .collect()
    }

    /// Whether a configuration names files of this machine by all of their path, which are read where they are, as O2
    /// does.
    #[must_use]
    pub fn names_absolute_files(&self, config: &BdtConfig) -> bool {
        let mut names = config.model_files.iter();
        self.paths.is_empty() && !is_ccdb(&self.models) && names.any(|name| name.starts_with('/'))
    }

    /// Where the models of a configuration are, in its order, by what a file is asked for.
    #[must_use]
    pub fn files(&self, config: &BdtConfig) -> Vec<String> {
        let folder = self.models.trim_end_matches('/');
        let names = match self.paths.is_empty() {
            true => &config.model_files,
            false => &self.paths,
        };
        let file = |name: &String| match is_ccdb(&self.models) {
            true => {
                let name = name.trim_start_matches('/');
                format!("{folder}/{name}/{}", self.timestamp.unwrap_or(-1))
            }
            false if name.starts_with('/') => name.clone(),
            false => format!("{folder}/{name}"),
        };
        names.iter().map(file).collect()
    }

    pub(super) fn read(section: &mut Section<'_>, name: &str) -> Option<Self> {
        let config = section.required_text("bdt_config");
        let models = section.required_text("models");
        let modes = [("select", BdtMode::Select), ("score", BdtMode::Score)];
        let mode = section.choice("mode", &modes).unwrap_or_default();
        let score_column = section.count("score_column").map(|column| column as usize);
        let paths = section.texts("model_paths").unwrap_or_default();
        let timestamp = section.integer("timestamp");
        for key in ["onnx", "folds", "inputs", "outputs", "class"] {
            if section.value(key).is_some() {
                let message = "is what the BDT configuration says: take it out, or bdt_config";
                section.problem(key, message);
            }
        }
        let is_plain =
            |place: &String| place.starts_with("http://") || place.starts_with("https://");
        if let Some(place) = models.as_ref().filter(|place| is_plain(place)) {
            let message = format!("a CCDB is written \"ccdb+{place}\"; from elsewhere, fetch them");
            section.problem("models", &message);
        }
        let is_ccdb = models.as_deref().is_some_and(is_ccdb);
        for key in ["model_paths", "timestamp"] {
            if section.value(key).is_some() && !is_ccdb {
                let message = "is of models in a CCDB: models = \"ccdb+http://…\"";
                section.problem(key, message);
            }
        }
        Some(Self {
            config: config?,
            models: models?,
            paths,
            timestamp,
            mode,
            score_column,
            columns: Self::columns_of(name, &CLASSES),
            is_read: false,
        })
    }
}

/// Whether a place is a CCDB.
#[must_use]
pub fn is_ccdb(place: &str) -> bool {
    ["ccdb+http://", "ccdb+https://"]
        .iter()
        .any(|scheme| place.starts_with(scheme))
}
