//! The cut flow as bars.

use super::figure::{Anchor, Canvas, Figure, Heading, RIGHT, TOP, WIDTH, shortened};
use super::number::{grouped, percent};
use super::summary::StageReport;
use lumimill_common::metric::{SHARED_DRAWS, Step, Unit};

/// Height of a step.
const STEP: f64 = 52.0;
/// Where bars begin: as far from the left as they end from the right.
const START: f64 = WIDTH - RIGHT;
/// Steps that a picture shows.
const MOST_STEPS: usize = 24;

/// Whether a step counts something beside the flow, such as what was left out.
pub(super) fn is_dropped(step: &Step) -> bool {
    step.name.starts_with("dropped") || step.name.ends_with(SHARED_DRAWS)
}

/// A step and its efficiencies: over the step before of the same unit, and over the first of it.
pub(super) struct Passed<'a> {
    pub(super) step: &'a Step,
    pub(super) relative: Option<f64>,
    pub(super) cumulative: Option<f64>,
}

/// The steps of the flow, without what was dropped beside it.
pub(super) fn passed(steps: &[Step]) -> Vec<Passed<'_>> {
    let mut found: Vec<Passed<'_>> = Vec::new();
    for step in steps.iter().filter(|step| !is_dropped(step)) {
        let mut same = found
            .iter()
            .filter(|earlier| earlier.step.unit == step.unit);
        let share = |of: Option<&Passed<'_>>| {
            of.filter(|of| of.step.count > 0)
                .map(|of| step.count as f64 / of.step.count as f64)
        };
        let cumulative = share(same.clone().next());
        let relative = share(same.next_back());
        found.push(Passed {
            step,
            relative,
            cumulative,
        });
    }
    found
}

/// Bars, each with its count and its share of the step before; none without steps.
pub(super) fn cut_flow_plot(heading: &Heading, stage: &StageReport) -> Option<Figure> {
    let steps = passed(stage.cut_flow.steps());
    if steps.is_empty() {
        return None;
    }
    let most = |unit: Unit| {
        let counts = steps
            .iter()
            .filter(|passed| passed.step.unit == unit)
            .map(|passed| passed.step.count);
        counts.max().unwrap_or(0).max(1) as f64
    };
    let (events, rows) = (most(Unit::Events), most(Unit::Rows));
    let mut canvas = Canvas::default();
    let shown = steps.len().min(MOST_STEPS);
    for (index, Passed { step, relative, .. }) in steps.iter().take(MOST_STEPS).enumerate() {
        let y = TOP + 14.0 + STEP * index as f64;
        let (whole, class) = match step.unit {
            Unit::Events => (events, "bar f0"),
            // What is left out of an event is no step of events or rows.
            Unit::Rows | Unit::Members => (rows, "bar f1"),
        };
        let width = RIGHT - START;
        canvas.text(
            START,
            y + 12.0,
            Anchor::Start,
            "note",
            &shortened(&step.name, 46),
        );
        canvas.rectangle((START, y + 19.0), (width, 16.0), "rail");
        canvas.rectangle(
            (START, y + 19.0),
            (width * step.count as f64 / whole, 16.0),
            class,
        );
        let share = relative
            .map(|share| format!(" ({})", percent(share)))
            .unwrap_or_default();
        let text = format!("{} {}{share}", grouped(step.count), step.unit.word());
        canvas.text(RIGHT, y + 12.0, Anchor::End, "note", &text);
    }
    let caption = format!(
        "Cut flow of {}; in brackets, the share of the step before",
        stage.name
    );
    let more = steps.len() - shown;
    let caption = match more {
        0 => caption,
        _ => format!("{caption}; {more} more in the table"),
    };
    let height = TOP + 24.0 + STEP * shown as f64;
    Some(Figure::sized(
        heading,
        &format!("{}-cut-flow", stage.name),
        caption,
        (START, height),
        canvas,
    ))
}
