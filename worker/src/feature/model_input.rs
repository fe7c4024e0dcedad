//! What the models of a stage read, and its weights: columns of its rows, and what is computed for
//! them alone.

use arrow_schema::DataType;
use lumimill_common::campaign::{Graph, Keep, Weigh};
use lumimill_common::expression::{Kind, Scope};
use lumimill_common::suggest;

use super::compile::Compiler;
use super::output::{Output, Source};
use crate::graph::names_read;

/// Columns that come after those of the program, and that a model may read all the same.
const LATER: [&str; 1] = ["fold"];

impl Compiler<'_> {
    /// Branches and expressions that models read and the stage does not write, each once.
    /// `written` are the columns that it does.
    pub(super) fn model_inputs(&mut self, scope: &Scope, written: &[Output]) -> Vec<Output> {
        let stage = self.stage;
        let names = stage.output_names();
        let mut added: Vec<Output> = Vec::new();
        for (number, model) in stage.models.iter().enumerate() {
            if let Some(graph) = &model.graph {
                let columns = self.graph_columns(graph, written, &added);
                added.extend(columns);
                continue;
            }
            let of = stage.model_place(number);
            for (place, input) in model.places() {
                let path = self.path(&format!("{of}.{place}"));
                let mut known = written.iter().chain(&added);
                match known.find(|output| output.name == input) {
                    Some(output) => self.must_be_number(path, input, &output.stored.clone()),
                    // One that is wrong, or comes later.
                    None if names.contains(&input) => self.must_be_earlier(path, input),
                    None if stage.reading.unread.contains(input) => {}
                    None => {
                        let output = self.model_input(&path, input, scope);
                        let stored = output.as_ref().map(|output| output.stored.clone());
                        if let Some(stored) = stored {
                            self.must_be_number(path, input, &stored);
                        }
                        added.extend(output);
                    }
                }
            }
        }
        let weighed = stage.weigh.iter().flat_map(Weigh::inputs);
        for input in weighed {
            let mut known = written.iter().chain(&added);
            // One that is not there is a mistake of the fit.
            let is_there = self.schema.field_with_name(input).is_ok();
            if is_there && known.all(|output| output.name != input) {
                let path = self.path("weigh");
                added.extend(self.model_input(&path, input, scope));
            }
        }
        added
    }

    /// The branches that graphs are made of, where they are not columns. What is no name of anything
    /// is told when the graphs are compiled for all columns.
    fn graph_columns(&self, graph: &Graph, written: &[Output], added: &[Output]) -> Vec<Output> {
        let names = self.stage.output_names();
        let mut found: Vec<Output> = Vec::new();
        for name in names_read(graph) {
            for column in [format!("{}_{name}", graph.nodes), name] {
                let mut known = written.iter().chain(added).chain(&found);
                let is_known = known.any(|output| output.name == column);
                if is_known || names.contains(&column.as_str()) {
                    break;
                }
                if let Ok(field) = self.schema.field_with_name(&column) {
                    found.push(Output {
                        name: column.clone(),
                        stored: field.data_type().clone(),
                        source: Source::Event(column),
                    });
                    break;
                }
            }
        }
        found
    }

    fn model_input(&mut self, path: &str, input: &str, scope: &Scope) -> Option<Output> {
        let is_branch = self.schema.field_with_name(input).is_ok();
        if is_branch || is_name(input) {
            let keep = Keep {
                column: input.to_owned(),
                name: input.to_owned(),
            };
            // Under its own name, a scope needs to be told nothing.
            return match self.keep(&keep, &mut scope.clone()) {
                Ok(output) => Some(output),
                Err(message) => {
                    let message = self.nearest_column(input).unwrap_or(message);
                    self.problems.add(path.to_owned(), message);
                    None
                }
            };
        }
        let checked = self.check(path.to_owned(), input, scope, None)?;
        let stored = match checked.kind() {
            Kind::Bool => DataType::Boolean,
            Kind::Int(_) => DataType::Int64,
            // As it was computed: the model says how it is rounded.
            Kind::Float | Kind::Vector => DataType::Float64,
        };
        Some(Output {
            name: input.to_owned(),
            stored,
            source: Source::Computed(checked),
        })
    }

    /// For a name that is nearer to a column of the stage than to a branch.
    fn nearest_column(&self, input: &str) -> Option<String> {
        let names = self.stage.output_names();
        let near = suggest::nearest(input, names.into_iter().chain(LATER))?;
        Some(format!("no column or branch {input}; did you mean {near}?"))
    }

    fn must_be_earlier(&mut self, path: String, input: &str) {
        let mut scores = self.stage.models.iter().flat_map(|model| model.columns());
        let is_score = scores.any(|score| score == input);
        if is_score {
            let message = format!("{input} is the score of a model, which models cannot read");
            self.problems.add(path, message);
        }
    }

    fn must_be_number(&mut self, path: String, input: &str, stored: &DataType) {
        if !(stored.is_numeric() || *stored == DataType::Boolean) {
            let hint = match stored {
                DataType::List(_) => format!(": make one of it, such as max({input})"),
                _ => String::new(),
            };
            let message = format!("column {input} is {stored}, not a number{hint}");
            self.problems.add(path, message);
        }
    }
}

/// Whether a text is one name, which no expression makes a value of that is not there.
fn is_name(text: &str) -> bool {
    let body = |c: char| c.is_alphanumeric() || c == '_';
    text.chars().all(body) && !text.starts_with(|c: char| c.is_ascii_digit())
}
