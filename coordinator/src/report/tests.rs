pub(super) mod sample;

use super::*;
use crate::plan::Loss;
use lumimill_common::metric::MetricResult;
use std::path::PathBuf;

fn file<'a>(files: &'a [(String, Vec<u8>)], name: &str) -> &'a str {
    let found = files.iter().find(|(found, _)| found == name);
    std::str::from_utf8(&found.unwrap_or_else(|| panic!("{name} is missing")).1).unwrap()
}

#[test]
fn the_page_and_everything_beside_it() {
    let files = render(&sample::complete(3000)).unwrap();
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "index.html",
        "metrics.json",
        "metrics_per_label.csv",
        "event_metrics.csv",
        "thresholds.csv",
        "processed_lumis.json",
        "missing_lumis.json",
        "lumi-sections.svg",
        "dimuon-cut-flow.svg",
        "dimuon-roc-score_dz-HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ.svg",
        "dimuon-histogram-m_mumu.svg",
        "dimuon-histogram-m_mumu-log.svg",
        "dimuon-drift-score_dz.svg",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    let mut distinct = names.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len());
    let page = file(&files, "index.html");
    assert!(page.contains("m_mumu [GeV]") && page.contains("Candidates / 1 GeV"));
    assert!(page.contains("Nothing failed: 41 of 41 shards done."));
    for outside in [
        "<script", "http:", "https:", "@import", "url(", "NaN", "inf",
    ] {
        assert!(!page.contains(outside), "the page contains {outside}");
    }
    serde_json::from_str::<serde_json::Value>(file(&files, "metrics.json")).unwrap();
    assert_eq!(files, render(&sample::complete(3000)).unwrap());
}

#[test]
fn tables_have_a_value_for_every_column() {
    let files = render(&sample::complete(3000)).unwrap();
    for (name, lines) in [
        ("metrics_per_label.csv", 2),
        ("event_metrics.csv", 2),
        ("thresholds.csv", 60),
    ] {
        let table = file(&files, name);
        let columns = table.lines().next().unwrap().split(',').count();
        assert!(
            table.lines().all(|line| line.split(',').count() == columns),
            "{name}"
        );
        assert_eq!(table.lines().count(), lines + 1, "{name}");
    }
}

