//! Lists in a file, as JSON.

use serde_json::Value;

use crate::error::FileError;

pub(crate) fn array<'a>(
    value: Option<&'a Value>,
    place: &str,
) -> Result<&'a Vec<Value>, FileError> {
    let list = value.and_then(Value::as_array);
    list.ok_or_else(|| FileError::content(place, "expected a list"))
}

pub(crate) fn numbers(value: Option<&Value>, place: &str) -> Result<Vec<f64>, FileError> {
    let list = array(value, place)?.iter().enumerate();
    let numbers = list.map(|(index, number)| {
        let wrong = || FileError::content(&format!("{place}[{index}]"), "expected a number");
        number.as_f64().ok_or_else(wrong)
    });
    numbers.collect()
}
