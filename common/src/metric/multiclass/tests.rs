//! Several classes against scikit-learn 1.9.1 on the same rows, and against themselves.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int32Array, RecordBatch};

use crate::metric::{MetricResult, MetricSpec, MulticlassResult, Partial, RawMetric, RowBatch};

const ROWS: usize = 400;

fn spec(more: &str) -> MetricSpec {
    let text = format!(
        "multiclass = {{ truth = \"species\", scores = [\"p0\", \"p1\", \"p2\"], \
         names = [\"pion\", \"kaon\", \"proton\"]{more} }}"
    );
    let raw: RawMetric = toml::from_str(&text).unwrap();
    raw.validate().unwrap_or_else(|errors| panic!("{errors:?}"))
}

const BINS: &str = ", bins = { column = \"p\", edges = [0.5, 1.5, 3.0] }, masks = [\"has_tof\"]";

fn floats(values: impl Iterator<Item = f64>) -> ArrayRef {
    Arc::new(Float64Array::from_iter_values(values))
}

/// The rows of the reference.
fn rows() -> RecordBatch {
    rows_of(&|_, class| class)
}

/// The same, with another true class where this says so, of a row and its class.
fn rows_of(class: &dyn Fn(usize, i32) -> i32) -> RecordBatch {
    let fraction = |x: f64| x - x.floor();
    let of = |row: usize| row as f64;
    let truth = |row: usize| (fraction(of(row) * 0.754_877_666_246_692_7) * 3.0) as usize;
    let score = |row: usize, class: usize| {
        let chance = fraction(of(row) * (0.618_033_988_749_895 + 0.1 * class as f64));
        chance + if truth(row) == class { 0.35 } else { 0.0 } + 0.05
    };
    let sum = |row: usize| score(row, 0) + score(row, 1) + score(row, 2);
    let species = (0..ROWS).map(|row| class(row, truth(row) as i32));
    let probability = |class: usize| floats((0..ROWS).map(move |row| score(row, class) / sum(row)));
    let late = |row: usize| if row.is_multiple_of(11) { 1.2 } else { 0.0 };
    let tof = (0..ROWS).map(|row| Some(row % 5 != 0));
    RecordBatch::try_from_iter([
        (
            "species",
            Arc::new(Int32Array::from_iter_values(species)) as ArrayRef,
        ),
        ("p0", probability(0)),
        ("p1", probability(1)),
        ("p2", probability(2)),
        (
            "p",
            floats((0..ROWS).map(|row| fraction(of(row) * 0.569_840_290_998_053_2) * 3.5)),
        ),
        (
            "w",
            floats((0..ROWS).map(|row| 1.0 + 0.5 * of(row).cos() - late(row))),
        ),
        ("has_tof", Arc::new(BooleanArray::from_iter(tof))),
    ])
    .unwrap()
}

fn filled(spec: &MetricSpec, batch: &RecordBatch) -> Partial {
    let mut partial = Partial::new(spec);
    let rows = RowBatch::try_new(batch, None).unwrap();
    partial.fill(&rows).unwrap();
    partial
}

fn result(partial: &Partial) -> MulticlassResult {
    match partial.finalise() {
        MetricResult::Multiclass(result) => result,
        other => panic!("{other:?}"),
    }
}

fn value(result: &MulticlassResult, bin: &str, class: &str, metric: &str) -> Option<f64> {
    let bin = result
        .bins
        .iter()
        .find(|found| found.label() == bin)
        .unwrap();
    let values = bin.values(&result.names);
    let found = values
        .iter()
        .find(|value| value.class == class && value.metric == metric);
    found
        .unwrap_or_else(|| panic!("no {metric} of {class}"))
        .value
}

