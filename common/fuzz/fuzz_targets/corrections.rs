//! Files of corrections: any bytes are refused with a message, or are corrections that have a value, or
//! say why not, for inputs of their types.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_correction::{CorrectionFile, Input, InputKind};

/// Numbers that are tried for all inputs alike.
const NUMBERS: [f64; 5] = [0.5, -1.0, 1e300, f64::INFINITY, f64::NAN];

fuzz_target!(|data: &[u8]| {
    let file = match CorrectionFile::parse(data) {
        Ok(file) => file,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for name in file.names() {
        let Ok(correction) = file.correction(name) else {
            continue;
        };
        for number in NUMBERS {
            let texts: Vec<String> = (0..correction.inputs().len())
                .map(|input| {
                    correction
                        .categories(input)
                        .texts
                        .first()
                        .cloned()
                        .unwrap_or_default()
                })
                .collect();
            let inputs = correction.inputs().iter().zip(&texts);
            let inputs: Vec<Input<'_>> = inputs
                .map(|(input, text)| match input.kind {
                    InputKind::Text => Input::Text(text),
                    InputKind::Int => Input::Int(number as i64),
                    InputKind::Real => Input::Real(number),
                })
                .collect();
            if let Err(error) = correction.evaluate(&inputs) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
});
