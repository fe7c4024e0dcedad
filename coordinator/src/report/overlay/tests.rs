//! What lies over one another, of histograms with known contents.

use lumimill_common::campaign::Campaign;
use lumimill_common::metric::HistogramBin;

use super::*;
use crate::report::figure::Heading;

const CAMPAIGN: &str = include_str!("../../demo/dstar/campaign.toml");

fn histogram(column: &str, weight: Option<&str>, contents: &[f64]) -> MetricResult {
    let bin = |low: f64, high: f64, content: f64| HistogramBin {
        low,
        high,
        entries: content.abs() as u64,
        content,
        error: content.abs().sqrt(),
    };
    let count = contents.len() as f64;
    let bins = (0..).map(f64::from).zip(contents);
    MetricResult::Histogram(HistogramResult {
        column: column.to_owned(),
        weight: weight.map(str::to_owned),
        over: None,
        bins: bins
            .map(|(at, content)| bin(at / count, (at + 1.0) / count, *content))
            .collect(),
        underflow: bin(f64::NEG_INFINITY, 0.0, 0.0),
        overflow: bin(1.0, f64::INFINITY, 0.0),
        missing: 0,
    })
}

fn stage(name: &str, metrics: Vec<MetricResult>) -> StageReport {
    StageReport {
        name: name.to_owned(),
        metrics,
        ..StageReport::default()
    }
}

#[test]
fn data_simulation_and_what_became_of_it_lie_over_one_another() {
    let campaign = Campaign::parse(CAMPAIGN).unwrap();
    let overlays = overlays(&campaign);
    assert_eq!(overlays.len(), 1, "{overlays:?}");
    let wanted = overlays[0].wanted.iter();
    let columns: Vec<(&str, &str, Option<&str>)> = wanted
        .map(|it| {
            (
                it.stages[0].as_str(),
                it.column.as_str(),
                it.weight.as_deref(),
            )
        })
        .collect();
    let expected = [
        ("sweights", "kpi", Some("sweight")),
        ("simulation", "kpi", None),
        ("resampled", "kpi_drawn", None),
        ("resampled", "kpi_moved", None),
    ];
    assert_eq!(columns, expected);
    let resampled = vec![
        histogram("kpi_drawn", None, &[21.0, 79.0]),
        histogram("kpi_moved", None, &[1.0, 2.0, 3.0]),
    ];
    let report = Report {
        overlays,
        stages: vec![
            stage("simulation", vec![histogram("kpi", None, &[10.0, 90.0])]),
            stage(
                "sweights",
                vec![
                    histogram("kpi", Some("bweight"), &[50.0, 50.0]),
                    histogram("kpi", Some("sweight"), &[40.0, 160.0]),
                ],
            ),
            stage("resampled", resampled),
        ],
        ..Report::default()
    };
    let found = found(&report);
    assert_eq!(found.len(), 1);
    let distances: Vec<f64> = found[0].series.iter().map(|it| it.distance).collect();
    for (found, expected) in distances.iter().zip([0.0, 0.1, 0.01]) {
        assert!((found - expected).abs() < 1e-12, "{distances:?}");
    }
    // Other bins do not lie over these.
    assert_eq!(found[0].lacking, ["kpi_moved"]);
    let figure = overlay_plots(&Heading::default(), &found[0]).unwrap();
    assert_eq!(figure.name, "resampled-beside-data-kpi");
    let svg = String::from_utf8(figure.file()).unwrap();
    for part in [
        "simulation: distance 0.10",
        "kpi_drawn: distance 0.010",
        "data, by sweight",
    ] {
        assert!(svg.contains(part), "{part}\n{svg}");
    }
    let files = files(&report);
    let csv = String::from_utf8(files[0].1.clone()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(files[0].0, "resampled_beside_data.csv");
    assert_eq!(lines.len(), 1 + 3 * 2, "{csv}");
    assert!(
        lines[3].starts_with("kpi,simulation,simulation,kpi,,0,0.5,0.1,"),
        "{csv}"
    );
    assert!(lines[3].contains(",0.5,"), "{csv}");
}
