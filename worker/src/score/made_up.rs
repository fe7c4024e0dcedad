//! Rows that are made up, to try a model with.

use super::signature::{BoundInput, Element};
use super::tensor_values::TensorValues;

/// Values of an input for rows that were made up: at each place of a batch the row of this number.
pub(super) fn made_up(
    input: &BoundInput,
    rows: usize,
    from: &dyn Fn(usize) -> usize,
) -> TensorValues {
    let width = input.columns.len();
    let places = (0..rows).flat_map(|row| (0..width).map(move |column| (row, column)));
    let number = |(row, column): (usize, usize)| {
        // Fractions of a golden ratio: no two rows alike.
        let step = (from(row) * width + column + 1) as f64 * 0.618_033_988_749_895;
        step.fract() * 4.0 - 2.0
    };
    // Of whole numbers all rows that come in are alike, and of the others every second one.
    let whole = |(row, _): (usize, usize)| match from(row) {
        number if number < rows => number % 2,
        _ => 1,
    };
    match input.element {
        Element::Float => TensorValues::Float(places.map(|at| number(at) as f32).collect()),
        Element::Double => TensorValues::Double(places.map(number).collect()),
        // What is an index must be one that there is, and rows must not all be alike.
        Element::Long => TensorValues::Long(places.map(|at| whole(at) as i64).collect()),
        Element::Int => TensorValues::Int(places.map(|at| whole(at) as i32).collect()),
        Element::Bool => TensorValues::Bool(places.map(|at| number(at) > 0.0).collect()),
    }
}
