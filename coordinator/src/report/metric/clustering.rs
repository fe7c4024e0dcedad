//! Groups of members in the report: a table, a picture of what a threshold does, and a file of every
//! number.

use lumimill_common::metric::{ClusteringPoint, ClusteringResult, MetricResult, Uncertain};

use crate::report::csv;
use crate::report::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks, escape,
    shortened,
};
use crate::report::number::{exact, grouped, share, with_error};
use crate::report::page::markup::{Align, Table, card, figures, note_line};
use crate::report::pictures::StagePictures;
use crate::report::summary::{Report, StageReport};

const COLUMNS: [&str; 6] = ["truth", "by", "threshold", "metric", "value", "error"];

/// What members are put together by.
fn by(clustering: &ClusteringResult) -> &str {
    let by = clustering.affinity.as_ref().or(clustering.groups.as_ref());
    by.map_or("", String::as_str)
}

fn threshold(point: &ClusteringPoint) -> String {
    point.threshold.map(exact).unwrap_or_default()
}

/// One file for each stage that has any.
pub(super) fn csv_files(report: &Report) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for stage in &report.stages {
        let mut table = csv::Table::new(&COLUMNS);
        let mut is_empty = true;
        for metric in &stage.metrics {
            let MetricResult::Clustering(clustering) = metric else {
                continue;
            };
            is_empty = false;
            let mut line = |least: &str, metric: &str, numbers: [Option<f64>; 2]| {
                table.text(&[&clustering.truth, by(clustering), least, metric]);
                table.numbers(&numbers);
                table.end();
            };
            for point in &clustering.points {
                for (metric, value) in point.values() {
                    let error = value.and_then(|of| of.error);
                    line(&threshold(point), metric, [value.map(|of| of.value), error]);
                }
            }
            line(
                "",
                "without a true group",
                [Some(clustering.unlabelled as f64), None],
            );
            if clustering.affinity.is_some() {
                line(
                    "",
                    "affinities that are no number",
                    [Some(clustering.dropped as f64), None],
                );
            }
        }
        if !is_empty {
            let stem = csv::file_stem(&stage.name);
            files.push((format!("{stem}_clustering.csv"), table.bytes()));
        }
    }
    files
}

/// Tables and pictures of every one of a stage.
pub(super) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    let mut html = String::new();
    for (metric, drawn) in stage.metrics.iter().zip(&pictures.metrics) {
        let MetricResult::Clustering(clustering) = metric else {
            continue;
        };
        html += &format!(
            "<h3>Groups of {} <small>by {}</small></h3>\n",
            escape(&clustering.truth),
            escape(by(clustering))
        );
        html += &card("", &(points(clustering) + &note(clustering)));
        html += &figures(drawn);
    }
    html
}

fn points(clustering: &ClusteringResult) -> String {
    let columns = [
        "threshold",
        "events",
        "members",
        "adjusted Rand index",
        "all right",
        "purity",
        "efficiency",
        "groups",
        "true groups",
    ];
    let mut table = Table::new(&columns.map(|name| (name, Align::Right)));
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let with = |value: Option<Uncertain>| or_dash(value.map(|of| with_error(of.value, of.error)));
    let plain = |value: Option<f64>| or_dash(value.map(share));
    for point in &clustering.points {
        table.row(&[
            threshold(point),
            grouped(point.events),
            grouped(point.members),
            with(point.rand),
            with(point.exact),
            plain(point.purity),
            plain(point.efficiency),
            grouped(point.groups),
            grouped(point.true_groups),
        ]);
    }
    table.html()
}

fn note(clustering: &ClusteringResult) -> String {
    let mut parts = vec![String::from(
        "Adjusted Rand index: mean over events with two members or more; all right: those whose groups \
         are the true ones. Purity: members of the true group that has most of their group; efficiency: \
         members in the largest part of their true group.",
    )];
    for (count, what) in [
        (
            clustering.unlabelled,
            "members left out, without a true group",
        ),
        (
            clustering.dropped,
            "affinities are no number and left out of the mean of both directions of a pair; a pair \
             without any is not linked",
        ),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}.", grouped(count)));
        }
    }
    note_line(&parts.join(" "))
}

/// A value at a threshold.
type Quality = fn(&ClusteringPoint) -> Option<f64>;

/// What each threshold does, where there are several.
pub(super) fn clustering_plots(
    heading: &Heading,
    stage: &StageReport,
    clustering: &ClusteringResult,
) -> Vec<Figure> {
    let points: Vec<(f64, &ClusteringPoint)> = clustering
        .points
        .iter()
        .filter_map(|point| Some((point.threshold?, point)))
        .collect();
    let (Some((low, first)), Some((high, _))) = (points.first(), points.last()) else {
        return Vec::new();
    };
    if points.len() < 2 || first.members == 0 {
        return Vec::new();
    }
    let panel = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM,
        x: Scale::linear(*low, *high),
        y: Scale::linear(0.0, 1.25),
        ticks: Ticks::Numbers,
        x_title: shortened(&format!("Linked from this {} on", by(clustering)), 48),
        y_title: "Value".to_owned(),
    };
    let mut canvas = Canvas::default();
    panel.guide(&mut canvas, 1.0);
    let series: [(&str, Quality); 3] = [
        ("adjusted Rand index", |point| point.rand.map(|of| of.value)),
        ("purity", |point| point.purity),
        ("efficiency", |point| point.efficiency),
    ];
    for (number, (name, value)) in series.iter().enumerate() {
        let places = points.iter();
        let places = places.filter_map(|(at, point)| Some(panel.at(*at, value(point)?)));
        let places: Vec<(f64, f64)> = places.collect();
        canvas.polyline(&places, &format!("curve s{number}"));
        for place in places {
            canvas.marker(place, 4.4, number);
        }
        let (x, y) = (panel.left + 24.0 + 210.0 * number as f64, panel.top + 30.0);
        let line = format!("curve s{number}");
        canvas.line((x, y - 5.0), (x + 30.0, y - 5.0), &line);
        canvas.text(x + 38.0, y, Anchor::Start, "note", name);
    }
    panel.draw(&mut canvas);
    let name = format!(
        "{}-groups-{}-{}",
        stage.name,
        clustering.truth,
        by(clustering)
    );
    let caption = format!("Groups of {} by {}", clustering.truth, by(clustering));
    vec![Figure::new(heading, &name, caption, canvas)]
}