#[test]
fn failures_are_grouped_by_cause_and_nothing_is_hidden() {
    let files = render(&sample::troubled(1500)).unwrap();
    let page = file(&files, "index.html");
    for text in [
        "8 shards failed, 2 still to run",
        "8 failed shards, 2 causes",
        "and 2 more",
        "basket 14 of branch `Muon_pt`",
        "no space left on device",
        "run 279024, lumi 17",
        "Runs with missing lumi sections",
        "1 of 4 files without events",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    let json: serde_json::Value = serde_json::from_str(file(&files, "metrics.json")).unwrap();
    assert_eq!(json["failures"].as_array().unwrap().len(), 8);
}

#[test]
fn what_failed_says_what_it_keeps_back() {
    let mut report = sample::troubled(500);
    report.stages[0].shards.blocked = 2;
    report.failures[0].keeps_back = [("scored".parse().unwrap(), 2)].into();
    let files = render(&report).unwrap();
    let page = file(&files, "index.html");
    for text in [
        "8 shards failed, 2 kept back",
        "8 failed, 2 kept back",
        "keep back",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    assert!(!page.contains("still to run"));
    let json: serde_json::Value = serde_json::from_str(file(&files, "metrics.json")).unwrap();
    assert_eq!(json["failures"][0]["keeps_back"]["scored"], 2);
    assert_eq!(json["stages"][0]["shards"]["blocked"], 2);
}

#[test]
fn what_was_accepted_without_all_says_so_on_top() {
    let mut report = sample::complete(500);
    let shards = &mut report.stages[0].shards;
    (shards.done, shards.dropped) = (shards.planned - 2, 2);
    report.accepted = vec![Loss {
        stage: "dimuon".parse().unwrap(),
        shards: 2,
        of_shards: 41,
        events: 1_234,
        of_events: 57_912,
    }];
    report.dropped = sample::troubled(500).failures.split_off(6);
    let files = render(&report).unwrap();
    let page = file(&files, "index.html");
    for text in [
        "accepted without 2 shards",
        "2.13",
        "no space left on device",
        "2 dropped",
    ] {
        assert!(page.contains(text), "{text} is missing");
    }
    assert!(!page.contains(">complete<"), "it is not");
    let place = |text| page.find(text).unwrap();
    assert!(place("id=\"accepted\"") < place("id=\"failures\""));
    let json: serde_json::Value = serde_json::from_str(file(&files, "metrics.json")).unwrap();
    assert_eq!(json["accepted"][0]["events"], 1_234);
    assert_eq!(json["dropped"].as_array().unwrap().len(), 2);
}

#[test]
fn hostile_text_is_harmless_everywhere() {
    let evil = "</svg><script>alert('&\u{1}\")</script>";
    let mut report = sample::troubled(500);
    report.stages[0].metrics.extend(sample::more_metrics(500));
    report.stages[0].metrics.push(sample::importance());
    report.campaign = evil.into();
    report.data = evil.into();
    report.failures[0].message = evil.into();
    report.files[0].name = evil.into();
    report.stages[0].name = evil.into();
    report.stages[0].rows_are = evil.into();
    report.stages[0].units.insert("m_mumu".into(), evil.into());
    for metric in &mut report.stages[0].metrics {
        match metric {
            MetricResult::Ranking(ranking) => ranking.label = "=cmd|' /C calc'!A0,<script>".into(),
            MetricResult::Drift(drift) => drift.columns[0] = evil.into(),
            MetricResult::Histogram(histogram) => histogram.column = evil.into(),
            MetricResult::Multiclass(found) => {
                found.truth = evil.into();
                found.names[0] = evil.into();
            }
            MetricResult::Multilabel(found) => {
                found.truths[0] = evil.into();
                found.names[0] = evil.into();
            }
            MetricResult::Clustering(found) => {
                found.truth = "=cmd<script>".into();
                found.affinity = Some(evil.into());
            }
            MetricResult::Regression(found) => {
                found.truth = "=cmd<script>".into();
                found.estimate = evil.into();
                found.column = Some(evil.into());
                found.over = Some(evil.into());
            }
            MetricResult::Display(found) => {
                found.axes = [evil.into(), evil.into()];
                found.names[0] = evil.into();
                found.key[0] = evil.into();
            }
            MetricResult::Significance(found) => found.score = evil.into(),
            MetricResult::Importance(found) => {
                found.label = evil.into();
                found.features[0].feature = "=cmd<script>".into();
            }
            MetricResult::MassFit(found) => {
                found.variable = evil.into();
                found.categories[0].name = evil.into();
                found.categories[0].fits[0].values[0].name = evil.into();
                found.categories[0].fits[0].curves[1].name = "=cmd".into();
                found.categories[0].verdicts[0].reason = "=cmd".into();
            }
            MetricResult::Kde(found) => found.title = evil.into(),
            MetricResult::Efficiency(found) => {
                found.cuts[0] = "=cmd<script>".into();
                found.axes[0].column = evil.into();
                found.weight = Some(evil.into());
            }
        }
    }
    for (name, bytes) in render(&report).unwrap() {
        let text = String::from_utf8(bytes).unwrap();
        if name.ends_with(".html") || name.ends_with(".svg") {
            assert!(
                !text.contains("<script") && !text.contains('\u{1}'),
                "{name}"
            );
        }
        if name.ends_with(".csv") {
            assert!(
                !text.contains(",=cmd") && !text.contains("\"=cmd"),
                "{name}"
            );
        }
        assert!(!name.contains(['/', '<', '\\']), "{name}");
    }
}

#[test]
fn an_empty_campaign_still_has_a_page() {
    let report = Report {
        campaign: "empty".into(),
        stages: vec![StageReport::default()],
        ..Report::default()
    };
    let files = render(&report).unwrap();
    assert!(file(&files, "index.html").contains("Nothing failed"));
    assert_eq!(file(&files, "event_metrics.csv").lines().count(), 1);
}

#[test]
fn tables_read_well() {
    let files = render(&sample::complete(0)).unwrap();
    insta::assert_snapshot!("thresholds_of_nothing", file(&files, "thresholds.csv"));
    insta::assert_snapshot!("metrics_of_nothing", file(&files, "event_metrics.csv"));
}

/// Writes both sample pages into the folder LUMIMILL_REPORT_FOLDER, to look at them in a browser.
#[test]
fn pages_can_be_looked_at() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("LUMIMILL_REPORT_FOLDER").map(PathBuf::from);
    let events = if folder.is_some() { 40_000 } else { 400 };
    let folder = folder.unwrap_or_else(|| temporary.path().to_owned());
    for (name, report) in [
        ("complete", sample::complete(events)),
        ("troubled", sample::troubled(events)),
    ] {
        let files = render(&report).unwrap();
        std::fs::create_dir_all(folder.join(name)).unwrap();
        for (file, bytes) in &files {
            std::fs::write(folder.join(name).join(file), bytes).unwrap();
        }
        let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(size < 4 << 20, "{name} takes {size} bytes");
    }
}

/// Pages of a stage with these metrics alone.
fn files_of(metrics: Vec<MetricResult>) -> Vec<(String, Vec<u8>)> {
    let mut report = sample::complete(400);
    report.stages[0].metrics = metrics;
    render(&report).unwrap()
}

#[test]
fn a_printed_threshold_selected_other_events_than_its_row_said() {
    let files = render(&sample::complete(3000)).unwrap();
    let page = file(&files, "index.html");
    let mut thresholds = file(&files, "thresholds.csv")
        .lines()
        .skip(1)
        .filter_map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[3] == "events" && cells[6] == "true" && !cells[7].is_empty()).then(|| cells[7])
        });
    let mut count = 0;
    for threshold in thresholds.by_ref() {
        let score: f64 = threshold.parse().unwrap();
        assert_eq!(
            f64::from(score as f32).to_bits(),
            score.to_bits(),
            "it is a score"
        );
        let cell = format!("<td class=\"number\">{threshold}</td>");
        assert!(page.contains(&cell), "{threshold} is not on the page");
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn the_ninth_picture_of_an_efficiency_was_on_no_page() {
    let text = r#"efficiency = { cuts = ["score_dz > 0.2", "score_dz > 0.5", "score_dz > 0.8"], precuts = ["", "m_mumu > 60", "m_mumu < 60"], axes = [{ column = "m_mumu", edges = [20.0, 80.0, 100.0] }, { column = "PV_npvs", edges = [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 60.0] }] }"#;
    let files = files_of(vec![sample::measured(text, 400)]);
    file(&files, "dimuon-efficiency-m_mumu-2-2.svg");
    let page = file(&files, "index.html");
    assert!(page.contains("the first 6 of 7 bins of PV_npvs; the CSV file has all"));
}

#[test]
fn empty_bins_of_a_fit_had_no_pull() {
    let MetricResult::MassFit(fit) = sample::more_metrics(60).remove(0) else {
        panic!("a fit is the first one")
    };
    let category = &fit.categories[0];
    assert!(category.contents.contains(&0.0), "some bins are empty");
    let bins = category.contents.len();
    let files = files_of(vec![MetricResult::MassFit(fit)]);
    let drawn = file(&files, "dimuon-fit-m_mumu-all-nominal.svg");
    assert_eq!(drawn.matches("class=\"bar f0\"").count(), bins);
    for named in [">total<", ">data<", ">signal<"] {
        assert!(drawn.contains(named), "{named} is not in the legend");
    }
}

#[test]
fn pictures_of_simulation_said_that_they_are_of_data() {
    let mut report = sample::complete(400);
    report.data = "Data, Simulation".into();
    report.stages[0].dataset = "Simulation".into();
    report.stages[0].is_simulation = true;
    let files = render(&report).unwrap();
    let drawn = file(&files, "dimuon-histogram-m_mumu.svg");
    assert!(drawn.contains(">Simulation</text>"), "and no luminosity");
}

#[test]
fn a_member_that_was_taken_for_another_class_differed_by_its_colour_alone() {
    let metrics = sample::more_metrics(400);
    let display = metrics
        .into_iter()
        .filter(|of| matches!(of, MetricResult::Display(_)));
    let files = files_of(display.collect());
    let drawn = file(&files, "dimuon-display-1.svg");
    let page = file(&files, "index.html");
    assert!(page.contains("2 with other classes than the true ones, crossed"));
    assert_eq!(drawn.matches("<path class=\"error\"").count(), 2);
}
