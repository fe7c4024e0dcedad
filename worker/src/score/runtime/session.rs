//! A model as ONNX Runtime has it: made of what was understood of its file, run by one thread.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use arrow_schema::DataType;
use lumimill_common::campaign::ModelOutput;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, SessionInputValue, SessionOutputs};
use ort::value::{PrimitiveTensorElementType, TensorElementType, TensorRef, ValueType};

use super::library::environment;
use super::watch::within;
use crate::caught::caught;
use crate::runtime_library::NAME;
use crate::score::columns::{Given, OutputColumn, Values};
use crate::score::error::Problem;
use crate::score::made_up::made_up;
use crate::score::model::sha256;
use crate::score::onnx::{
    Excerpt, excerpt, is_sized_by_values, out_of_bounds, told_by_guard, with_free_rows, with_guards,
};
use crate::score::signature::BoundInput;
use crate::score::tensor_values::TensorValues;
use crate::score::tensors::{Elements, Tensor};
use crate::score::time_limit::{CALL_LIMIT, told};

/// Rows that show what is made of rows: as many as nothing else is likely to have.
const SHOWN: usize = 67;

/// A model as a campaign uses it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// What of its file is needed, written anew.
    model: Vec<u8>,
    sha256: String,
    /// The inputs that are needed.
    inputs: Vec<BoundInput>,
    /// The outputs, each once: as they are asked for, and as they are called there.
    outputs: Vec<(String, String)>,
    /// Rows that it takes at a time, where it declares them.
    declared: Option<usize>,
    /// Whether what it gives for a row may depend on others, whatever a trial shows.
    mixes_rows: bool,
    /// What a call may take.
    pub(super) limit: Duration,
}

impl Asked {
    pub(super) fn new(
        bytes: &[u8],
        inputs: Vec<BoundInput>,
        asked: &[ModelOutput],
    ) -> Result<Self, Problem> {
        let mut names: Vec<&str> = Vec::new();
        for output in asked {
            if !names.contains(&output.output.as_str()) {
                names.push(&output.output);
            }
        }
        let excerpt = excerpt(bytes, &names)?;
        out_of_bounds(&excerpt, Problem::not_runtime)?;
        let mut operators = excerpt.operators.iter();
        let mixes_rows = operators.any(|operator| is_sized_by_values(operator));
        let of = |name: &String| inputs.iter().find(|input| input.name == *name).cloned();
        let inputs: Vec<BoundInput> = excerpt.inputs.iter().filter_map(of).collect();
        let declared = inputs.iter().filter_map(|input| input.rows).max();
        let names = names.into_iter().map(str::to_owned);
        let model = with_guards(&excerpt)?;
        let Excerpt { outputs, .. } = excerpt;
        Ok(Self {
            sha256: sha256(&model),
            model,
            inputs,
            outputs: names.zip(outputs).collect(),
            declared,
            mixes_rows,
            limit: CALL_LIMIT,
        })
    }

    pub(super) fn inputs(&self) -> &[BoundInput] {
        &self.inputs
    }

    pub(super) fn mixes_rows(&self) -> bool {
        self.mixes_rows
    }

    pub(super) fn declared(&self) -> Option<usize> {
        self.declared
    }

    /// SHA-256 of what the library is given.
    pub(super) fn sha256(&self) -> &str {
        &self.sha256
    }

    /// How much it is given.
    pub(super) fn bytes(&self) -> usize {
        self.model.len()
    }

    /// The model as it is best used, a session of it, and a number of rows that it takes.
    pub(super) fn ready(self) -> Result<(Self, Session, usize), String> {
        // A declaration of one row is most often one of no thought.
        if self.declared == Some(1)
            && let Some(free) = self.with_free_rows()
            && let Ok(mut session) = free.session()
            && let Ok(given) = session.given(&free, SHOWN)
            && given
                .iter()
                .all(|(_, given)| given.shape.first() == Some(&SHOWN))
        {
            return Ok((free, session, SHOWN));
        }
        let session = self.session()?;
        let rows = self.declared.unwrap_or(SHOWN);
        Ok((self, session, rows))
    }

    fn with_free_rows(&self) -> Option<Self> {
        let model = with_free_rows(&self.model).ok()?;
        Some(Self {
            sha256: sha256(&model),
            model,
            declared: None,
            ..self.clone()
        })
    }

