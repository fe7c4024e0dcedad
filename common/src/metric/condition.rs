//! Conditions on the columns of a table, which may call the campaign's functions.

use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::row_batch::{FillError, RowBatch};
use crate::expression::{Expression, Functions, Inputs, Kind as ValueKind, Scope};
use crate::field_hash::FieldHash;

/// Names in one condition, at most.
const MOST_NAMES: usize = 100;

/// Those of the campaign's functions that expressions call; nothing where one of them is empty, as it is
/// wrong itself.
pub(super) fn called_by<'a>(
    texts: impl Iterator<Item = &'a String>,
    functions: &[(String, String)],
) -> Option<Vec<(String, String)>> {
    // What cannot be parsed is told later.
    let expressions = texts.filter_map(|text| Expression::parse(text).ok());
    let expressions: Vec<Expression> = expressions.collect();
    let called = Functions::called_by(&expressions, functions);
    let called: Vec<(String, String)> = called.into_iter().cloned().collect();
    let are_right = called.iter().all(|(_, source)| !source.is_empty());
    are_right.then_some(called)
}

/// Those that can be parsed: what is wrong with others is told where they are written.
pub(super) fn functions_of(functions: &[(String, String)]) -> Functions {
    let functions = functions.iter();
    let functions = functions.map(|(name, source)| (name.as_str(), source.as_str()));
    Functions::parse(functions).unwrap_or_default()
}

/// Hash of a function.
pub(super) fn hash_of((name, definition): &(String, String)) -> FieldHash {
    let mut hash = FieldHash::of("function");
    hash.text("name", name).text("definition", definition);
    hash
}

/// The columns that a condition reads, itself or in the functions that it calls.
pub(super) fn names_of(text: &str, functions: &Functions) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    if text.trim().is_empty() {
        return Ok(names);
    }
    let expression = Expression::parse(text).map_err(|error| error.to_string())?;
    let mut scope = Scope::events(&Schema::empty(), functions);
    let called = functions.called_from(&expression);
    for name in called.columns() {
        scope.define(&name, ValueKind::Float);
        names.insert(name);
    }
    while let Err(error) = expression.check(&scope, Some(ValueKind::Bool)) {
        let Some(name) = error.unknown().map(str::to_owned) else {
            if names.is_empty() && !expression.names().is_empty() {
                return Err(error.to_string());
            }
            // What else is wrong depends on types, which are known with the table.
            break;
        };
        if !names.insert(name.clone()) || names.len() > MOST_NAMES {
            return Err(error.to_string());
        }
        scope.define(&name, ValueKind::Float);
    }
    match names.is_empty() {
        true => Err(format!("\"{text}\" reads no column")),
        false => Ok(names),
    }
}

/// Whether each row fulfils a condition, which reads some of `names`; the empty one is fulfilled by all.
pub(super) fn holds(
    text: &str,
    names: &[String],
    functions: &Functions,
    rows: &RowBatch<'_>,
) -> Result<Vec<bool>, FillError> {
    if text.trim().is_empty() {
        return Ok(vec![true; rows.len()]);
    }
    // A column that is not there is said as that.
    for name in names {
        rows.column(name)?;
    }
    evaluated(text, functions, rows.batch()).map_err(|message| FillError::Condition {
        condition: text.to_owned(),
        message,
    })
}

fn evaluated(text: &str, functions: &Functions, batch: &RecordBatch) -> Result<Vec<bool>, String> {
    let scope = Scope::events(&batch.schema(), functions);
    let expression = Expression::parse(text).map_err(|error| error.to_string())?;
    let checked = expression.check(&scope, Some(ValueKind::Bool));
    let checked = checked.map_err(|error| error.to_string())?;
    let inputs = Inputs::events(batch);
    let values = checked
        .evaluate(&inputs)
        .map_err(|error| error.to_string())?;
    Ok(values.into_bools().into_vec(batch.num_rows()))
}
