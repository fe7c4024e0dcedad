//! Lumi sections of each run: processed, and missing.

use super::figure::{
    Anchor, BOTTOM, Canvas, Figure, HEIGHT, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks,
};
use super::number::grouped;
use super::summary::{LumiSummary, Report, RunLumis};

/// Runs that a picture shows; neighbouring runs are joined when there are more.
const MOST_RUNS: usize = 150;
/// Labels below the axis.
const MOST_LABELS: usize = 14;

/// Stacked bars; none without runs.
pub(super) fn lumi_plot(report: &Report) -> Option<Figure> {
    let lumis = report
        .lumis
        .as_ref()
        .filter(|lumis| !lumis.runs.is_empty())?;
    let together = lumis.runs.len().div_ceil(MOST_RUNS).max(1);
    let runs: Vec<RunLumis> = lumis.runs.chunks(together).filter_map(joined).collect();
    let most = runs
        .iter()
        .map(|run| run.processed.saturating_add(run.missing))
        .max()
        .unwrap_or(0);
    let every = runs.len().div_ceil(MOST_LABELS).max(1);
    let labels = runs.iter().enumerate().step_by(every);
    let per = if together > 1 {
        format!("{together} runs")
    } else {
        "run".to_owned()
    };
    let panel = Panel {
        left: LEFT,
        right: RIGHT,
        top: TOP,
        bottom: HEIGHT - BOTTOM - 14.0,
        x: Scale::linear(-0.7, runs.len() as f64 - 0.3),
        y: Scale::linear(0.0, 1.35 * most.max(1) as f64),
        ticks: Ticks::Categories(labels.map(|(at, run)| (at, run.run.to_string())).collect()),
        x_title: "run".to_owned(),
        y_title: format!("Certified lumi sections / {per}"),
    };
    let mut canvas = Canvas::default();
    for (at, run) in (0..).map(f64::from).zip(&runs) {
        let (left, right) = (panel.across(at - 0.36), panel.across(at + 0.36));
        let (zero, processed) = (panel.up(0.0), panel.up(run.processed as f64));
        let all = panel.up(run.processed.saturating_add(run.missing) as f64);
        canvas.rectangle(
            (left, processed),
            (right - left, zero - processed),
            "bar f0",
        );
        canvas.rectangle((left, all), (right - left, processed - all), "bar f2");
    }
    panel.draw(&mut canvas);
    legend(&mut canvas, &panel, lumis);
    let caption = format!(
        "Certified lumi sections in the input: {} processed, {} missing",
        grouped(lumis.processed),
        grouped(lumis.missing)
    );
    Some(Figure::new(
        &Heading::of_data(report),
        "lumi-sections",
        caption,
        canvas,
    ))
}

fn legend(canvas: &mut Canvas, panel: &Panel, lumis: &LumiSummary) {
    for (line, class, count, word) in [
        (0.0, "bar f0", lumis.processed, "processed"),
        (1.0, "bar f2", lumis.missing, "missing"),
    ]
    .into_iter()
    .filter(|(.., count, word)| *count > 0 || *word == "processed")
    {
        let y = panel.top + 34.0 + 25.0 * line;
        canvas.rectangle((panel.left + 24.0, y - 12.0), (22.0, 13.0), class);
        canvas.text(
            panel.left + 56.0,
            y,
            Anchor::Start,
            "note",
            &format!("{} {word}", grouped(count)),
        );
    }
}

fn joined(runs: &[RunLumis]) -> Option<RunLumis> {
    let first = runs.first()?;
    let sum = |count: fn(&RunLumis) -> u64| runs.iter().map(count).fold(0, u64::saturating_add);
    Some(RunLumis {
        run: first.run,
        certified: sum(|run| run.certified),
        processed: sum(|run| run.processed),
        missing: sum(|run| run.missing),
    })
}
