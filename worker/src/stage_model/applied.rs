//! The correction of a file whose value is a weight: found, and its inputs bound.

use std::sync::Arc;

use lumimill_common::campaign::{self, CorrectionSource, ModelInputs, NamedInput, USUAL};
use lumimill_common::suggest;
use lumimill_correction::{Correction, CorrectionFile, InputKind};

use crate::corrected::{Corrected, Slot, Variation};
use crate::model_files::ModelFiles;
use crate::score::{Wrong, sha256};

/// What stands for no variation.
const NOMINAL: &str = "nominal";

/// A correction with what it is given.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) corrected: Arc<Corrected>,
    /// The model of the campaign with an expression for each input that is a number.
    pub(super) resolved: campaign::Model,
    /// Path of the file, with its SHA-256.
    pub(super) file: (String, String),
}

/// Reads a file of corrections and binds the inputs of one. All problems are returned together.
pub(super) fn load(
    files: &ModelFiles<'_>,
    spec: &campaign::Model,
    source: &CorrectionSource,
) -> Result<Applied, Vec<Wrong>> {
    let path = &source.file;
    let at = |key: &str, message: String| vec![Wrong::at(key, format!("{path}: {message}"))];
    let wrong = |message: String| at("corrections", message);
    let bytes = files(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let file = CorrectionFile::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    let known = file.names().any(|name| name == source.correction);
    let key = match known {
        true => "corrections",
        false if source.correction == spec.name => "name",
        false => "correction",
    };
    let correction = file.correction(&source.correction).map_err(|error| {
        let hint = match key {
            "name" => "; name is the column, correction = \"…\" says which one it is of",
            _ => "",
        };
        at(key, format!("{error}{hint}"))
    })?;
    let mut binding = Binding {
        source,
        spec,
        correction,
        problems: Vec::new(),
    };
    binding.unknown_inputs();
    let varied = binding.varied();
    let slots = binding.slots(varied);
    let nominal = binding.nominal(varied);
    let variations = binding.variations(varied, &nominal);
    if !binding.problems.is_empty() {
        return Err(binding.problems);
    }
    let inputs = correction.inputs().iter().zip(&slots);
    let inputs = inputs.filter_map(|(input, slot)| match slot {
        Slot::Number(column) | Slot::Integer(column) => Some(NamedInput {
            name: input.name.clone(),
            columns: vec![column.clone()],
        }),
        Slot::Text(_) | Slot::Varied => None,
    });
    let resolved = campaign::Model {
        inputs: ModelInputs::Named(inputs.collect()),
        ..spec.clone()
    };
    Ok(Applied {
        corrected: Arc::new(Corrected {
            correction: correction.clone(),
            slots,
            nominal,
            variations,
            columns: source.columns.clone(),
            outside: source.outside,
        }),
        file: (path.clone(), sha256(&bytes)),
        resolved,
    })
}

/// The text input that is varied, by its number.
type Varied = Option<usize>;

struct Binding<'a> {
    source: &'a CorrectionSource,
    spec: &'a campaign::Model,
    correction: &'a Correction,
    problems: Vec<Wrong>,
}

