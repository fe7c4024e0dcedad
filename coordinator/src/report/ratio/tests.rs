//! Ratios against numbers computed by hand.

use lumimill_common::campaign::Campaign;
use lumimill_common::metric::{EfficiencyBin, EfficiencyResult, MetricResult};

use super::{all, files, page, ratio_plots};
use crate::report::summary::{Report, StageReport};

fn bin(edges: [f64; 2], found: Option<[f64; 3]>) -> EfficiencyBin {
    EfficiencyBin {
        cut: 0,
        precut: 0,
        edges: vec![edges],
        is_inside: true,
        rows: found.map_or(0, |_| 100),
        sumw_pass: found.map_or(0.0, |[value, ..]| 100.0 * value),
        sumw_total: found.map_or(0.0, |_| 100.0),
        efficiency: found.map(|[value, ..]| value),
        error: found.map(|[_, error, _]| error),
        interval: None,
        error_syst: found.map(|[.., syst]| syst),
    }
}

fn stage(name: &str, [first, second]: [Option<[f64; 3]>; 2]) -> StageReport {
    let result = EfficiencyResult {
        cuts: vec![String::from("x > 1")],
        precuts: vec![String::new()],
        weight: None,
        systematic: None,
        axes: serde_json::from_str(r#"[{ "column": "p", "edges": [0.0, 1.0, 2.0] }]"#).unwrap(),
        bins: vec![bin([0.0, 1.0], first), bin([1.0, 2.0], second)],
        totals: vec![bin([0.0, 2.0], first)],
        missing: 0,
        without_systematic: 0,
    };
    StageReport {
        name: name.to_owned(),
        dataset: name.to_uppercase(),
        metrics: vec![MetricResult::Efficiency(result)],
        ..StageReport::default()
    }
}

fn report(table: &str) -> Report {
    let stage_of = |name: &str| {
        format!(
            "[[stage]]\nname = \"{name}\"\nkeep = [\"p\", \"x\"]\n[[stage.metric]]\nefficiency = {{ cuts = \
             [\"x > 1\"], axes = [{{ column = \"p\", edges = [0.0, 1.0, 2.0] }}] }}\n"
        )
    };
    let names = ["data", "mc", "pions", "mcpions"];
    let text = format!(
        "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\nfiles = [\"a\"]\n{}[[table]]\n\
         name = \"pid\"\n{table}\n",
        names.map(stage_of).concat()
    );
    Report {
        campaign: String::from("c"),
        stages: vec![
            stage("data", [Some([0.8, 0.04, 0.008]), None]),
            stage("mc", [Some([0.5, 0.01, 0.0]), Some([0.9, 0.1, 0.0])]),
            stage("pions", [Some([0.2, 0.02, 0.0]), Some([0.1, 0.01, 0.0])]),
            stage("mcpions", [Some([0.1, 0.01, 0.0]), Some([0.0, 0.0, 0.0])]),
        ],
        tables: Campaign::parse(&text).unwrap().tables,
        ..Report::default()
    }
}

const BOTH: &str = "data = { particle = \"data\", misid = \"pions\" }\n\
                    mc = { particle = \"mc\", misid = \"mcpions\" }";

fn text(report: &Report, name: &str) -> String {
    let files = files(report);
    let found = files.into_iter().find(|(file, _)| file == name).unwrap();
    String::from_utf8(found.1).unwrap()
}

#[test]
fn a_ratio_has_the_errors_of_both_and_an_empty_bin_has_none() {
    let report = report(BOTH);
    let rows = all(&report)[0].rows();
    let ratio = rows[0].particle.ratio.unwrap();
    assert!((ratio.value - 1.6).abs() < 1e-12);
    assert!((ratio.stat - 1.6 * 0.0029_f64.sqrt()).abs() < 1e-12);
    assert!((ratio.syst.unwrap() - 0.016).abs() < 1e-12);
    // Nothing in data; nothing passes in simulation.
    assert!(rows[1].particle.ratio.is_none() && rows[1].misid.unwrap().ratio.is_none());
    let csv = text(&report, "pid_table.csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert!(
        lines[0].starts_with("cut,precut,p_min,p_max,efficiency_data,efficiency_data_stat_err")
    );
    assert!(
        lines[0].contains(",ratio,ratio_stat_err,ratio_syst_err,"),
        "{csv}"
    );
    let second = "x > 1,,1,2,,,,0.9,0.1,0,,,,0,0,0.1";
    assert!(lines[2].starts_with(second), "{csv}");
    let flat = text(&report, "pid_table_weights.csv");
    assert_eq!(
        flat.lines().next().unwrap(),
        "particle,cut,precut,p_min,p_max,ratio,ratio_stat_err,ratio_syst_err"
    );
    assert_eq!(flat.lines().nth(3).unwrap(), "particle,x > 1,,1,2,,,");
    let roc = text(&report, "pid_table_roc.csv");
    assert_eq!(
        roc.lines().nth(1).unwrap(),
        "data,x > 1,,0.8,0.04,0.008,0.2,0.02,0"
    );
}

/// A weight of 0 would take events out without a word.
#[test]
fn a_bin_without_a_ratio_is_an_error_to_who_weighs_by_it() {
    use lumimill_correction::{CorrectionFile, Input};
    let json = text(&report(BOTH), "pid_table.json");
    let file = CorrectionFile::parse(json.as_bytes()).unwrap();
    let correction = file.correction("x > 1").unwrap();
    let of = |p: f64| correction.evaluate(&[Input::Text("nominal"), Input::Real(p)]);
    assert!((of(0.5).unwrap() - 1.6).abs() < 1e-12);
    assert!(of(1.5).is_err() && of(2.5).is_err());
    assert!(file.correction("misid: x > 1").is_ok());
}

#[test]
fn tables_are_on_the_page_with_pictures() {
    let report = report(BOTH);
    let tables = all(&report);
    let drawn = tables
        .iter()
        .map(|table| ratio_plots(&super::heading(&report, table), table));
    let drawn: Vec<_> = drawn.collect();
    let names: Vec<&str> = drawn[0].iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["pid-ratio-0", "pid-fake-ratio-0", "pid-roc"]);
    let html = page(&report, &drawn, &[]);
    // A band, the numbers of each cut under a pointer, and the same in lines below.
    for part in [
        "class=\"area f0\"",
        "<title>x &gt; 1, data: efficiency 0.800 ± 0.040 ± 0.008, misidentification 0.200 ± 0.020 ± 0.000</title>",
        ">x &gt; 1</text>",
        ">0.800 ± 0.040 ± 0.008</text>",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
    for part in [
        "id=\"table-pid\"",
        "1.600 ± 0.086 ± 0.016",
        "pid_table.csv and .parquet",
    ] {
        assert!(html.contains(part), "{part}\n{html}");
    }
}

#[test]
fn without_simulation_a_table_has_efficiencies() {
    let report = report("data = { particle = \"data\", misid = \"pions\" }");
    let flat = text(&report, "pid_table_weights.csv");
    assert!(flat.starts_with("particle,cut,precut,p_min,p_max,efficiency,efficiency_stat_err"));
    assert_eq!(text(&report, "pid_table_roc.csv").lines().count(), 2);
    assert!(!text(&report, "pid_table.csv").contains("ratio"));
}
