//! A checked expression over columns.

pub(super) mod column;
mod element;
mod elementwise;
mod gap;
mod group;
mod integer;
mod node;
mod reduce;

pub use group::MOST_GROUPS;

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::error::EvaluateError;
use super::input::Inputs;
use super::plan::{Node, Plan, Shape};
use super::row_index::Domain;
use super::value::{Constant, Listed, Values};

use node::evaluate;

/// One value per row; an error for a row that has none.
pub(super) fn rows<'v>(plan: &Plan, inputs: &'v Inputs<'_>) -> Result<Values<'v>, EvaluateError> {
    let values = evaluate(plan, inputs, Domain::Rows)?;
    if plan.is_partial {
        gap::refuse(plan, inputs)?;
    }
    Ok(values)
}

/// One value per member of each entry, or per group of members; an error for one that has none.
pub(super) fn lists<'v>(plan: &Plan, inputs: &'v Inputs<'_>) -> Result<Listed<'v>, EvaluateError> {
    if plan.is_partial {
        gap::refuse_members(plan, inputs)?;
    }
    if let Node::By(reduction, both, list) = &plan.node {
        let flat = inputs.flat(&list.collection, &list.column)?;
        let values = evaluate(&both[0], inputs, Domain::Events)?;
        let groups = evaluate(&both[1], inputs, Domain::Events)?.into_ints();
        let groups = group::Grouped::new(&list.column, groups, &flat)?;
        return Ok(Listed {
            values: groups.reduce(*reduction, values),
            ends: groups.ends(),
        });
    }
    let Shape::List(list) = &plan.shape else {
        return Err(EvaluateError::Missing("a list".to_owned()));
    };
    let flat = inputs.flat(&list.collection, &list.column)?;
    Ok(Listed {
        values: evaluate(plan, inputs, Domain::Events)?,
        ends: flat.ends().collect(),
    })
}

/// The value of a plan that depends on no column.
pub(super) fn constant(plan: &Plan) -> Option<Constant> {
    let batch = RecordBatch::new_empty(Arc::new(Schema::empty()));
    let inputs = Inputs::events(&batch);
    match evaluate(plan, &inputs, Domain::Rows).ok()? {
        Values::Bool(values) => values.get(0).map(Constant::Bool),
        Values::Int(int, values) => values.get(0).map(|value| Constant::Int(int, value)),
        Values::Float(values) => values.get(0).map(Constant::Float),
    }
}

/// Whether an `int` of a constant has a value.
pub(super) fn has_value(plan: &Plan) -> bool {
    let Node::Math(_, of) = &plan.node else {
        return true;
    };
    let fits = |of: &Plan| match constant(of) {
        Some(Constant::Float(value)) => elementwise::fits_int(value),
        _ => true,
    };
    of.iter().all(fits)
}
