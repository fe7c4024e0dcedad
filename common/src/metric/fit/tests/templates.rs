//! Fits by the histograms of other stages, and weights from their files alone.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use super::super::{Cow, FrozenFit, Weigher};
use super::*;
use crate::form;
use crate::metric::counted_rows::CountedRows;
use crate::metric::{MetricSpec, Partial};

/// A peak over the histogram of a stage.
fn spec(weight: Option<&str>) -> MassFitSpec {
    let raw = RawMassFit {
        nominal: vec![
            component("signal", "gauss(mean, width)"),
            component("background", "template(side)"),
        ],
        systematic: Vec::new(),
        fix: Vec::new(),
        histograms: vec!["side".into()],
        weight: weight.map(str::to_owned),
        ..raw()
    };
    MassFitSpec::try_new(&raw).unwrap()
}

fn counted(spec: &MassFitSpec, rows: &RecordBatch, side: &RecordBatch) -> CountedRows {
    let partial = |spec: MassFitSpec, rows: &RecordBatch| {
        let mut partial = Partial::new(&MetricSpec::MassFit(spec));
        partial
            .fill(&RowBatch::try_new(rows, None).unwrap())
            .unwrap();
        partial
    };
    let side = partial(spec.counting_others(), side);
    CountedRows {
        rows: partial(spec.counting(), rows),
        others: BTreeMap::from([("side".to_owned(), side)]),
    }
}

/// Rows whose number leaves that rest: of the background every other one, of negative weights every
/// fifth.
fn every(rows: &RecordBatch, (divisor, rest): (usize, usize)) -> RecordBatch {
    let rows_of = (0..rows.num_rows()).map(|row| row % divisor == rest);
    let chosen: Vec<bool> = rows_of.collect();
    arrow_select::filter::filter_record_batch(rows, &chosen.into()).unwrap()
}

#[test]
fn a_template_is_fitted_and_weighed_by_from_the_file_of_the_fit_alone() {
    let spec = spec(None);
    let batch = rows(20_000);
    let counted = counted(&spec, &batch, &every(&batch, (2, 1)));
    let frozen = spec.freeze(&counted, 0).unwrap();
    let value = |name: &str| {
        let mut values = frozen.models[0].values.iter();
        values.find(|value| value.name == name).unwrap().value
    };
    // It is the background itself: no other number is left to the fit than the yield.
    let side = &frozen.histograms["side"];
    let there = side.counts.sumw.iter().sum::<f64>();
    assert!((there - side.entries as f64).abs() < 1e-9, "{there}");
    assert!(
        (value("background") - there).abs() < 60.0,
        "{}",
        value("background")
    );
    let bytes = form::write(&frozen).unwrap();
    let read: FrozenFit = form::read(&bytes).unwrap();
    assert_eq!(read, frozen);
    for (cow, near) in [
        (Cow::Density, 1e-3),
        (Cow::One, 3e-2),
        (Cow::Histogram("side".into()), 3e-2),
    ] {
        let weigher = Weigher::new(&spec, std::slice::from_ref(&read), &cow).unwrap();
        let batch = RowBatch::try_new(&batch, None).unwrap();
        let weights = weigher.weights(&[("nominal", "signal")], &batch).unwrap();
        let sum: f64 = weights[0].iter().filter(|weight| !weight.is_nan()).sum();
        let relative = sum / value("signal") - 1.0;
        assert!(relative.abs() < near, "{cow}: {sum} {}", value("signal"));
    }
    let page = spec.of_counted(&counted).unwrap();
    let fit = &page.categories[0].fits[0];
    assert_eq!(fit.failure, None);
    // What is drawn is what is fitted, bin by bin.
    let drawn = &fit.curves[2].contents;
    let scale = value("background") / there;
    for (drawn, content) in drawn.iter().zip(&side.counts.sumw) {
        assert!((drawn - scale * content).abs() < 1e-6, "{drawn} {content}");
    }
}

#[test]
fn a_template_that_is_empty_or_negative_is_no_fit_and_says_why() {
    let batch = rows(20_000);
    let why = |spec: &MassFitSpec, side: &RecordBatch| {
        let counted = counted(spec, &batch, side);
        let told = spec.freeze(&counted, 0).unwrap_err().to_string();
        let page = spec.of_counted(&counted).unwrap();
        let failure = page.categories[0].fits[0].failure.clone().unwrap();
        assert!(told.ends_with(&failure), "{told}\n{failure}");
        told
    };
    let empty = why(&spec(None), &batch.slice(0, 0));
    assert_eq!(
        empty,
        "nominal fit of m in category p_0: template(side): no row of stage side is in this category \
         and range: take wider categories, or another density"
    );
    let negative = why(&spec(Some("w")), &every(&batch, (5, 0)));
    assert!(
        negative.contains("template(side): bin ") && negative.contains("take fewer bins"),
        "{negative}"
    );
}

#[test]
fn a_fit_that_names_no_stage_is_read_and_hashed_as_before() {
    let spec = MassFitSpec::try_new(&RawMassFit {
        by: Vec::new(),
        ..raw()
    })
    .unwrap();
    let batch = rows(20_000);
    let mut counted = counted(&spec, &batch, &batch);
    counted.others.clear();
    let frozen = spec.freeze(&counted, 0).unwrap();
    let text = String::from_utf8(form::write(&frozen).unwrap()).unwrap();
    assert!(!text.contains("histograms"), "{text}");
    let former = text.replace("\"form\": 4", "\"form\": 2");
    assert_ne!(former, text);
    assert_eq!(form::read::<FrozenFit>(former.as_bytes()).unwrap(), frozen);
    let classic = spec.controlled(&[], None, (&Cow::Density, None)).unwrap();
    assert_eq!(
        Kind::hash(&classic).to_string(),
        Kind::hash(&spec).to_string()
    );
    let other = spec.controlled(&[], None, (&Cow::One, None)).unwrap();
    assert_eq!(other.fit_hash().to_string(), spec.fit_hash().to_string());
    assert_eq!(other.counting(), spec.counting());
}