#[test]
fn values_are_those_of_scikit_learn() {
    let result = result(&filled(&spec(BINS), &rows()));
    let expected = [
        ("all", "", "count", 400.0),
        ("all", "", "accuracy", 0.655),
        ("all", "", "balanced_accuracy", 0.654_677_137_355_349_4),
        ("all", "", "log_loss", 0.818_681_122_363_757_2),
        ("all", "", "ece", 0.177_996_620_641_617_7),
        ("all", "pion", "auc", 0.859_287_211_740_042),
        ("all", "kaon", "auc", 0.848_165_189_092_133_3),
        ("all", "macro", "auc", 0.853_097_563_806_436_3),
        ("all", "weighted", "auc", 0.853_122_467_475_415_1),
        ("all", "micro", "auc", 0.850_668_75),
        (
            "all",
            "proton",
            "average_precision",
            0.749_776_505_051_227_7,
        ),
        ("all", "micro", "average_precision", 0.755_635_594_426_046_3),
        ("all", "pion", "precision", 0.656_716_417_910_447_8),
        ("all", "kaon", "recall", 0.701_492_537_313_432_8),
        ("all", "macro", "f1", 0.654_303_818_857_722_2),
        ("all", "weighted", "precision", 0.654_575_124_378_109_5),
        ("all", "", "available has_tof", 0.8),
        ("0.5..1.5", "", "count", 114.0),
        ("0.5..1.5", "", "accuracy", 2.0 / 3.0),
        ("0.5..1.5", "", "log_loss", 0.803_322_243_481_026_7),
        ("0.5..1.5", "", "ece", 0.187_569_901_965_160_27),
        ("0.5..1.5", "kaon", "auc", 0.831_349_206_349_206_4),
        ("0.5..1.5", "micro", "auc", 0.863_034_779_932_286_8),
        (
            "0.5..1.5",
            "kaon",
            "available has_tof",
            0.761_904_761_904_761_9,
        ),
    ];
    for (bin, class, metric, expected) in expected {
        let found = value(&result, bin, class, metric).unwrap();
        let near = (found - expected).abs() < 1e-12;
        // Scores in double precision that are alike to single share a bin.
        let bound = result.bins[0].classes[0].auc_binning_error.unwrap();
        let binned = metric == "auc" || metric == "average_precision";
        let near = near || (binned && (found - expected).abs() <= bound.max(1e-4));
        assert!(near, "{bin} {class} {metric}: {found}, expected {expected}");
    }
    assert_eq!(result.bins[0].confusion[1], [22.0, 94.0, 18.0]);
    assert!(result.outside > 0 && result.warnings().is_empty());
}

#[test]
fn weights_may_be_negative() {
    let result = result(&filled(&spec(", weight = \"w\""), &rows()));
    for (class, metric, expected) in [
        ("", "accuracy", 0.663_698_361_393_325_6),
        ("", "balanced_accuracy", 0.663_022_284_352_763_9),
        ("", "log_loss", 0.812_850_498_805_466_2),
        ("pion", "count", 119.509_506_85),
        ("pion", "precision", 0.652_219_04),
        ("kaon", "recall", 0.734_413_99),
        ("macro", "f1", 0.661_791_374_871_211_4),
        ("weighted", "f1", 0.662_033_641_869_026_5),
    ] {
        let found = value(&result, "all", class, metric).unwrap();
        assert!((found - expected).abs() < 1e-7, "{class} {metric}: {found}");
    }
    let plain = filled(&spec(""), &rows());
    let plain = self::result(&plain).bins[0].accuracy.unwrap();
    let weighted = result.bins[0].accuracy.unwrap();
    // Weights of different sizes are worth fewer rows.
    assert!(weighted.error > plain.error);
    let expected = (0.655_f64 * 0.345 / 400.0).sqrt();
    assert!((plain.error.unwrap() - expected).abs() < 1e-12);
}

