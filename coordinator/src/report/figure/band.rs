//! The band of a curve whose points have errors along both axes.

use super::panel::Panel;

/// Ends of a band are at least this far apart, in the units of a picture.
const APART: f64 = 3.0;

/// A point with its standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct UncertainPoint {
    pub(in crate::report) x: f64,
    pub(in crate::report) x_error: f64,
    pub(in crate::report) y: f64,
    pub(in crate::report) y_error: f64,
}

/// The outline of a band around a curve that rises to the right: from one error above and to the left of it
/// to one below and to the right.
pub(in crate::report) fn band(panel: &Panel, points: &[UncertainPoint]) -> Vec<(f64, f64)> {
    let mut kept: Vec<&UncertainPoint> = Vec::new();
    let mut before = (f64::NEG_INFINITY, 0.0);
    for (number, point) in points.iter().enumerate() {
        let at = panel.at(point.x, point.y);
        let far = (at.0 - before.0).abs() + (at.1 - before.1).abs() >= APART;
        if far || number + 1 == points.len() {
            kept.push(point);
            before = at;
        }
    }
    let above = kept.iter();
    let above = above.map(|of| panel.at(of.x - of.x_error, of.y + of.y_error));
    let below = kept.iter().rev();
    let below = below.map(|of| panel.at(of.x + of.x_error, of.y - of.y_error));
    above.chain(below).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Panel, Scale, Ticks};
    use super::*;

    #[test]
    fn a_band_is_one_error_wide_on_each_side() {
        let panel = Panel {
            left: 0.0,
            right: 100.0,
            top: 0.0,
            bottom: 100.0,
            x: Scale::linear(0.0, 1.0),
            y: Scale::linear(0.0, 1.0),
            ticks: Ticks::Numbers,
            x_title: String::new(),
            y_title: String::new(),
        };
        let point = |x: f64, y: f64| UncertainPoint {
            x,
            x_error: 0.05,
            y,
            y_error: 0.1,
        };
        let points = [point(0.2, 0.5), point(0.201, 0.5), point(0.6, 0.8)];
        let found = band(&panel, &points);
        let expected = [(15.0, 40.0), (55.0, 10.0), (65.0, 30.0), (25.0, 60.0)];
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found.0 - expected.0).abs() + (found.1 - expected.1).abs() < 1e-9);
        }
    }
}
