//! Several labels against scikit-learn 1.9.1's definitions on the same rows, and against themselves.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch};

use crate::metric::{MetricResult, MetricSpec, MultilabelResult, Partial, RawMetric, RowBatch};

const ROWS: usize = 300;

fn parsed(more: &str) -> Result<MetricSpec, Vec<String>> {
    let text = format!(
        "multilabel = {{ truths = [\"a\", \"b\", \"c\"], scores = [\"pa\", \"pb\", \"pc\"], \
         names = [\"pion\", \"muon\", \"mip\"]{more} }}"
    );
    toml::from_str::<RawMetric>(&text).unwrap().validate()
}

fn fraction(row: usize, step: f64) -> f64 {
    (row as f64 * step).fract()
}

fn truth(row: usize, label: usize) -> bool {
    label < 2 && fraction(row, 0.754_877_666_246_692_7 + 0.1 * label as f64) < 0.4
}

fn score(row: usize, label: usize) -> f64 {
    let chance = fraction(row, 0.618_033_988_749_895 + 0.05 * label as f64);
    0.6 * chance + if truth(row, label) { 0.35 } else { 0.0 }
}

fn rows() -> RecordBatch {
    let truths = |label: usize| -> ArrayRef {
        let of = |row: usize| (row != 3 || label != 1).then(|| truth(row, label));
        Arc::new((0..ROWS).map(of).collect::<BooleanArray>())
    };
    let scores = |label: usize| -> ArrayRef {
        let of = |row: usize| {
            if row == 4 {
                f64::NAN
            } else {
                score(row, label)
            }
        };
        Arc::new(Float64Array::from_iter_values((0..ROWS).map(of)))
    };
    let columns = ["a", "b", "c"].into_iter().zip((0..3).map(truths));
    let columns = columns.chain(["pa", "pb", "pc"].into_iter().zip((0..3).map(scores)));
    RecordBatch::try_from_iter(columns).unwrap()
}

fn filled(spec: &MetricSpec, rows: &RecordBatch) -> Partial {
    let mut partial = Partial::new(spec);
    partial
        .fill(&RowBatch::try_new(rows, None).unwrap())
        .unwrap();
    partial
}

