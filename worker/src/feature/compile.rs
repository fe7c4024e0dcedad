//! From a stage and a schema to a program, or to all that is wrong with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};
use lumimill_common::campaign::{BdtSource, Column, Keep, MissingLabels, Problem, Rows, Stage};
use lumimill_common::expression::{Checked, Functions, Int, Kind, Scope};
use lumimill_common::metric::Unit;
use lumimill_common::suggest;
use lumimill_common::unread;

use super::candidate::Candidates;
use super::list::{item_of, list_of, wrong_name};
use super::output::{Output, Source, beside, kind_of, stored_as};
use super::{CANDIDATE, CollectionLengths, Problems, Program};
use crate::identity::{Role, each_role_once};

/// Types of a label that is stored as a number: bytes, and what holds both kinds of them where files differ.
const FLAGS: [DataType; 3] = [DataType::Int8, DataType::UInt8, DataType::Int16];

impl Program {
    /// Compiles a stage for files with the branches of `schema`. `path` is where the stage is in
    /// the campaign (`stage[0]`). All problems are returned together.
    pub(crate) fn compile(
        stage: &Stage,
        path: &str,
        functions: &[(String, String)],
        schema: &Schema,
    ) -> Result<Self, Vec<Problem>> {
        let Draft {
            program, problems, ..
        } = Self::draft(stage, path, functions, schema);
        program.filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// The same, with what is right of the columns that it would write.
    pub(crate) fn draft(
        stage: &Stage,
        path: &str,
        functions: &[(String, String)],
        schema: &Schema,
    ) -> Draft {
        let mut problems = Problems::default();
        let all = functions;
        // An empty one could not be read.
        let sources = all.iter().filter(|(_, source)| !source.is_empty());
        let sources = sources.map(|(name, source)| (name.as_str(), source.as_str()));
        let functions = Functions::parse(sources.clone()).unwrap_or_else(|errors| {
            let right =
                sources.filter(|(name, _)| errors.iter().all(|(of, _)| of.as_str() != *name));
            let right = Functions::parse(right).unwrap_or_default();
            for (name, error) in errors {
                problems.add(format!("functions.{name}"), error.to_string());
            }
            right
        });
        let known: BTreeSet<&str> = functions.names().collect();
        let names = all.iter().map(|(name, _)| name.as_str());
        let wrong: BTreeSet<&str> = names.filter(|name| !known.contains(name)).collect();
        let events = Scope::events(schema, &functions);
        let mut compiler = Compiler {
            stage,
            path,
            schema,
            events,
            problems,
            doubtful: stage.reading.unread.clone(),
            known: Vec::new(),
        };
        let program = compiler.program();
        let program = program.filter(|_| compiler.doubtful.is_empty() && wrong.is_empty());
        let written = compiler.known.iter().map(Field::name);
        let read = schema.fields().iter().map(|field| field.name());
        let columns: BTreeSet<&String> = written.chain(read).collect();
        for (name, _) in all.iter().filter(|(name, _)| columns.contains(name)) {
            let message = "is the name of a column, too: choose another";
            compiler.problems.add(format!("functions.{name}"), message);
        }
        let mut problems = compiler.problems.into_inner();
        // A call of a function that did not parse is not a second mistake.
        problems.retain(|problem| {
            let unknown = |name: &&str| format!("unknown function \"{name}\"");
            let is_of = |name: &&str| problem.message.starts_with(&unknown(name));
            !wrong.iter().any(is_of)
        });
        Draft {
            program,
            known: compiler.known,
            problems,
        }
    }
}

/// What a stage comes to, and all that is wrong with it.
pub(crate) struct Draft {
    /// The program, where everything that it is made of is known.
    pub(crate) program: Option<Program>,
    /// The columns that are right, of those that it would write.
    pub(crate) known: Vec<Field>,
    /// What is wrong.
    pub(crate) problems: Vec<Problem>,
}

pub(super) struct Compiler<'a> {
    pub(super) stage: &'a Stage,
    path: &'a str,
    pub(super) schema: &'a Schema,
    events: Scope,
    pub(super) problems: Problems,
    /// Names that stand for something wrong: what is said of them would be wrong, too.
    doubtful: BTreeSet<String>,
    /// Columns that are right.
    known: Vec<Field>,
}

