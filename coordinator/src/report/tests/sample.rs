//! A campaign as it could have been: muon pairs over two dozen runs, filled into real partials.

use crate::report::{
    Duplicate, Failure, InputFile, LumiSummary, Report, RunLumis, ShardCounts, StageReport,
};
use arrow_array::{ArrayRef, BooleanArray, Float32Array, RecordBatch, UInt32Array};
use lumimill_common::metric::{
    CutFlow, DisplayResult, FeatureImportance, ImportanceResult, MetricResult, Partial, RawMetric,
    RowBatch, Shown, Unit,
};
use std::sync::Arc;

const RUNS: u32 = 24;
const LABELS: [(&str, f64); 2] = [
    ("HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ", -0.2),
    ("HLT_Mu17_Mu8_DZ", -3.6),
];

/// Numbers that look random, the same every time (SplitMix64; Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn flat(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self, mean: f64, width: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.flat()).ln()).sqrt();
        mean + width * radius * (std::f64::consts::TAU * self.flat()).cos()
    }

    fn mass(&mut self) -> f64 {
        match self.flat() {
            u if u < 0.10 => self.normal(3.097, 0.05),
            u if u < 0.13 => self.normal(9.46, 0.10),
            u if u < 0.40 => {
                91.19
                    + (1.25 * (std::f64::consts::PI * (self.flat() - 0.5)).tan()).clamp(-60.0, 60.0)
                    + self.normal(0.0, 1.1)
            }
            _ => 0.3 - 16.0 * (1.0 - self.flat()).ln(),
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[derive(Default)]
struct Columns {
    run: Vec<u32>,
    event: Vec<u32>,
    mass: Vec<f32>,
    vertices: Vec<u32>,
    scores: [Vec<f32>; 2],
    labels: [Vec<bool>; 2],
}

fn columns(events: u32) -> Columns {
    let mut dice = Dice(20_161_121);
    let mut columns = Columns::default();
    for event in 0..events {
        let index = event * RUNS / events;
        let vertices = dice
            .normal(27.0 - 0.25 * f64::from(index), 6.0)
            .clamp(1.0, 70.0);
        let drift = if index == 17 { -0.9 } else { 0.0 };
        let truth: Vec<_> = LABELS
            .iter()
            .map(|(_, offset)| (dice.normal(*offset, 1.7), dice.flat()))
            .collect();
        let candidates = 1 + u32::from(dice.flat() < 0.17);
        for _ in 0..candidates {
            columns.run.push(278_820 + 67 * index);
            columns.event.push(event);
            columns.mass.push(dice.mass() as f32);
            columns.vertices.push(vertices as u32);
            for (label, (logit, luck)) in truth.iter().enumerate() {
                columns.labels[label].push(*luck < sigmoid(logit + drift));
                columns.scores[label].push(sigmoid(dice.normal(0.8 * logit, 0.5)) as f32);
            }
        }
    }
    columns
}

fn batch(columns: Columns) -> RecordBatch {
    let [first, second] = columns.scores;
    let [fired, other] = columns.labels;
    RecordBatch::try_from_iter([
        ("run", Arc::new(UInt32Array::from(columns.run)) as ArrayRef),
        ("event", Arc::new(UInt32Array::from(columns.event))),
        ("m_mumu", Arc::new(Float32Array::from(columns.mass))),
        ("PV_npvs", Arc::new(UInt32Array::from(columns.vertices))),
        ("score_dz", Arc::new(Float32Array::from(first))),
        ("score_rare", Arc::new(Float32Array::from(second))),
        (LABELS[0].0, Arc::new(BooleanArray::from(fired))),
        (LABELS[1].0, Arc::new(BooleanArray::from(other))),
    ])
    .unwrap()
}

const METRICS: [&str; 5] = [
    r#"ranking = { label = "HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ", score = "score_dz", per = "event" }"#,
    r#"ranking = { label = "HLT_Mu17_Mu8_DZ", score = "score_rare", per = "event" }"#,
    r#"drift = { by = "run", columns = ["score_dz", "m_mumu", "PV_npvs"], labels = ["HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ", "HLT_Mu17_Mu8_DZ"] }"#,
    r#"histogram = { column = "m_mumu", bins = 120, range = [0.0, 120.0] }"#,
    r#"histogram = { column = "PV_npvs", bins = 60, range = [0.0, 60.0] }"#,
];

/// Kinds that are of few campaigns.
const MORE_METRICS: [&str; 4] = [
    r#"fit = { variable = "m_mumu", range = [70.0, 110.0], bins = 40, nominal = [{ name = "signal", density = "gauss" }, { name = "background", density = "exponential" }], control = [{ column = "PV_npvs", edges = [0.0, 10.0, 20.0, 30.0, 60.0] }] }"#,
    r#"efficiency = { cuts = ["score_dz > 0.5"], precuts = ["", "m_mumu > 60"], weight = "score_rare", axes = [{ column = "m_mumu", edges = [20.0, 80.0, 100.0] }, { column = "PV_npvs", edges = [0.0, 20.0, 60.0] }] }"#,
    "regression = { truth = \"m_mumu\", estimate = \"PV_npvs\", interval = [\"score_dz\", \"PV_npvs\"], \
     bins = { column = \"m_mumu\", edges = [0.0, 10.0, 100.0] } }",
    "multilabel = { truths = [\"HLT_Mu17_Mu8_DZ\"], scores = [\"score_dz\"], names = [\"dz\"] }",
];

fn metrics(batch: &RecordBatch) -> Vec<MetricResult> {
    METRICS.iter().map(|text| filled(batch, text)).collect()
}

/// Metrics of generated rows, and an entry that is drawn.
pub(in crate::report) fn more_metrics(events: u32) -> Vec<MetricResult> {
    let batch = batch(columns(events));
    let filled = MORE_METRICS.iter().map(|text| filled(&batch, text));
    filled.chain([MetricResult::Display(display())]).collect()
}

/// Any metric of generated rows.
pub(in crate::report) fn measured(text: &str, events: u32) -> MetricResult {
    filled(&batch(columns(events)), text)
}

fn display() -> DisplayResult {
    DisplayResult {
        axes: ["Hit_z".to_owned(), "Hit_coord".to_owned()],
        panel: Some("Hit_view".to_owned()),
        names: vec!["pion".to_owned(), "muon".to_owned()],
        key: vec!["event".to_owned()],
        entries: vec![Shown {
            key: vec![7],
            members: 3,
            at: vec![[0.0, 1.0], [2.0, 3.0], [1.0, 1.0]],
            panels: vec![0, 1, 1],
            sizes: vec![1.0, 0.2, 0.0],
            truth: vec![1, 3, 2],
            found: vec![1, 2, 0],
        }],
    }
}

/// Importances of two features, of which one says nothing.
pub(super) fn importance() -> MetricResult {
    let feature = |name: &str, drop: f64| FeatureImportance {
        feature: name.into(),
        auc: Some(0.9 - drop),
        auc_drop: Some(drop),
        auc_drop_error: Some(drop / 10.0),
        log_loss_rise: Some(drop),
        log_loss_rise_error: Some(drop / 20.0),
    };
    MetricResult::Importance(ImportanceResult {
        model: "score_dz".into(),
        score: "score_dz".into(),
        label: LABELS[0].0.into(),
        per_event: true,
        entries: 2_000,
        left_out: 3,
        auc: Some(0.9),
        auc_binning_error: Some(0.0),
        log_loss: Some(0.4),
        no_probability: 0,
        features: vec![feature("m_mumu", 0.2), feature("MET_pt", 0.0)],
    })
}

fn filled(batch: &RecordBatch, text: &str) -> MetricResult {
    let rows = RowBatch::try_new(batch, Some(["run", "run", "event"])).unwrap();
    let spec = toml::from_str::<RawMetric>(text)
        .unwrap()
        .validate()
        .unwrap();
    let mut partial = Partial::new(&spec);
    partial.fill(&rows).unwrap();
    partial.finalise()
}

fn cut_flow(rows: u64) -> CutFlow {
    let mut flow = CutFlow::new();
    for (name, unit, count) in [
        ("events read", Unit::Events, 61_480),
        ("certified", Unit::Events, 57_912),
        ("nMuon >= 2", Unit::Events, 41_207),
        ("events with a row", Unit::Events, 24_000),
        ("opposite-sign pairs", Unit::Rows, rows + rows / 7),
        ("pt > 3 && abs(eta) < 2.4", Unit::Rows, rows),
        ("dropped, score_dz not a number", Unit::Events, 0),
        ("dropped, score_dz not a number", Unit::Rows, 0),
    ] {
        flow.add(name, unit, count);
    }
    flow
}

/// A complete campaign of `events` events.
pub(in crate::report) fn complete(events: u32) -> Report {
    let batch = batch(columns(events));
    let rows = batch.num_rows() as u64;
    let shards = ShardCounts {
        planned: 41,
        done: 41,
        ..ShardCounts::default()
    };
    let unit = |column: &str, unit: &str| (column.to_owned(), unit.to_owned());
    let runs = (0..RUNS).map(|index| {
        let certified = u64::from(40 + index * 37 % 90);
        RunLumis {
            run: 278_820 + 67 * index,
            certified,
            processed: certified,
            missing: 0,
        }
    });
    let runs: Vec<_> = runs.collect();
    let certified = runs.iter().map(|run| run.certified).sum();
    Report {
        campaign: "doublemuon-2016g".into(),
        software: "lumimill 0.1.0".into(),
        configuration: "b3:5f0e6c1d9a7742".into(),
        data: "DoubleMuon2016G (13 TeV)".into(),
        stages: vec![StageReport {
            dataset: String::from("DoubleMuon2016G (13 TeV)"),
            name: "dimuon".into(),
            is_simulation: false,
            weighed_by: Vec::new(),
            made_by: Vec::new(),
            rows_are: "Candidates".into(),
            cut_flow: cut_flow(rows),
            labels: Vec::new(),
            metrics: metrics(&batch),
            warnings: Vec::new(),
            selections: Vec::new(),
            units: [unit("m_mumu", "GeV")].into(),
            rows,
            shards,
        }],
        lumis: Some(LumiSummary {
            certified,
            processed: certified,
            missing: 0,
            recorded: Some(crate::report::summary::Luminosity {
                value: 7.54,
                unit: "fb^-1".into(),
            }),
            runs,
        }),
        files: (0..3)
            .map(|index| InputFile {
                name: format!("DoubleMuon2016G/doublemuon2016g_{index}.root"),
                events: 20_493,
                shards: ShardCounts {
                    planned: 13,
                    done: 13,
                    ..ShardCounts::default()
                },
            })
            .collect(),
        processed_lumis: Some("{\"278820\":[[1,40]]}\n".into()),
        missing_lumis: Some("{}\n".into()),
        ..Report::default()
    }
}

/// The same campaign after an afternoon in which things went wrong.
pub(super) fn troubled(events: u32) -> Report {
    let mut report = complete(events);
    let failure = |index: u32, file: &str, kind: &str, message: &str, fingerprint: &str| Failure {
        stage: "dimuon".into(),
        shard: format!("{:012x}", 0x5e_ed00_1234u64 * u64::from(index + 3)),
        file: file.into(),
        attempt: 3,
        kind: kind.into(),
        message: message.into(),
        fingerprint: fingerprint.into(),
        ..Failure::default()
    };
    let broken = "DoubleMuon2016G/doublemuon2016g_1.root";
    report.failures = (0..7)
        .map(|index| {
            failure(
                index,
                broken,
                "reject",
                "basket 14 of branch `Muon_pt`: declared 48,211 bytes, the file ends after 1,024",
                "a1c3",
            )
        })
        .chain([failure(
            9,
            "DoubleMuon2016G/doublemuon2016g_2.root",
            "retry",
            "put part-5eed.parquet: no space left on device",
            "77fe",
        )])
        .collect();
    report.stages[0].shards = ShardCounts {
        planned: 41,
        done: 31,
        failed: 8,
        ..ShardCounts::default()
    };
    report.warnings = vec![
        "dataset[0] (DoubleMuon2016G): 1 of 4 files without events, of which nothing is read: \
         DoubleMuon2016G/doublemuon2016g_3.root; make it again if there should be some"
            .into(),
    ];
    let lumis = report.lumis.as_mut().unwrap();
    for run in lumis.runs.iter_mut().skip(9).step_by(4) {
        run.missing = run.certified / 3;
        run.processed -= run.missing;
        lumis.missing += run.missing;
        lumis.processed -= run.missing;
    }
    report.duplicates = vec![Duplicate {
        what: "run 279024, lumi 17".into(),
        files: vec![
            broken.into(),
            "DoubleMuon2016G/doublemuon2016g_2.root".into(),
        ],
    }];
    report
}
