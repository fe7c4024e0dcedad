//! Pictures of single entries: on the left what is true of each member, on the right what was found.

use lumimill_common::metric::{DisplayResult, MetricResult, Shown};

use crate::report::figure::{
    Anchor, Canvas, Figure, Heading, LEFT, Panel, RIGHT, Scale, TOP, Ticks, shortened,
};
use crate::report::number::counted;
use crate::report::pictures::StagePictures;
use crate::report::summary::StageReport;

/// Panels below one another, at most.
const MOST_PANELS: usize = 4;
/// Height of a panel, and what is between them.
const HEIGHT: f64 = 200.0;
const BETWEEN: f64 = 44.0;
/// Radius of the smallest member, and how much larger the largest one is.
const SMALL: f64 = 2.5;
const LARGER: f64 = 7.0;

/// A picture of each entry.
pub(super) fn display_plots(
    heading: &Heading,
    stage: &StageReport,
    found: &DisplayResult,
) -> Vec<Figure> {
    let entries = found.entries.iter().zip(1..);
    entries
        .map(|(shown, number)| draw(heading, stage, found, shown, number))
        .collect()
}

/// Those of a stage under their title.
pub(super) fn page(stage: &StageReport, pictures: &StagePictures) -> String {
    super::titled("Single entries", stage, pictures, |metric| {
        matches!(metric, MetricResult::Display(_))
    })
}

fn draw(
    heading: &Heading,
    stage: &StageReport,
    found: &DisplayResult,
    shown: &Shown,
    number: usize,
) -> Figure {
    let mut panels = shown.panels.clone();
    panels.sort_unstable();
    panels.dedup();
    panels.truncate(MOST_PANELS);
    let rows = panels.len().max(1);
    let mut canvas = Canvas::default();
    let [x, y] = [0, 1].map(|axis| scale(shown, axis));
    let half = (RIGHT - LEFT - BETWEEN) / 2.0;
    for row in 0..rows {
        let top = TOP + 28.0 + row as f64 * (HEIGHT + BETWEEN);
        let is_last = row + 1 == rows;
        let sides = [(LEFT, &shown.truth), (LEFT + half + BETWEEN, &shown.found)];
        for (side, (left, classes)) in sides.into_iter().enumerate() {
            let value = panels.get(row);
            let panel = Panel {
                left,
                right: left + half,
                top,
                bottom: top + HEIGHT,
                x,
                y,
                ticks: if is_last {
                    Ticks::Numbers
                } else {
                    Ticks::Silent
                },
                x_title: if is_last {
                    shortened(&found.axes[0], 20)
                } else {
                    String::new()
                },
                y_title: y_title(found, value.copied(), side),
            };
            members(&mut canvas, &panel, shown, value.copied(), classes);
            panel.draw(&mut canvas);
        }
    }
    for (left, title) in [(LEFT, "true"), (LEFT + half + BETWEEN, "found")] {
        canvas.text(left, TOP + 14.0, Anchor::Start, "note", title);
    }
    let bottom = TOP + 28.0 + rows as f64 * (HEIGHT + BETWEEN) - BETWEEN + 78.0;
    legend(&mut canvas, found, bottom);
    let caption = caption(found, shown);
    let name = format!("{}-display-{number}", stage.name);
    Figure::sized(heading, &name, caption, (LEFT, bottom + 22.0), canvas)
}

/// All that is shown of the entry, and some room.
fn scale(shown: &Shown, axis: usize) -> Scale {
    let values = shown.at.iter().filter_map(|at| at.get(axis));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(f64::from(*value)), high.max(f64::from(*value)))
    });
    match low <= high {
        true => {
            let room = (0.06 * (high - low)).max(0.05 * (1.0 + high.abs()));
            Scale::linear(low - room, high + room)
        }
        false => Scale::linear(0.0, 1.0),
    }
}

fn y_title(found: &DisplayResult, panel: Option<i64>, side: usize) -> String {
    match (side, &found.panel, panel) {
        (0, Some(column), Some(panel)) => {
            format!(
                "{} ({} {panel})",
                shortened(&found.axes[1], 14),
                shortened(column, 12)
            )
        }
        (0, ..) => shortened(&found.axes[1], 20),
        _ => String::new(),
    }
}

/// A dot for each member, a ring for each further class that it is of, and a cross where these are not the
/// true ones.
fn members(canvas: &mut Canvas, panel: &Panel, shown: &Shown, value: Option<i64>, classes: &[u8]) {
    for (member, at) in shown.at.iter().enumerate() {
        if value.is_some() && shown.panels.get(member).copied() != value {
            continue;
        }
        let size = shown.sizes.get(member).copied().map_or(0.3, f64::from);
        let radius = SMALL + LARGER * size.sqrt();
        let centre = panel.at(f64::from(at[0]), f64::from(at[1]));
        let bits = classes.get(member).copied().unwrap_or(0);
        let mut of = (0..6).filter(|class| bits >> class & 1 == 1);
        match of.next() {
            Some(class) => canvas.dot(centre, radius, &format!("f{class}")),
            None => canvas.dot(centre, radius, "tick"),
        }
        if shown.truth.get(member) != classes.get(member) {
            cross(canvas, centre, radius + 3.0);
        }
        for (ring, class) in (1..).zip(of) {
            let radius = radius + 2.5 * f64::from(ring);
            canvas.dot(centre, radius, &format!("thin s{class}"));
        }
    }
}

/// Marks a member that was found to be of other classes than it truly is of.
fn cross(canvas: &mut Canvas, (x, y): (f64, f64), reach: f64) {
    let strokes = [reach, -reach].map(|up| [(x - reach, y - up), (x + reach, y + up)]);
    canvas.strokes(&strokes, "error");
}

fn legend(canvas: &mut Canvas, found: &DisplayResult, y: f64) {
    let mut x = LEFT;
    for (class, name) in found.names.iter().enumerate() {
        canvas.dot((x + 6.0, y - 5.0), 6.0, &format!("f{class}"));
        let name = shortened(name, 16);
        canvas.text(x + 18.0, y, Anchor::Start, "note", &name);
        x += 40.0 + 9.5 * name.chars().count() as f64;
    }
}

fn caption(found: &DisplayResult, shown: &Shown) -> String {
    let named = found.key.iter().zip(&shown.key);
    let named: Vec<String> = named
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    let differ = shown.truth.iter().zip(&shown.found);
    let differ = differ.filter(|(truth, found)| truth != found).count() as u64;
    let classes = match differ {
        0 => String::from("all classes found as they are true"),
        wrong => format!("{wrong} with other classes than the true ones, crossed"),
    };
    format!(
        "{}: {} of {}, {classes}",
        named.join(", "),
        counted(shown.members, "member"),
        found.axes.join(" and "),
    )
}
