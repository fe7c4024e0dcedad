//! `apply`: weights of rows by a correction of a file that correctionlib reads.

use serde::Serialize;
use toml::Value;

use super::{EngineChoice, Model, ModelInputs, ModelSource, NamedInput, NanPolicy};
use crate::campaign::reading::Reading;
use crate::section::Section;

/// What becomes of a row for which the correction has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outside {
    /// It fails the shard, which names the event.
    #[default]
    Error,
    /// Its weights are NaN, which metrics leave out and count.
    Nan,
}

/// A correction, what its inputs are, and which of its variations are columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorrectionSource {
    /// The file, as written, relative to the campaign file.
    pub file: String,
    /// The name of the correction in it.
    pub correction: String,
    /// Inputs that are text, each with the same text for all rows.
    pub texts: Vec<(String, String)>,
    /// The text input whose values are variations, where the campaign names it.
    pub varied: Option<String>,
    /// Suffixes of columns, each with the variations that it is of; the usual ones when absent.
    pub variations: Option<Vec<(String, Vec<String>)>>,
    /// What becomes of rows outside of it.
    pub outside: Outside,
    /// The columns that it adds.
    pub columns: Vec<String>,
    /// Where it is in its stage: `apply`, or `apply[1]` of several.
    pub place: String,
}

/// Suffixes of the columns of variations, unless the campaign names others.
pub const USUAL: [&str; 2] = ["up", "down"];

impl Model {
    /// What a stage says in `apply`, one table or several.
    pub(in crate::campaign) fn read_applied(
        section: &mut Section<'_>,
        reading: &mut Reading,
    ) -> Vec<Self> {
        let tables = section.one_or_several("apply");
        let mut models = Vec::with_capacity(tables.len());
        for (place, mut table) in tables {
            match Self::read_apply(&mut table, place) {
                Some(model) => {
                    models.push(model);
                    reading.models.add(table.number());
                }
                None => {
                    let name = table
                        .value("name")
                        .and_then(Value::as_str)
                        .unwrap_or_default();
                    let suffixes = match table.value("variations").and_then(Value::as_table) {
                        Some(variations) => variations.keys().map(String::as_str).collect(),
                        None => USUAL.to_vec(),
                    };
                    reading.unread(name);
                    for suffix in suffixes {
                        reading.unread(&format!("{name}_{suffix}"));
                    }
                }
            }
        }
        models
    }

    fn read_apply(section: &mut Section<'_>, place: String) -> Option<Self> {
        let before = section.mistakes();
        let file = section.required_text("corrections");
        let name = section.required_text("name");
        let correction = section.text("correction");
        let (texts, inputs) = read_inputs(section);
        let varied = section.text("varied");
        let variations = read_variations(section);
        let policies = [("error", Outside::Error), ("nan", Outside::Nan)];
        let outside = section.choice("outside", &policies).unwrap_or_default();
        section.finish();
        let name = name?;
        if !is_column(&name) {
            let message = format!(
                "\"{name}\" is no name of a column: write name = \"weight\", correction = \"{name}\""
            );
            section.problem("name", message);
        }
        if section.mistakes() > before {
            return None;
        }
        let suffixes: Vec<&str> = match &variations {
            Some(variations) => variations
                .iter()
                .map(|(suffix, _)| suffix.as_str())
                .collect(),
            None => USUAL.to_vec(),
        };
        let varied_columns = suffixes.iter().map(|suffix| format!("{name}_{suffix}"));
        let columns = std::iter::once(name.clone())
            .chain(varied_columns)
            .collect();
        Some(Self {
            source: ModelSource::Correction(CorrectionSource {
                file: file?,
                correction: correction.unwrap_or_else(|| name.clone()),
                texts,
                varied,
                variations,
                outside,
                columns,
                place,
            }),
            name,
            graph: None,
            inputs: ModelInputs::Named(inputs),
            class: None,
            outputs: Vec::new(),
            nan: NanPolicy::Keep,
            engine: EngineChoice::Auto,
        })
    }
}

/// Texts in quotes, and expressions.
fn read_inputs(section: &mut Section<'_>) -> (Vec<(String, String)>, Vec<NamedInput>) {
    let (mut texts, mut inputs) = (Vec::new(), Vec::new());
    let Some(mut table) = section.section("inputs") else {
        return (texts, inputs);
    };
    for name in table.keys() {
        let Some(value) = table.text(&name) else {
            continue;
        };
        let quoted = value.strip_prefix('\'');
        match quoted.and_then(|rest| rest.strip_suffix('\'')) {
            Some(text) => texts.push((name, text.to_owned())),
            None => inputs.push(NamedInput {
                name,
                columns: vec![value],
            }),
        }
    }
    (texts, inputs)
}

/// Suffixes, each with a variation or several.
type Variations = Vec<(String, Vec<String>)>;

/// What is wrong with them is noted.
fn read_variations(section: &mut Section<'_>) -> Option<Variations> {
    let mut table = section.section("variations")?;
    let mut variations = Vec::new();
    for suffix in table.keys() {
        let of = match table.value(&suffix) {
            Some(Value::Array(_)) => table.texts(&suffix),
            _ => table.text(&suffix).map(|one| vec![one]),
        };
        if !is_column(&suffix) {
            table.problem(&suffix, "is no end of a column's name");
        }
        if of.as_ref().is_some_and(Vec::is_empty) {
            table.problem(&suffix, "is empty: name a variation of the correction");
        }
        variations.extend(of.map(|of| (suffix, of)));
    }
    Some(variations)
}

/// Whether a text is a name that a column may have.
pub(super) fn is_column(name: &str) -> bool {
    let body = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(body) && !name.starts_with(|c: char| c.is_ascii_digit())
}