    /// Makes a session.
    pub(super) fn session(&self) -> Result<Session, String> {
        let mut builder = builder()?;
        // What is made of constants is made here.
        let canceler = builder.canceler();
        let end = move || drop(canceler.cancel());
        let made = || guarded(|| builder.commit_from_memory(&self.model));
        match within(self.limit, Box::new(end), made)? {
            (Ok(inner), _) => Ok(Session { inner }),
            (Err(_), true) => Err(told(NAME, "making it ready", self.limit)),
            (Err(message), false) => Err(message),
        }
    }
}

/// What makes sessions: of one thread, with the memory that all share.
fn builder() -> Result<SessionBuilder, String> {
    let environment = environment()?;
    guarded(|| {
        Ok(ort::session::Session::builder(environment)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_parallel_execution(false)?
            .with_memory_pattern(false)?
            .with_env_allocators()?)
    })
}

/// A session of a model that is our own.
pub(super) fn session_of(model: &[u8]) -> Result<ort::session::Session, String> {
    let mut builder = builder()?;
    guarded(|| builder.commit_from_memory(model))
}

/// A model that is loaded, for one at a time.
#[derive(Debug)]
pub(super) struct Session {
    inner: ort::session::Session,
}

impl Session {
    /// What each output is for so many rows that were made up.
    pub(super) fn given(
        &mut self,
        asked: &Asked,
        rows: usize,
    ) -> Result<Vec<(String, Given)>, String> {
        let values = tried(asked, rows, &|row| row);
        let values: Vec<&TensorValues> = values.iter().collect();
        let mut given = Vec::with_capacity(asked.outputs.len());
        self.run(asked, &values, 0..rows, rows, |outputs| {
            for (output, (name, _)) in asked.outputs.iter().enumerate() {
                let (stored, shape) = outputs.kind(output)?;
                given.push((
                    name.clone(),
                    Given {
                        output,
                        shape,
                        stored,
                    },
                ));
            }
            Ok(())
        })?;
        Ok(given)
    }

    /// Runs it on some rows, the last of which is repeated until there are `filled`.
    pub(super) fn run(
        &mut self,
        asked: &Asked,
        values: &[&TensorValues],
        rows: Range<usize>,
        filled: usize,
        mut take: impl FnMut(&Outputs<'_, '_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let batches = asked.inputs.iter().zip(values);
        let batches: Vec<TensorValues> = match filled == rows.len() {
            true => Vec::new(),
            false => batches
                .map(|(input, values)| values.filled(input.columns.len(), rows.clone(), filled))
                .collect(),
        };
        let whole = 0..filled;
        let mut inputs = Vec::with_capacity(values.len());
        for (place, (input, all)) in asked.inputs.iter().zip(values).enumerate() {
            let (values, rows) = match batches.get(place) {
                Some(batch) => (batch, &whole),
                None => (*all, &rows),
            };
            inputs.push((
                Cow::Borrowed(input.name.as_str()),
                tensor(input, values, rows)?,
            ));
        }
        let what = || format!("rows {} to {} of a table", rows.start, rows.end);
        let options = options()?;
        let outputs = run(&mut self.inner, inputs, &options, asked.limit, &what)?;
        take(&Outputs {
            rows: filled,
            names: &asked.outputs,
            values: &outputs,
        })
    }
}

impl Session {
    /// Runs it on tensors, each for the input of a name; the outputs as they are asked for.
    pub(super) fn run_tensors(
        &mut self,
        asked: &Asked,
        given: &[(&str, &Tensor)],
    ) -> Result<Vec<Tensor>, String> {
        let mut inputs = Vec::with_capacity(given.len());
        for (name, tensor) in given {
            inputs.push((Cow::Borrowed(*name), view(tensor)?));
        }
        let what = || {
            let shape = |(name, tensor): &(&str, &Tensor)| format!("{name} {:?}", tensor.shape);
            let shapes: Vec<String> = given.iter().map(shape).collect();
            format!("a call with {}", shapes.join(", "))
        };
        let options = options()?;
        let outputs = run(&mut self.inner, inputs, &options, asked.limit, &what)?;
        let outputs = Outputs {
            rows: 0,
            names: &asked.outputs,
            values: &outputs,
        };
        let all = 0..asked.outputs.len();
        all.map(|output| outputs.tensor(output)).collect()
    }
}

/// What ends a run: each has its own, as one that ended a run ends all that follow.
fn options() -> Result<Arc<RunOptions>, String> {
    guarded(RunOptions::new).map(Arc::new)
}

/// Runs it on some inputs, for so long at most: between two operators it may be ended.
fn run<'s>(
    session: &'s mut ort::session::Session,
    inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)>,
    options: &'s Arc<RunOptions>,
    limit: Duration,
    what: &dyn Fn() -> String,
) -> Result<SessionOutputs<'s>, String> {
    let ended = Arc::clone(options);
    let end = move || drop(ended.terminate());
    let work = || guarded(|| session.run_with_options(inputs, options.as_ref()));
    match within(limit, Box::new(end), work)? {
        (Err(_), true) => Err(told(NAME, &what(), limit)),
        (given, _) => given,
    }
}