impl Binding<'_> {
    fn problem(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Wrong::at(key, message));
    }

    fn text_of(&self, input: &str) -> Option<&str> {
        let mut texts = self.source.texts.iter();
        let found = texts.find(|(name, _)| name == input);
        found.map(|(_, text)| text.as_str())
    }

    fn expression_of(&self, input: &str) -> Option<&str> {
        let ModelInputs::Named(inputs) = &self.spec.inputs else {
            return None;
        };
        let found = inputs.iter().find(|named| named.name == input)?;
        found.columns.first().map(String::as_str)
    }

    /// Inputs of the campaign that the correction does not have.
    fn unknown_inputs(&mut self) {
        let ModelInputs::Named(named) = &self.spec.inputs else {
            return;
        };
        let named = named.iter().map(|input| &input.name);
        let texts = self.source.texts.iter().map(|(name, _)| name);
        let given: Vec<String> = named.chain(texts).cloned().collect();
        for name in given {
            let known = self
                .correction
                .inputs()
                .iter()
                .map(|input| input.name.as_str());
            let known: Vec<&str> = known.collect();
            if known.contains(&name.as_str()) {
                continue;
            }
            let near = suggest::nearest(&name, known.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
            let message = format!(
                "the correction has no input {name}, but {}{near}",
                known.join(", ")
            );
            self.problem(&format!("inputs.{name}"), message);
        }
    }

    fn is_text(&self, input: usize) -> bool {
        let input = self.correction.inputs().get(input);
        input.is_some_and(|input| input.kind == InputKind::Text)
    }

    fn name(&self, input: usize) -> String {
        let input = self.correction.inputs().get(input);
        input.map(|input| input.name.clone()).unwrap_or_default()
    }

    /// The input that is varied: that which the campaign names, the only text that it gives no value,
    /// or the only text.
    fn varied(&mut self) -> Varied {
        let texts: Vec<usize> = (0..self.correction.inputs().len())
            .filter(|input| self.is_text(*input))
            .collect();
        if let Some(name) = &self.source.varied {
            let found = texts.iter().find(|input| self.name(**input) == *name);
            if found.is_none() {
                let message = format!("\"{name}\" is no text input of the correction");
                self.problem("varied", message);
            }
            return found.copied();
        }
        let wanted = self.source.variations.as_ref();
        if wanted.is_some_and(Vec::is_empty) {
            return None;
        }
        let open: Vec<usize> = texts
            .iter()
            .copied()
            .filter(|input| self.text_of(&self.name(*input)).is_none())
            .collect();
        match (open.as_slice(), texts.as_slice()) {
            ([only], _) | ([], [only]) => Some(*only),
            ([], []) => {
                let message = "the correction has no text input, and so no variations: write variations = \
                               {}";
                self.problem("variations", message);
                None
            }
            _ => {
                let of = if open.is_empty() { &texts } else { &open };
                let names: Vec<String> = of.iter().map(|input| self.name(*input)).collect();
                let message = format!(
                    "is missing: the variations are values of one of {}; give the others their values in \
                     inputs",
                    names.join(", ")
                );
                self.problem("varied", message);
                None
            }
        }
    }

    fn slots(&mut self, varied: Varied) -> Vec<Slot> {
        let inputs = self.correction.inputs().to_vec();
        let mut slots = Vec::with_capacity(inputs.len());
        for (number, input) in inputs.iter().enumerate() {
            let name = &input.name;
            let key = format!("inputs.{name}");
            let expression = self.expression_of(name).map(str::to_owned);
            let text = self.text_of(name).map(str::to_owned);
            let column = expression.clone().unwrap_or_else(|| name.clone());
            slots.push(match input.kind {
                InputKind::Real if text.is_none() => Slot::Number(column),
                InputKind::Int if text.is_none() => Slot::Integer(column),
                InputKind::Real | InputKind::Int => {
                    self.problem(&key, "is a number: write an expression without quotes");
                    continue;
                }
                InputKind::Text if expression.is_some() => {
                    let known = self.known(number);
                    let message = format!("is a text: write one in single quotes, {known}");
                    self.problem(&key, message);
                    continue;
                }
                InputKind::Text if varied == Some(number) => Slot::Varied,
                InputKind::Text => match text {
                    Some(text) => {
                        self.must_be_known(number, &key, &text);
                        Slot::Text(text)
                    }
                    None => {
                        let known = self.known(number);
                        // Where it is not known which one is varied, that is told.
                        if self.problems.iter().all(|wrong| wrong.key != "varied") {
                            let message = format!("is missing: it is a text, {known}");
                            self.problem(&key, message);
                        }
                        continue;
                    }
                },
            });
        }
        slots
    }

    /// The first texts that an input may be.
    fn known(&self, input: usize) -> String {
        /// As many as a person reads.
        const NAMED: usize = 12;
        let texts = self.correction.categories(input).texts;
        let first = texts.iter().take(NAMED);
        let first: Vec<String> = first.map(|text| format!("'{text}'")).collect();
        match texts.len().saturating_sub(NAMED) {
            _ if texts.is_empty() => String::from("'…'"),
            0 => format!("one of {}", first.join(", ")),
            more => format!("one of {} and {more} more", first.join(", ")),
        }
    }

    fn must_be_known(&mut self, input: usize, key: &str, text: &str) {
        let categories = self.correction.categories(input);
        let is_known = categories.texts.iter().any(|known| known == text);
        if !is_known && !categories.are_open && !categories.texts.is_empty() {
            let message = format!(
                "the correction has no '{text}' of {}: {}",
                self.name(input),
                self.known(input)
            );
            self.problem(key, message);
        }
    }

    /// The text that stands for no variation.
    fn nominal(&mut self, varied: Varied) -> String {
        let Some(input) = varied else {
            return String::new();
        };
        let name = self.name(input);
        let key = format!("inputs.{name}");
        let said = self.text_of(&name).map(str::to_owned);
        let text = said.unwrap_or_else(|| String::from(NOMINAL));
        let categories = self.correction.categories(input);
        if !categories.texts.contains(&text) && !categories.are_open {
            let message = format!(
                "the correction has no '{text}': say what stands for no variation, {}",
                self.known(input)
            );
            self.problem(&key, message);
        }
        text
    }

    fn variations(&mut self, varied: Varied, nominal: &str) -> Vec<Variation> {
        let Some(input) = varied else {
            if self
                .source
                .variations
                .as_ref()
                .is_some_and(|all| !all.is_empty())
                && self.problems.is_empty()
            {
                let message = "the correction has no text input whose values they are";
                self.problem("variations", message);
            }
            return Vec::new();
        };
        if let Some(variations) = &self.source.variations {
            for (suffix, texts) in variations {
                let key = format!("variations.{suffix}");
                for text in texts {
                    self.must_be_known(input, &key, text);
                }
            }
            let texts = variations.iter().map(|(_, texts)| texts.clone());
            return texts.map(|texts| Variation { texts }).collect();
        }
        let texts = self.correction.categories(input).texts;
        let mut variations = Vec::with_capacity(USUAL.len());
        for suffix in USUAL {
            let of =
                |text: &&String| text.as_str() == suffix || text.ends_with(&format!("_{suffix}"));
            let texts: Vec<String> = texts.iter().filter(of).cloned().collect();
            if texts.is_empty() && nominal != suffix {
                let message = format!(
                    "none of the values of {} is {suffix} or ends with _{suffix}: say which ones are \
                     variations, such as variations = {{ up = \"…\", down = \"…\" }}, {}",
                    self.name(input),
                    self.known(input)
                );
                self.problem("variations", message);
            }
            variations.push(Variation { texts });
        }
        variations
    }
}
