//! ROC curves of several classes or labels with bands of their errors; of one that hardly errs, the
//! false-positive rate on a logarithmic scale, too.

use lumimill_common::metric::ClassResult;

use crate::report::figure::{Anchor, Canvas, Panel, Scale, Ticks, shortened};
use crate::report::metric::ranking::{LOGARITHMIC, diagonal, logarithmic, roc_curve};
use crate::report::number::with_error;

/// Curves that can be told apart.
const MOST_CURVES: usize = 6;

/// The kind, the caption and the picture of each scale: a curve for each class that has one, of so many
/// rows.
pub(in crate::report::metric) fn roc(
    names: &[String],
    all: &[ClassResult],
    rows: u64,
) -> Vec<(&'static str, &'static str, Canvas)> {
    let unit = Scale::linear(0.0, 1.0);
    let linear = drawn(names, all, (unit, "False-positive rate"));
    let shown = all.iter().take(MOST_CURVES);
    let areas = shown.filter_map(|class| class.auc.map(|auc| auc.value));
    let logarithm = logarithmic(areas, rows);
    let logarithm = logarithm.and_then(|scale| drawn(names, all, (scale, LOGARITHMIC)));
    let linear = linear.map(|canvas| ("roc", "ROC curves", canvas));
    let logarithm = logarithm.map(|canvas| ("roc-log", "ROC curves, logarithmic,", canvas));
    linear.into_iter().chain(logarithm).collect()
}

fn drawn(names: &[String], all: &[ClassResult], (x, title): (Scale, &str)) -> Option<Canvas> {
    let unit = Scale::linear(0.0, 1.0);
    let panel = Panel::whole((x, title), (unit, "Efficiency"), Ticks::Numbers);
    let mut canvas = Canvas::default();
    diagonal(&mut canvas, &panel);
    let classes = names.iter().zip(all).take(MOST_CURVES);
    let classes: Vec<_> = classes.filter(|(_, class)| !class.roc.is_empty()).collect();
    if classes.is_empty() {
        return None;
    }
    let text = |(name, class): &(&String, &ClassResult)| {
        let auc = class.auc.map(|auc| with_error(auc.value, auc.error));
        format!("{}: AUC = {}", shortened(name, 20), auc.unwrap_or_default())
    };
    let texts: Vec<String> = classes.iter().map(text).collect();
    let x = panel.legend_left(0.36, texts.iter().map(String::as_str));
    let from = panel.bottom - 20.0 - 25.0 * classes.len() as f64;
    for (number, ((_, class), text)) in classes.iter().zip(&texts).enumerate() {
        let (line, fill) = (format!("curve s{number}"), format!("f{number}"));
        roc_curve(&mut canvas, &panel, &class.roc, (&line, &fill, text));
        let y = from + 25.0 * number as f64;
        canvas.line((x, y - 5.0), (x + 34.0, y - 5.0), &line);
        canvas.text(x + 44.0, y, Anchor::Start, "note", text);
    }
    let more = names.len().saturating_sub(MOST_CURVES);
    if more > 0 {
        let said = format!("and {more} more, not drawn");
        canvas.text(x + 44.0, from - 25.0, Anchor::Start, "quiet", &said);
    }
    panel.draw(&mut canvas);
    Some(canvas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lumimill_common::metric::{RocPoint, Uncertain};

    fn class(auc: f64) -> ClassResult {
        let point = |rate: f64, efficiency: f64| RocPoint {
            false_positive_rate: rate,
            false_positive_rate_error: 0.1 * rate,
            efficiency,
            efficiency_error: 0.02,
        };
        ClassResult {
            auc: Some(Uncertain {
                value: auc,
                error: Some(0.001),
            }),
            roc: vec![
                point(0.0, 0.0),
                point(0.0, 0.4),
                point(1e-3, 0.8),
                point(0.1, 0.99),
                point(1.0, 1.0),
            ],
            ..ClassResult::default()
        }
    }

    #[test]
    fn a_curve_that_lies_on_the_frame_is_drawn_on_a_logarithmic_scale_too() {
        let names = ["pion".to_owned(), "kaon".to_owned()];
        let kinds = |all: &[ClassResult]| -> Vec<&str> {
            let drawn = roc(&names, all, 1_000).into_iter();
            drawn.map(|(kind, ..)| kind).collect()
        };
        assert_eq!(kinds(&[class(0.8), class(0.9)]), ["roc"]);
        assert_eq!(kinds(&[class(0.8), class(0.97)]), ["roc", "roc-log"]);
        assert!(kinds(&[ClassResult::default(), ClassResult::default()]).is_empty());
        let (.., canvas) = roc(&names, &[class(0.97), class(0.8)], 1_000).remove(1);
        let body = canvas.into_body();
        // Each curve has a band, and says what it is under a pointer.
        assert!(body.contains("class=\"area f1\""), "{body}");
        assert!(
            body.contains("<title>pion: AUC = 0.9700 ± 0.0010</title>"),
            "{body}"
        );
    }
}