fn result(partial: &Partial) -> MultilabelResult {
    match partial.finalise() {
        MetricResult::Multilabel(found) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn labels_are_counted_one_by_one_and_together() {
    let spec = parsed(", thresholds = [0.5, 0.4, 0.9]").unwrap();
    let found = result(&filled(&spec, &rows()));
    assert_eq!((found.unlabelled, found.dropped), (1, 1));
    let rows: Vec<usize> = (0..ROWS).filter(|row| ![3, 4].contains(row)).collect();
    let taken = |row: usize, label: usize| score(row, label) >= [0.5, 0.4, 0.9][label];
    let count = |of: &dyn Fn(usize) -> bool| rows.iter().filter(|row| of(**row)).count() as f64;
    let all = &found.bins[0];
    let close = |found: Option<f64>, expected: f64| {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    };
    let n = rows.len() as f64;
    let exact = count(&|row| (0..3).all(|label| truth(row, label) == taken(row, label)));
    close(all.exact_match.map(|of| of.value), exact / n);
    let wrong = |label: usize| count(&|row| truth(row, label) != taken(row, label));
    close(all.hamming_loss, (0..3).map(wrong).sum::<f64>() / (3.0 * n));
    let (mut hits, mut truths, mut takens) = (0.0, 0.0, 0.0);
    for label in 0..3 {
        let hit = count(&|row| truth(row, label) && taken(row, label));
        let (is, said) = (
            count(&|row| truth(row, label)),
            count(&|row| taken(row, label)),
        );
        (hits, truths, takens) = (hits + hit, truths + is, takens + said);
        let of = &all.labels[label];
        assert!((of.count - is).abs() < 0.5);
        if label < 2 {
            close(of.precision.map(|of| of.value), hit / said);
            close(of.recall.map(|of| of.value), hit / is);
            close(of.f1, 2.0 * hit / (is + said));
            let pairs = |a: usize, b: usize| match score(a, label) - score(b, label) {
                more if more > 0.0 => 1.0,
                less if less < 0.0 => 0.0,
                _ => 0.5,
            };
            let (yes, no): (Vec<usize>, Vec<usize>) =
                rows.iter().partition(|row| truth(**row, label));
            let wins = yes
                .iter()
                .flat_map(|a| no.iter().map(move |b| pairs(*a, *b)));
            let auc = wins.sum::<f64>() / (yes.len() * no.len()) as f64;
            assert!((of.auc.unwrap().value - auc).abs() <= of.auc_binning_error.unwrap() + 1e-12);
        }
        let loss = |row: &usize| match truth(*row, label) {
            true => -score(*row, label).ln(),
            false => -(1.0 - score(*row, label)).ln(),
        };
        close(all.log_loss[label], rows.iter().map(loss).sum::<f64>() / n);
    }
    close(all.micro.precision, hits / takens);
    close(all.micro.recall, hits / truths);
    close(all.micro.f1, 2.0 * hits / (truths + takens));
    let both = |label: usize| all.labels[label].recall.unwrap().value;
    close(all.macro_.recall, (both(0) + both(1)) / 2.0);
    assert!(all.labels[2].recall.is_none() && all.labels[2].auc.is_none());
    let told = found.warnings();
    assert!(told[0].contains("mip is true of no row"), "{told:?}");
}

#[test]
fn parts_in_any_order_are_the_whole() {
    let spec = parsed(", bins = { column = \"pa\", edges = [0.0, 0.3, 1.0] }").unwrap();
    let rows = rows();
    let whole = filled(&spec, &rows);
    let mut merged = filled(&spec, &rows.slice(200, 100));
    merged.merge(&filled(&spec, &rows.slice(0, 200))).unwrap();
    assert_eq!(merged, whole);
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Partial>(&text).unwrap(), whole);
    let broken = text.replacen("\"taken_of\":[[", "\"taken_of\":[[1,", 1);
    assert!(serde_json::from_str::<Partial>(&broken).is_err());
}

#[test]
fn mistakes_are_told_with_their_keys() {
    let told = |more: &str| parsed(more).unwrap_err().join("; ");
    let few = told(", thresholds = [0.5]");
    assert!(
        few.contains("multilabel.thresholds: 1 for 3 scores"),
        "{few}"
    );
    let nan = told(", thresholds = [0.5, 0.5, nan]");
    assert!(nan.contains("expected finite numbers"), "{nan}");
}

#[test]
fn one_score_of_1_0000001_took_the_log_loss_away() {
    let spec = parsed("").unwrap();
    let with = |score: f64| {
        let rows = rows();
        let mut columns = rows.columns().to_vec();
        let scores = (0..ROWS).map(|row| if row == 9 { score } else { 0.5 });
        columns[3] = Arc::new(Float64Array::from_iter_values(scores));
        let rows = RecordBatch::try_new(rows.schema(), columns).unwrap();
        result(&filled(&spec, &rows)).bins.remove(0)
    };
    let (rounded, whole) = (with(1.0 + f64::from(f32::EPSILON)), with(1.0));
    assert!(whole.log_loss[0].is_some());
    assert_eq!(rounded.log_loss[0], whole.log_loss[0]);
    let other = with(1.5);
    assert_eq!(
        (other.log_loss[0], &other.no_probability[..]),
        (None, &[1, 0, 0][..])
    );
    let names = ["pion", "muon", "mip"].map(str::to_owned);
    let said = other.values(&names);
    let said = said
        .iter()
        .find(|value| value.metric == "no_probability")
        .unwrap();
    assert_eq!((said.class, said.value), ("pion", Some(1.0)));
}
