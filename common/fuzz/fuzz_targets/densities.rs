//! Frozen densities: any bytes are refused with a message, or are a density whose quantiles rise within
//! its axis, and which is written with the same meaning.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lumimill_kde::Density;

fuzz_target!(|data: &[u8]| {
    let density = match Density::parse(data) {
        Ok(density) => density,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(Density::parse(&density.to_json()).as_ref(), Ok(&density));
    let (axis, others) = density.axes().split_first().expect("an axis");
    let middle: Vec<f64> = others
        .iter()
        .map(|axis| axis.low + (axis.high - axis.low) / 2.0)
        .collect();
    let Some(given) = density.given(&middle) else {
        return;
    };
    let mut last = axis.low;
    for share in [0.0, 0.1, 0.5, 0.9, 1.0, f64::NAN] {
        let value = given.quantile(share);
        if share.is_finite() {
            assert!(value >= last && value <= axis.high, "{value} after {last}");
            last = value;
        }
        let _ = given.share(value);
    }
});
