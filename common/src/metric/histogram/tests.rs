use super::super::list::{MetricResult, RawMetric};
use super::super::partial::{Partial, warnings};
use super::*;
use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use std::sync::Arc;

fn histogram(values: &[f64], weights: Option<&[f64]>) -> HistogramResult {
    let raw = RawHistogram {
        column: "m".into(),
        bins: 4,
        range: [0.0, 2.0],
        weight: weights.map(|_| "w".into()),
        over: None,
    };
    let spec = RawMetric {
        histogram: Some(raw),
        ..RawMetric::default()
    }
    .validate()
    .unwrap();
    let ones = vec![1.0; values.len()];
    let batch = RecordBatch::try_from_iter([
        (
            "m",
            Arc::new(Float64Array::from(values.to_vec())) as ArrayRef,
        ),
        (
            "w",
            Arc::new(Float64Array::from(weights.unwrap_or(&ones).to_vec())),
        ),
    ])
    .unwrap();
    let mut partial = Partial::new(&spec);
    partial
        .fill(&RowBatch::try_new(&batch, None).unwrap())
        .unwrap();
    match partial.finalise() {
        MetricResult::Histogram(result) => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn much_outside_of_the_range_is_warned_of_unless_another_histogram_shows_it() {
    let spectrum = |outside: usize| {
        let mut values = vec![1.0; 100 - outside];
        values.extend(vec![7.0; outside]);
        histogram(&values, None)
    };
    let said = |histograms: &[&HistogramResult]| {
        let results = histograms.iter().copied().cloned();
        let results: Vec<_> = results.map(MetricResult::Histogram).collect();
        warnings(&results)
    };
    let (whole, part, nothing) = (spectrum(1), spectrum(27), spectrum(100));
    assert_eq!(said(&[&whole]), Vec::<String>::new());
    let says = "histogram of m: 27.0 % of 100 values are outside of range = [0, 2] (27.0 % above): \
                widen the range, or add another histogram of m that shows them";
    assert_eq!(said(&[&part]), [says]);
    assert_eq!(said(&[&part, &whole]), Vec::<String>::new());
    let both = histogram(&[-1.0, -1.0, 1.0, 5.0], None);
    assert!(said(&[&both])[0].contains("75.0 % of 4 values"));
    assert!(said(&[&both])[0].contains("(50.0 % below, 25.0 % above)"));
    // Once, in the words for it.
    assert_eq!(said(&[&nothing]).len(), 1);
}

const VALUES: [f64; 8] = [-1.0, 0.0, 0.49, 0.5, 1.99, 2.0, f64::INFINITY, f64::NAN];

#[test]
fn counts_with_poisson_errors() {
    let result = histogram(&VALUES, None);
    let entries: Vec<u64> = result.bins.iter().map(|bin| bin.entries).collect();
    assert_eq!(entries, [2, 1, 0, 1]);
    assert_eq!(
        (
            result.underflow.entries,
            result.overflow.entries,
            result.missing
        ),
        (1, 2, 1)
    );
    assert!((result.bins[0].error - 2f64.sqrt()).abs() < 1e-15);
    assert!((result.bins[1].low - 0.5).abs() < 1e-15 && (result.bins[3].high - 2.0).abs() < 1e-15);
}

#[test]
fn weights_add_and_their_squares_make_the_error() {
    let weights = [1.0, 0.5, -2.0, 3.0, f64::NAN, 1.0, 0.25, 7.0];
    let result = histogram(&VALUES, Some(&weights));
    assert_eq!(result.missing, 2);
    assert!((result.bins[0].content + 1.5).abs() < 1e-15);
    assert!((result.bins[0].error - 4.25f64.sqrt()).abs() < 1e-15);
    assert!((result.overflow.content - 1.25).abs() < 1e-15);
    assert_eq!(result.bins[0].entries, 2);
}
