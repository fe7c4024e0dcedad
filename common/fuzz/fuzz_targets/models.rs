//! Models of fits from any text, a component a line: refused with a message, or a model whose densities
//! are numbers, or nothing, for any values of its parameters.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use lumimill_fit::{FitRange, Model};

/// Values of parameters that are tried, all of them alike.
const VALUES: [f64; 6] = [1.0, 0.5, 0.0, -3.0, 1e300, f64::NAN];

fuzz_target!(|text: &str| {
    let names = ["signal", "background", "other"];
    let components: Vec<(&str, &str)> = names.into_iter().zip(text.lines()).collect();
    let range = FitRange::new(1.8, 1.95).expect("a range");
    let model = match Model::new(range, &components, &BTreeMap::new()) {
        Ok(model) => model,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let parameters = model.parameter_names().len();
    assert!(parameters >= components.len());
    for value in VALUES {
        if let Some(densities) = model.densities(&vec![value; parameters]) {
            for component in 0..components.len() {
                let _ = densities.height(component, 1.87);
                let _ = densities.area(component, 1.8, 1.9);
            }
        }
    }
});