/// Weighted scores were put into 200 equal bins: of ones below a thousandth the area was 0.5.
#[test]
fn scores_that_are_close_together_are_told_apart_with_weights_too() {
    let batch = rows();
    let small = |name: &str| {
        let column = batch.column_by_name(name).unwrap();
        let values = column.as_any().downcast_ref::<Float64Array>().unwrap();
        floats(
            values
                .values()
                .iter()
                .map(|value| value * 1e-3)
                .collect::<Vec<_>>()
                .into_iter(),
        )
    };
    let fields = batch.schema();
    let columns = fields.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| match field.name().as_str() {
        "p0" => ("p0", small("p0")),
        "p1" => ("p1", small("p1")),
        name => (name, column.clone()),
    });
    let batch = RecordBatch::try_from_iter(columns.collect::<Vec<_>>()).unwrap();
    let numbers = |name: &str| {
        let column = batch.column_by_name(name).unwrap();
        let column = column.as_any().downcast_ref::<Float64Array>().unwrap();
        column.values().to_vec()
    };
    let truth = batch.column_by_name("species").unwrap();
    let truth = truth.as_any().downcast_ref::<Int32Array>().unwrap();
    let result = result(&filled(&spec(", weight = \"w\""), &batch));
    let weights = numbers("w");
    for (class, name) in [(0, "p0"), (1, "p1"), (2, "p2")] {
        let scores = numbers(name);
        // Every pair by itself.
        let (mut right, mut pairs) = (0.0, 0.0);
        for one in (0..ROWS).filter(|row| truth.value(*row) == class) {
            for other in (0..ROWS).filter(|row| truth.value(*row) != class) {
                let weight = weights[one] * weights[other];
                pairs += weight;
                right += match scores[one].total_cmp(&scores[other]) {
                    std::cmp::Ordering::Greater => weight,
                    std::cmp::Ordering::Equal => weight / 2.0,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        let found = &result.bins[0].classes[class as usize];
        let auc = found.auc.unwrap();
        assert!((auc.value - right / pairs).abs() < 1e-9, "{name}: {auc:?}");
        assert!(auc.error.unwrap() > 0.01 && found.auc_binning_error.unwrap() < 1e-6);
    }
}

#[test]
fn parts_in_any_order_are_the_whole_to_the_last_bit() {
    let batch = rows_of(&|row, class| if row == 17 { -1 } else { class });
    for more in [BINS, ", weight = \"w\""] {
        let spec = spec(more);
        let whole = filled(&spec, &batch);
        let cuts = [(250, 150), (0, 1), (101, 149), (1, 100)];
        let mut merged = Partial::new(&spec);
        for (start, length) in cuts {
            let part = filled(&spec, &batch.slice(start, length));
            let text = serde_json::to_string(&part).unwrap();
            merged.merge(&serde_json::from_str(&text).unwrap()).unwrap();
        }
        assert_eq!(result(&merged), result(&whole));
        assert_eq!(
            serde_json::to_string(&merged).unwrap(),
            serde_json::to_string(&whole).unwrap()
        );
        assert_eq!(result(&whole).unlabelled, 1);
    }
}

#[test]
fn a_class_that_is_not_there_is_undefined_and_said() {
    let batch = rows_of(&|_, class| if class == 2 { -1 } else { class });
    let result = result(&filled(&spec(""), &batch));
    assert_eq!(value(&result, "all", "proton", "auc"), None);
    assert_eq!(value(&result, "all", "proton", "recall"), None);
    let macro_recall = value(&result, "all", "macro", "recall").unwrap();
    assert!(
        (macro_recall - (0.651_851_851_851_851_9 + 0.701_492_537_313_432_8) / 2.0).abs() < 1e-12
    );
    assert!(result.warnings()[0].contains("no row is of class proton"));
}

/// It was said that no row is of such a class, and that its scores are no probabilities.
#[test]
fn a_class_whose_weights_sum_to_less_than_nothing_is_there() {
    let batch = rows();
    let species = batch.column_by_name("species").unwrap().clone();
    let species = species.as_any().downcast_ref::<Int32Array>().unwrap();
    let weights = |of_proton: f64, of_others: f64| {
        let weights = species.values().iter();
        floats(weights.map(|class| if *class == 2 { of_proton } else { of_others }))
    };
    let told = |weights: ArrayRef| {
        let fields = batch.schema();
        let columns = fields.fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, column)| match field.name().as_str() {
            "w" => ("w", weights.clone()),
            name => (name, column.clone()),
        });
        let batch = RecordBatch::try_from_iter(columns.collect::<Vec<_>>()).unwrap();
        result(&filled(&spec(", weight = \"w\""), &batch)).warnings()
    };
    let said = told(weights(-1.0, 1.0));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("the weights of class proton do not sum to more than nothing"));
    let said = told(weights(-3.0, 1.0));
    assert!(
        !said.iter().any(|said| said.contains("probabilities")),
        "{said:?}"
    );
    assert!(told(weights(1.0, 1.0)).is_empty());
}

#[test]
fn a_truth_that_is_no_class_is_a_mistake() {
    let spec = spec("");
    let mut partial = Partial::new(&spec);
    let batch = rows_of(&|row, class| if row == 3 { 7 } else { class });
    let rows = RowBatch::try_new(&batch, None).unwrap();
    let told = partial.fill(&rows).unwrap_err().to_string();
    assert!(
        told.contains("`species` holds 7, and there are 3 classes"),
        "{told}"
    );
    let raw: RawMetric = toml::from_str(
        "multiclass = { truth = \"p\", scores = [\"p0\", \"p0\"], names = [\"a\", \"macro\", \"b\"], \
         bins = { column = \"p\", edges = [1.0, 1.0] } }",
    )
    .unwrap();
    let told = raw.validate().unwrap_err().join("\n");
    for expected in [
        "`p0` is named twice",
        "3 names for 2 scores",
        "the name of an average",
        "do not ascend",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    let text = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<MetricSpec>(&text).unwrap(), spec);
}

/// JSON has no infinity: a marker held null for it, and could not be read again.
#[test]
fn bins_without_an_end_are_read_again_as_they_were_written() {
    let text = "multiclass = { truth = \"t\", scores = [\"a\", \"b\"], names = [\"x\", \"y\"], \
                bins = { column = \"p\", edges = [-inf, 0.1, inf] } }";
    let spec = toml::from_str::<RawMetric>(text)
        .unwrap()
        .validate()
        .unwrap();
    let written = serde_json::to_string(&Partial::new(&spec)).unwrap();
    assert!(written.contains("[\"-inf\",0.1,\"inf\"]"), "{written}");
    let read: Partial = serde_json::from_str(&written).unwrap();
    assert_eq!(read.spec(), &spec);
    for other in ["null", "\"1\"", "true"] {
        let spoilt = written.replace("\"inf\"", other);
        assert!(serde_json::from_str::<Partial>(&spoilt).is_err(), "{other}");
    }
}
