//! Counts, and what they come to, against numbers computed by hand.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Int32Array, RecordBatch};

use super::*;
use crate::metric::{MetricResult, MetricSpec, Partial, RawMetric};

const TEXT: &str = "significance = { score = \"bdt_background\", mass = \"m\", signal = [2.0, 3.0], \
                    sidebands = [[0.0, 2.0], [4.0, 6.0]], thresholds = 4 }";

fn spec() -> MetricSpec {
    toml::from_str::<RawMetric>(TEXT)
        .unwrap()
        .validate()
        .unwrap()
}

/// Rows of bin, score and mass.
fn rows(rows: &[(Option<i32>, f32, f32)]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 3] = [
        (
            "bdt_bin",
            Arc::new(Int32Array::from_iter(rows.iter().map(|row| row.0))),
        ),
        (
            "bdt_background",
            Arc::new(Float32Array::from_iter_values(rows.iter().map(|row| row.1))),
        ),
        (
            "m",
            Arc::new(Float32Array::from_iter_values(rows.iter().map(|row| row.2))),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn filled(all: &[(Option<i32>, f32, f32)]) -> Partial {
    let batch = rows(all);
    let mut partial = Partial::new(&spec());
    partial
        .fill(&RowBatch::try_new(&batch, None).unwrap())
        .unwrap();
    partial
}

fn result(partial: &Partial) -> SignificanceResult {
    match partial.finalise() {
        MetricResult::Significance(result) => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn scores_are_counted_by_bin_and_mass_and_merge() {
    let all = [
        (Some(0), 0.25, 2.0), // on an edge of score and mass
        (Some(0), 0.249, 2.5),
        (Some(0), 1.0, 2.999),
        (Some(0), -0.5, 2.5),
        (Some(0), 0.6, 3.0), // beside no range
        (Some(0), 0.6, 0.0),
        (Some(3), 0.6, 5.9),
        (Some(-1), 0.6, 2.5),
        (None, 0.6, 2.5),
        (Some(3), f32::NAN, 2.5),
        (Some(3), 0.5, f32::NAN),
    ];
    let whole = filled(&all);
    let found = result(&whole);
    assert_eq!((found.dropped, found.bins.len()), (2, 2));
    assert_eq!(found.bins[0].signal, [1, 1, 1, 0, 0, 1]);
    assert_eq!(found.bins[0].sidebands, [[0, 0, 0, 1, 0, 0], [0; 6]]);
    assert_eq!((found.bins[1].bin, found.bins[1].sidebands[1][3]), (3, 1));
    // The line at 2.5 between the densities at 1 and at 5, of widths of 2.
    let scales = [found.sidebands[0].scale, found.sidebands[1].scale];
    assert!((scales[0] - 0.3125).abs() < 1e-12 && (scales[1] - 0.1875).abs() < 1e-12);
    for cut in 0..=all.len() {
        let (one, other) = all.split_at(cut);
        let mut merged = filled(one);
        merged.merge(&filled(other)).unwrap();
        assert_eq!(merged, whole);
    }
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Partial>(&text).unwrap(), whole);
    assert!(
        serde_json::from_str::<Partial>(&text.replace("\"thresholds\":4", "\"thresholds\":5"))
            .is_err()
    );
    let far = rows(&[(Some(1_000), 0.5, 2.5)]);
    let far = RowBatch::try_new(&far, None).unwrap();
    assert!(Partial::new(&spec()).fill(&far).is_err());
}

fn bin(signal: [u64; 4], sidebands: [u64; 4]) -> SignificanceBin {
    SignificanceBin {
        bin: 0,
        signal: signal.to_vec(),
        sidebands: vec![sidebands.to_vec()],
        weights: None,
    }
}

fn near(found: (f64, f64), expected: (f64, f64)) {
    assert!(
        (found.0 - expected.0).abs() < 1e-9,
        "{found:?}, expected {expected:?}"
    );
    assert!(
        (found.1 - expected.1).abs() < 1e-9,
        "{found:?}, expected {expected:?}"
    );
}

/// By hand: at 0.5, N = 90 and M = 40 of 290 and 440, with a = 0.5.
#[test]
fn a_scan_is_what_its_formulas_say() {
    let bin = bin([100, 100, 60, 30], [200, 200, 30, 10]);
    let scan = bin.scan(&[0.0, 0.5, 1.0], &[0.5], false);
    let point = scan.points[1];
    near((point.candidates, point.beside), (90.0, 40.0));
    near(point.signal, (70.0, 100f64.sqrt()));
    near(point.background, (20.0, 0.5 * 40f64.sqrt()));
    let share: f64 = 1.0; // S of all is 290 − 220 = 70
    let variance = (1.0 - share).powi(2) * 100.0 + share.powi(2) * (200.0 + 0.25 * 400.0);
    near(point.efficiency.unwrap(), (share, variance.sqrt() / 70.0));
    let root = 90f64.sqrt();
    let error = ((110.0 / (2.0 * 90.0 * root)).powi(2) * 90.0 + (0.5 / root).powi(2) * 40.0).sqrt();
    near(point.significance.unwrap(), (70.0 / root, error));
    let best = scan.best.unwrap();
    assert_eq!(best.point, 1);
    assert!((scan.points[2].significance.unwrap().0 - 25.0 / 30f64.sqrt()).abs() < 1e-9);
    assert!(
        (best.cuts[0] - 0.5).abs() < 1e-9 && (best.cuts[1] - 0.5).abs() < 1e-9,
        "{best:?}"
    );
}

#[test]
fn scores_up_to_a_cut_are_those_below_its_edge() {
    let bin = bin([30, 60, 100, 100], [10, 30, 200, 200]);
    let scan = bin.scan(&[0.0, 0.7, 1.0], &[0.5], true);
    let point = scan.points[1];
    near((point.candidates, point.beside), (90.0, 40.0));
    let cut = point.cut as f32;
    assert!(
        f64::from(cut) < 0.7 && f64::from(cut.next_up()) >= 0.7,
        "{cut}"
    );
    assert_eq!(scan.best.unwrap().point, 1);
    let above = bin.scan(&[0.0, 0.7, 1.0], &[0.5], false).points[1];
    near((above.candidates, above.beside), (200.0, 400.0));
}

#[test]
fn without_signal_or_background_there_is_no_best_cut_and_it_says_why() {
    for (signal, sidebands, why) in [
        ([0; 4], [1; 4], "no candidate around the peak"),
        ([1; 4], [0; 4], "no candidate in the sidebands"),
        ([1; 4], [9; 4], "no signal above the background"),
    ] {
        let scan = bin(signal, sidebands).scan(&[0.0, 0.5, 1.0], &[0.5], false);
        assert!(scan.best.is_none());
        assert!(scan.why.unwrap().contains(why), "{:?}", scan.why);
        let numbers = scan.points.iter().filter_map(|point| point.significance);
        assert!(numbers.map(|(value, _)| value).all(f64::is_finite));
    }
    assert!(result(&filled(&[])).warnings()[0].contains("no candidate"));
}

#[test]
fn every_mistake_is_told_with_its_key() {
    let errors = |text: &str| {
        toml::from_str::<RawMetric>(text)
            .unwrap()
            .validate()
            .unwrap_err()
    };
    let found = errors(
        &TEXT
            .replace("bdt_background", "s")
            .replace("[2.0, 3.0]", "[3.0, 2.0]")
            .replace("[4.0, 6.0]", "[1.0, 6.0]")
            .replace("= 4", "= 4000"),
    );
    for told in [
        "significance.score: `s` is no score of a BDT configuration",
        "significance.signal: [3, 2] is not a finite range",
        "significance.sidebands[1]: [1, 6] overlaps sidebands[0]",
        "significance.thresholds: 4000 is not between 1 and 1000",
    ] {
        assert!(
            found.iter().any(|said| said.starts_with(told)),
            "{told} in {found:?}"
        );
    }
    assert!(
        errors(&TEXT.replace("[[0.0, 2.0], [4.0, 6.0]]", "[]"))[0].contains("sidebands: empty")
    );
    assert_eq!(spec().columns(), ["bdt_background", "m", "bdt_bin"]);
}

/// Weights of one half are half of everything, with errors of the squares.
#[test]
fn a_scan_of_weights_has_their_variances() {
    let counted = bin([100, 100, 60, 30], [200, 200, 30, 10]);
    let weigh = |counts: &[u64]| -> Vec<Weighted> {
        let weighted = |count: &u64| Weighted {
            sum: *count as f64 * 0.5,
            squares: *count as f64 * 0.25,
        };
        counts.iter().map(weighted).collect()
    };
    let weighted = SignificanceBin {
        weights: Some(BinSums {
            signal: weigh(&counted.signal),
            sidebands: vec![weigh(&counted.sidebands[0])],
        }),
        ..counted.clone()
    };
    let edges = [0.0, 0.5, 1.0];
    let [counted, weighted] =
        [counted, weighted].map(|bin| bin.scan(&edges, &[0.5], false).points[1]);
    near((weighted.candidates, weighted.beside), (45.0, 20.0));
    let half = |(value, error)| (value / 2.0, error / 2.0);
    near(weighted.signal, half(counted.signal));
    near(weighted.background, half(counted.background));
    near(weighted.efficiency.unwrap(), counted.efficiency.unwrap());
    let root = |(value, error): (f64, f64)| (value / 2f64.sqrt(), error / 2f64.sqrt());
    near(
        weighted.significance.unwrap(),
        root(counted.significance.unwrap()),
    );
}

/// Background was scaled by widths alone, which is that of a straight line only where the sidebands lie
/// evenly about the peak.
#[test]
fn a_background_that_is_a_straight_line_is_no_signal() {
    let scales = |sidebands: &str| {
        let text = TEXT.replace("[[0.0, 2.0], [4.0, 6.0]]", sidebands);
        let raw = toml::from_str::<RawMetric>(&text).unwrap();
        match raw.validate().unwrap() {
            MetricSpec::Significance(spec) => (spec.sidebands().to_vec(), spec.scales()),
            other => panic!("{other:?}"),
        }
    };
    // The candidates of a density 30 − 4 m.
    let below = |[low, high]: [f64; 2]| 30.0 * (high - low) - 2.0 * (high * high - low * low);
    for sidebands in [
        "[[0.0, 2.0], [4.0, 6.0]]",
        "[[1.0, 2.0], [3.0, 4.0]]",
        "[[0.0, 1.9], [3.0, 3.1]]",
        "[[0.0, 1.0], [1.0, 1.5]]",
        "[[0.0, 1.0], [1.2, 2.0], [3.5, 4.0], [5.0, 7.0]]",
    ] {
        let (ranges, scales) = scales(sidebands);
        let found: f64 = ranges
            .iter()
            .zip(&scales)
            .map(|(range, scale)| scale * below(*range))
            .sum();
        let expected = below([2.0, 3.0]);
        assert!(
            (found - expected).abs() < 1e-9,
            "{sidebands}: {found}, {expected}"
        );
    }
    let (_, one) = scales("[[0.0, 2.0]]");
    assert_eq!(one, [0.5]);
    let many: Vec<String> = (0..17)
        .map(|at| format!("[{}, {}]", 4 + at, 5 + at))
        .collect();
    let text = TEXT.replace(
        "[[0.0, 2.0], [4.0, 6.0]]",
        &format!("[{}]", many.join(", ")),
    );
    let raw = toml::from_str::<RawMetric>(&text);
    if let Ok(raw) = raw {
        let said = raw.validate().unwrap_err();
        assert!(
            said[0].contains("17 of them, at most 16 are counted"),
            "{said:?}"
        );
    }
}