/// A tensor where it is.
fn view(tensor: &Tensor) -> Result<SessionInputValue<'_>, String> {
    let shape = tensor.shape.clone();
    macro_rules! view {
        ($all:expr) => {
            guarded(|| Ok(TensorRef::from_array_view((shape, $all.as_slice()))?.into()))
        };
    }
    match &tensor.values {
        Elements::Float(all) => view!(all),
        Elements::Double(all) => view!(all),
        Elements::Long(all) => view!(all),
        Elements::Int(all) => view!(all),
        Elements::Bool(all) => view!(all),
    }
}

/// Rows that were made up, for every input.
pub(super) fn tried(
    asked: &Asked,
    rows: usize,
    from: &dyn Fn(usize) -> usize,
) -> Vec<TensorValues> {
    let inputs = asked.inputs.iter();
    inputs.map(|input| made_up(input, rows, from)).collect()
}

/// Some rows of an input, where they are.
fn tensor<'a>(
    input: &BoundInput,
    values: &'a TensorValues,
    rows: &Range<usize>,
) -> Result<SessionInputValue<'a>, String> {
    let width = input.columns.len();
    let range = rows.start.saturating_mul(width)..rows.end.saturating_mul(width);
    let shape = match input.is_flat {
        true => vec![rows.len()],
        false => vec![rows.len(), width],
    };
    macro_rules! view {
        ($all:expr) => {
            guarded(|| {
                let values = $all.get(range).unwrap_or_default();
                Ok(TensorRef::from_array_view((shape, values))?.into())
            })
        };
    }
    match values {
        TensorValues::Float(all) => view!(all),
        TensorValues::Double(all) => view!(all),
        TensorValues::Long(all) => view!(all),
        TensorValues::Int(all) => view!(all),
        TensorValues::Bool(all) => view!(all),
    }
}

/// What a model gave for a batch.
pub(super) struct Outputs<'a, 's> {
    rows: usize,
    names: &'a [(String, String)],
    values: &'a SessionOutputs<'s>,
}

impl Outputs<'_, '_> {
    fn value(&self, output: usize) -> Result<&ort::value::DynValue, String> {
        let name = self.names.get(output);
        let value = name.and_then(|(_, name)| self.values.get(name));
        value.ok_or_else(|| String::from("an output is missing"))
    }

    /// The type of the column that an output becomes, and its shape.
    fn kind(&self, output: usize) -> Result<(DataType, Vec<usize>), String> {
        use TensorElementType as T;

        let name = self.names.get(output).map_or("", |(name, _)| name);
        let none = |kind: &dyn std::fmt::Display| {
            Err(format!(
                "output {name:?} holds {kind}, which makes no column: export the model with a Cast \
                 to float behind it"
            ))
        };
        let ValueType::Tensor { ty, shape, .. } = self.value(output)?.dtype() else {
            return none(&"no tensor");
        };
        let stored = match ty {
            T::Float32 => DataType::Float32,
            T::Float64 => DataType::Float64,
            T::Bool => DataType::Boolean,
            T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::Uint8 | T::Uint16 | T::Uint32 => {
                DataType::Int64
            }
            other => return none(other),
        };
        let size = |size: &i64| usize::try_from(*size).unwrap_or(0);
        Ok((stored, shape.iter().map(size).collect()))
    }

    /// Appends the first `rows` of an output to its column.
    pub(super) fn append(
        &self,
        column: &OutputColumn,
        rows: usize,
        into: &mut Values,
    ) -> Result<(), String> {
        let (_, shape) = self.kind(column.output)?;
        let width: usize = shape.iter().skip(1).product();
        if shape.first() != Some(&self.rows) || width != column.width {
            return Err(format!(
                "an output has the shape {shape:?} for {} rows of {}",
                self.rows, column.width
            ));
        }
        self.take(column, rows, into)
    }

