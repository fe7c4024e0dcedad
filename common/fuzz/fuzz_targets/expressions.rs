//! Expressions and functions from any text: parsed, checked and evaluated, or refused; never a
//! panic, and never for long.

#![no_main]

use std::sync::Arc;

use arrow_array::types::{Float32Type, UInt8Type};
use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Int32Array, ListArray, RecordBatch, UInt32Array,
    UInt64Array,
};
use libfuzzer_sys::fuzz_target;
use lumimill_common::expression::{Expression, Functions, Index, Inputs, RowIndex, Scope};

/// Two events, with two members and none.
fn batch() -> Option<RecordBatch> {
    let list = |values: [f32; 2]| -> ArrayRef {
        let lists = [Some(values.map(Some).to_vec()), Some(vec![])];
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))
    };
    let ids = [Some(vec![Some(255), Some(2)]), Some(vec![])];
    let ids: ArrayRef = Arc::new(ListArray::from_iter_primitive::<UInt8Type, _, _>(ids));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("nM", Arc::new(UInt32Array::from(vec![2, 0]))),
        ("a", Arc::new(Float32Array::from(vec![1.5, f32::NAN]))),
        ("b", Arc::new(BooleanArray::from(vec![true, false]))),
        ("i", Arc::new(Int32Array::from(vec![-7, 40]))),
        ("h", Arc::new(UInt64Array::from(vec![u64::MAX, 0]))),
        ("M_id", ids),
        ("M_pt", list([3.0, 2.0])),
        ("M_eta", list([0.1, -1.0])),
        ("M_phi", list([3.0, -3.0])),
        ("M_mass", list([0.1, 0.1])),
    ];
    RecordBatch::try_from_iter(columns).ok()
}

// The first line is a function `f`, the rest an expression.
fuzz_target!(|data: &str| {
    let (function, text) = data.split_once('\n').unwrap_or(("(x) => x", data));
    let functions = Functions::parse([("f", function)]).unwrap_or_default();
    let (Ok(expression), Some(batch)) = (Expression::parse(text), batch()) else {
        return;
    };
    let events = Scope::events(&batch.schema(), &functions);
    match expression.check(&events, None) {
        Ok(checked) => drop(checked.evaluate(&Inputs::events(&batch))),
        Err(error) => drop(error.to_string()),
    }
    let slots = vec![Index::Chosen(vec![0]), Index::Chosen(vec![1])];
    let rows = RowIndex::members(Index::Chosen(vec![0]), Index::All(2), slots);
    let inputs = rows.and_then(|rows| Inputs::rows(&batch, rows));
    if let (Ok(checked), Ok(inputs)) = (expression.check(&events.pairs("M"), None), inputs) {
        drop(checked.evaluate(&inputs));
    }
    let slots = vec![Index::All(2)];
    let rows = RowIndex::members(Index::Chosen(vec![0, 0]), Index::All(2), slots);
    let inputs = rows.and_then(|rows| Inputs::rows(&batch, rows));
    if let (Ok(checked), Ok(inputs)) = (expression.check(&events.each("M"), None), inputs) {
        drop(checked.evaluate(&inputs));
    }
});