impl Compiler<'_> {
    pub(super) fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// Checks an expression; a mistake is kept, unless it may be one of what it names only.
    pub(super) fn check(
        &mut self,
        path: String,
        text: &str,
        scope: &Scope,
        expected: Option<Kind>,
    ) -> Option<Checked> {
        let words = names(text);
        let doubtful = self.doubtful.iter().filter(|name| words.contains(name));
        match doubtful.collect::<Vec<_>>().as_slice() {
            [] => self.problems.check(path, text, scope, expected),
            doubtful => {
                let problems = &mut self.problems;
                problems.check_whatever(path, text, scope, expected, doubtful)
            }
        }
    }

    fn program(&mut self) -> Option<Program> {
        let condition = self.stage.condition.as_deref().map(|text| {
            self.problems
                .check(self.path("where"), text, &self.events, Some(Kind::Bool))
        });
        if self.stage.reading.rows_are_unread {
            // Of the rest it is not known what its names mean.
            self.labels(&mut self.events.clone());
            return None;
        }
        let candidates = Candidates::compile(
            &self.stage.rows,
            &self.path("rows"),
            &self.events,
            &mut self.problems,
        );
        if let Rows::Each { collection, .. } | Rows::Pairs { collection, .. } = &self.stage.rows
            && !self.events.has_collection(collection)
        {
            // Without its collection, everything about a row would be wrong.
            self.labels(&mut self.events.clone());
            return None;
        }
        let mut scope = Candidates::scope(&self.stage.rows, &self.events);
        let mut outputs = self.kept(&mut scope);
        outputs.extend(self.labels(&mut scope));
        outputs.extend(self.columns(&mut scope));
        if !matches!(self.stage.rows, Rows::Event) {
            outputs.push(Self::candidate());
        }
        let written = outputs.len();
        outputs.extend(self.model_inputs(&scope, &outputs));
        let fields = outputs.iter().map(|output| {
            let of = match &output.source {
                Source::Event(column) | Source::Member(column) => {
                    self.schema.field_with_name(column).ok()
                }
                _ => None,
            };
            let null = matches!(&output.source, Source::Missing { null: true })
                || of.is_some_and(Field::is_nullable)
                || (self.stage.missing_labels == MissingLabels::Null
                    && self
                        .stage
                        .labels
                        .iter()
                        .any(|label| label.name == output.name));
            let field = Field::new(&output.name, output.stored.clone(), null);
            match (&output.source, of) {
                (Source::Candidate, _) => Role::Candidate.given_to(field),
                // Its role and its unit go along.
                (_, Some(of)) => field.with_metadata(of.metadata().clone()),
                _ => field,
            }
        });
        let fields = each_role_once(fields.collect());
        self.known = fields.iter().take(written).cloned().collect();
        let schema = Arc::new(Schema::new(fields));
        let (select, scored_select) = self.select(&scope, &schema, written);
        let mut candidates = candidates?;
        let condition = match condition {
            Some(condition) => Some(condition?),
            None => None,
        };
        let lists = outputs.iter().filter(|output| output.is_list());
        let lists: BTreeSet<String> = lists.map(|output| output.name.clone()).collect();
        let computed = condition.iter().chain(&select);
        let computed = computed.flat_map(|checked| checked.columns()).cloned();
        let computed = computed.chain(outputs.iter().flat_map(Output::combined));
        // Those of them are made here.
        let mut computed: BTreeSet<String> =
            computed.filter(|name| !lists.contains(name)).collect();
        let mut of_candidates = BTreeSet::new();
        candidates.collect_columns(&mut of_candidates);
        computed.extend(of_candidates.iter().cloned());
        let mut branches = computed.clone();
        let read = outputs.iter().flat_map(Output::columns);
        branches.extend(read.filter(|name| !lists.contains(name)));
        candidates.prefer_lengths(&branches, &self.events);
        candidates.prefer_lengths(&of_candidates, &self.events);
        of_candidates.extend(candidates.lengths().map(str::to_owned));
        let of_condition = condition.iter().flat_map(|checked| checked.columns());
        let of_condition = of_condition.cloned().collect();
        branches.extend(candidates.lengths().map(str::to_owned));
        computed.extend(candidates.lengths().map(str::to_owned));
        let collections = CollectionLengths::of(&branches, &computed, &self.events, self.schema);
        let counters = collections.counted().iter();
        branches.extend(counters.map(|(_, counter)| counter.clone()));
        for message in collections.unequal_by_type(self.schema) {
            self.problems.add(self.path.to_owned(), message);
        }
        let asks_for_entries = |checked: &&Checked| checked.asks_for_entries();
        let made = outputs.iter().filter_map(|output| match &output.source {
            Source::Computed(checked) => Some(checked),
            _ => None,
        });
        Some(Program {
            beside: beside(&outputs, &self.events),
            of_passing: made
                .chain(&select)
                .any(|checked| asks_for_entries(&checked)),
            steps: steps(self.stage, select.is_some()),
            scored_step: scored_select.as_ref().and(self.stage.select_step()),
            condition,
            candidates,
            collections,
            outputs,
            select,
            scored_select,
            schema,
            written,
            branches: branches.into_iter().collect(),
            of_condition,
            of_candidates,
        })
    }

    fn kept(&mut self, scope: &mut Scope) -> Vec<Output> {
        let mut outputs = Vec::with_capacity(self.stage.keep.len());
        for (index, keep) in self.stage.keep.iter().enumerate() {
            match self.keep(keep, scope) {
                Ok(output) => outputs.push(output),
                Err(message) => {
                    let place = self.stage.reading.keep.of(index);
                    let path = self.path(&format!("keep[{place}]"));
                    self.problems.add(path, message);
                    self.doubt(keep);
                }
            }
        }
        outputs
    }

    pub(super) fn keep(&self, keep: &Keep, scope: &mut Scope) -> Result<Output, String> {
        let collection = match &self.stage.rows {
            Rows::Each { collection, .. } => Some(collection.as_str()),
            _ => None,
        };
        let member = collection.and_then(|name| self.events.member_column(name, &keep.column));
        let column = member.unwrap_or(&keep.column);
        let Ok(field) = self.schema.field_with_name(column) else {
            return Err(self.missing(column));
        };
        let of = self.events.collection_of(column);
        let (stored, source) = match (&self.stage.rows, of) {
            (Rows::Event, _) | (_, None) => (field.data_type(), Source::Event(column.to_owned())),
            (_, Some(of)) if collection == Some(of) => match field.data_type() {
                DataType::List(item) => (item.data_type(), Source::Member(column.to_owned())),
                _ => return Err(format!("branch \"{column}\" is not a list of values")),
            },
            (_, Some(of)) => {
                return Err(format!(
                    "branch \"{column}\" has a value per member of {of}, not one per row; \
                     make a column of it, such as max({column})"
                ));
            }
        };
        if keep.name != keep.column {
            let full = member.and_then(|full| full.strip_prefix(of?)?.strip_prefix('_'));
            scope.alias(&keep.name, full.unwrap_or(column));
        }
        Ok(Output {
            name: keep.name.clone(),
            stored: stored.clone(),
            source,
        })
    }

    /// Whatever says the name of a wrong column is not to be judged; where that is also the name of
    /// its branch, it is a mistake to name it.
    fn doubt(&mut self, keep: &Keep) {
        if keep.name != keep.column {
            self.doubtful.insert(keep.name.clone());
        }
    }

    /// Why a branch is not to be had: it is not there, or not read.
    fn missing(&self, branch: &str) -> String {
        if let Some(reason) = unread::reason(self.schema, branch) {
            return format!("branch \"{branch}\" cannot be read: {reason}");
        }
        let fields = self.schema.fields().iter();
        let hint = suggest::nearest(branch, fields.map(|field| field.name().as_str()));
        let hint = hint.map_or_else(String::new, |name| format!("; nearest: {name}"));
        match &self.stage.from {
            None => format!("no branch \"{branch}\"{hint}"),
            Some(stage) => format!("stage {stage} has no column \"{branch}\"{hint}"),
        }
    }

    fn labels(&mut self, scope: &mut Scope) -> Vec<Output> {
        let mut outputs = Vec::with_capacity(self.stage.labels.len());
        for (index, label) in self.stage.labels.iter().enumerate() {
            let place = self.stage.reading.labels.of(index);
            let path = self.path(&format!("labels[{place}]"));
            let branch = &label.column;
            let source = match (
                self.schema.field_with_name(branch),
                self.stage.missing_labels,
            ) {
                (Ok(field), _) if field.data_type() == &DataType::Boolean => {
                    if label.name != *branch {
                        scope.alias(&label.name, branch);
                    }
                    Source::Event(branch.clone())
                }
                (Ok(field), _) if FLAGS.contains(field.data_type()) => {
                    scope.define(&label.name, Kind::Bool);
                    Source::Flag(branch.clone())
                }
                (Err(_), _) if unread::reason(self.schema, branch).is_some() => {
                    self.problems.add(path, self.missing(branch));
                    self.doubt(label);
                    continue;
                }
                (Ok(field), _) => {
                    self.problems.add(
                        path,
                        format!(
                            "label \"{branch}\" is {}, not a bool or bytes of 0 and 1",
                            field.data_type()
                        ),
                    );
                    self.doubt(label);
                    continue;
                }
                (Err(_), MissingLabels::False) => {
                    scope.define(&label.name, Kind::Bool);
                    Source::Missing { null: false }
                }
                (Err(_), MissingLabels::Null) => Source::Missing { null: true },
                (Err(_), MissingLabels::Error) => {
                    let names = self
                        .schema
                        .fields()
                        .iter()
                        .map(|field| field.name().as_str());
                    let hint = suggest::nearest(branch, names);
                    let hint = hint.map_or_else(String::new, |name| format!("; nearest: {name}"));
                    let rest = "missing_labels = \"false\" or \"null\" would allow it";
                    self.problems
                        .add(path, format!("no branch \"{branch}\"{hint}; {rest}"));
                    self.doubt(label);
                    continue;
                }
            };
            outputs.push(Output {
                name: label.name.clone(),
                stored: DataType::Boolean,
                source,
            });
        }
        outputs
    }

    fn columns(&mut self, scope: &mut Scope) -> Vec<Output> {
        let mut outputs = Vec::with_capacity(self.stage.columns.len());
        for column in &self.stage.columns {
            let kind = match self.column(column, scope) {
                Some(output) => {
                    let stored = output.stored.clone();
                    outputs.push(output);
                    match item_of(&stored) {
                        Some(item) => {
                            scope.define_list(&column.name, item);
                            continue;
                        }
                        None => kind_of(&stored),
                    }
                }
                // So that its users are not reported as well.
                None => {
                    self.doubtful.insert(column.name.clone());
                    Kind::Float
                }
            };
            scope.define(&column.name, kind);
        }
        outputs
    }

    fn column(&mut self, column: &Column, scope: &Scope) -> Option<Output> {
        let path = self.path(&format!("columns.{}", column.name));
        let expected = matches!(
            column.stored,
            Some(lumimill_common::campaign::ColumnType::Bool)
        );
        let expected = expected.then_some(Kind::Bool);
        let scope = match self.stage.rows {
            Rows::Event => &scope.with_lists(),
            _ => scope,
        };
        let checked = self.check(path.clone(), &column.expression, scope, expected)?;
        let stored = stored_as(checked.kind(), column.stored);
        let stored = match checked.collection() {
            Some(collection) => {
                let wrong = wrong_name(&column.name, collection, self.schema, scope);
                if let Some(message) = wrong {
                    self.problems.add(path, message);
                    return None;
                }
                list_of(stored)
            }
            None => stored,
        };
        Some(Output {
            name: column.name.clone(),
            stored,
            source: Source::Computed(checked),
        })
    }

    fn candidate() -> Output {
        Output {
            name: CANDIDATE.to_owned(),
            stored: DataType::UInt32,
            source: Source::Candidate,
        }
    }

    /// The condition on rows: before scoring, or after it if it names a score.
    fn select(
        &mut self,
        rows: &Scope,
        schema: &Schema,
        written: usize,
    ) -> (Option<Checked>, Option<Checked>) {
        let Some(text) = self.stage.select.as_deref() else {
            return (None, None);
        };
        let path = self.path("select");
        if !self.stage.selects_scored() {
            return (self.check(path, text, rows, Some(Kind::Bool)), None);
        }
        let written: Vec<_> = schema.fields().iter().take(written).cloned().collect();
        let mut scope = Scope::events(&Schema::new(written), rows.functions());
        let models = self.stage.models.iter();
        for model in models {
            let bin = model.bdt().map(|_| BdtSource::bin_column(&model.name));
            for column in model.columns() {
                if (model.graph.as_ref()).is_some_and(|graph| graph.is_list(column)) {
                    scope.define_list(column, &DataType::Float32);
                    continue;
                }
                let kind = match bin.as_deref() == Some(column) {
                    true => Kind::Int(Int::I32),
                    false => Kind::Float,
                };
                scope.define(column, kind);
            }
        }
        if self.stage.has_folds() {
            scope.define("fold", Kind::Int(Int::I32));
        }
        (None, self.check(path, text, &scope, Some(Kind::Bool)))
    }
}

/// The words of an expression that may be names.
fn names(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn steps(stage: &Stage, select: bool) -> Vec<(String, Unit)> {
    let unit = stage.entry_unit();
    let condition = stage.condition_step().map(|name| (name, unit));
    let select = select.then(|| stage.select_step()).flatten();
    let of_rows = stage.rows.step().into_iter().chain(select);
    let of_rows = of_rows.map(|name| (name, Unit::Rows));
    condition.into_iter().chain(of_rows).collect()
}