    /// An output as it is.
    fn tensor(&self, output: usize) -> Result<Tensor, String> {
        let (stored, shape) = self.kind(output)?;
        let count = shape.iter().product();
        // All of it as a single column.
        let column = OutputColumn {
            output,
            width: 1,
            element: 0,
            stored,
        };
        let mut values = Values::of(&column, count);
        if count > 0 {
            self.take(&column, count, &mut values)?;
        }
        let values = match values {
            Values::Float(all) => Elements::Float(all),
            Values::Double(all) => Elements::Double(all),
            Values::Long(all) => Elements::Long(all),
            Values::Bool(all) => Elements::Bool(all),
        };
        Ok(Tensor { shape, values })
    }

    fn take(&self, column: &OutputColumn, rows: usize, into: &mut Values) -> Result<(), String> {
        use TensorElementType as T;

        let value = self.value(column.output)?;
        macro_rules! whole {
            ($into:expr, $kind:ty) => {
                taken::<$kind>(value, column, rows, |found| $into.push(i64::from(found)))
            };
        }
        match (into, value.dtype()) {
            (Values::Float(into), _) => taken(value, column, rows, |found: f32| into.push(found)),
            (Values::Double(into), _) => taken(value, column, rows, |found: f64| into.push(found)),
            (Values::Bool(into), _) => taken(value, column, rows, |found: bool| into.push(found)),
            (Values::Long(into), ValueType::Tensor { ty, .. }) => match ty {
                T::Int8 => whole!(into, i8),
                T::Int16 => whole!(into, i16),
                T::Int32 => whole!(into, i32),
                T::Uint8 => whole!(into, u8),
                T::Uint16 => whole!(into, u16),
                T::Uint32 => whole!(into, u32),
                _ => whole!(into, i64),
            },
            _ => Err(String::from("an output is no tensor")),
        }
    }

    /// The bits of all values of every output, row after row; all NaN are one.
    pub(super) fn bits(&self, rows: usize) -> Result<Vec<Vec<u64>>, String> {
        let of = |output: usize| {
            let (stored, shape) = self.kind(output)?;
            if shape.first() != Some(&rows) {
                return Err(String::from("an output has other rows than its inputs"));
            }
            let width = shape.iter().skip(1).product();
            let values = shape.iter().product();
            // All of it as a single column.
            let column = OutputColumn {
                output,
                width: 1,
                element: 0,
                stored,
            };
            let mut all = Values::of(&column, values);
            match width {
                0 => {}
                _ => self.take(&column, values, &mut all)?,
            }
            Ok(of_values(&all))
        };
        (0..self.names.len()).map(of).collect()
    }
}

fn of_values(values: &Values) -> Vec<u64> {
    let of_double = |value: f64| match value.is_nan() {
        true => u64::MAX,
        false => value.to_bits(),
    };
    match values {
        Values::Float(all) => all.iter().map(|value| of_double((*value).into())).collect(),
        Values::Double(all) => all.iter().copied().map(of_double).collect(),
        Values::Long(all) => all.iter().map(|value| value.cast_unsigned()).collect(),
        Values::Bool(all) => all.iter().map(|value| u64::from(*value)).collect(),
    }
}

/// Each row's value of a column.
fn taken<T: PrimitiveTensorElementType + Copy>(
    value: &ort::value::DynValue,
    column: &OutputColumn,
    rows: usize,
    take: impl FnMut(T),
) -> Result<(), String> {
    let (_, all) = guarded(|| value.try_extract_tensor::<T>())?;
    let width = column.width.max(1);
    let of_column = all.iter().skip(column.element).step_by(width).take(rows);
    of_column.copied().for_each(take);
    Ok(())
}

/// Runs the library, whose errors are told in one line.
pub(super) fn guarded<T>(work: impl FnOnce() -> ort::Result<T>) -> Result<T, String> {
    match caught(work) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            let text = error.message().split_whitespace();
            let text = text.collect::<Vec<_>>().join(" ");
            if let Some(told) = told_by_guard(&text) {
                return Err(told.to_owned());
            }
            let text: String = text.chars().take(600).collect();
            Err(format!("{NAME}: {text}"))
        }
        Err(_) => Err(format!("{NAME} broke off")),
    }
}
