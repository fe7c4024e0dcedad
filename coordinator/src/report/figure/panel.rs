//! A frame with ticks on its four sides, and the way from values to places in it.

use super::canvas::{Anchor, Canvas};
use super::scale::Scale;

/// Length of a labelled tick and of a small one.
const MAJOR: f64 = 11.0;
const MINOR: f64 = 6.0;
/// Width of the line of a legend with what follows it, and of a letter of a wide type.
const LEGEND_LINE: f64 = 44.0;
const LETTER: f64 = 9.4;
/// More categories than this are labelled at a slant.
const MOST_LEVEL: usize = 7;
/// Labels that an axis holds comfortably.
const LABELS_ACROSS: usize = 8;

/// Where the ticks of the horizontal axis come from.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) enum Ticks {
    /// From its scale.
    Numbers,
    /// The same ticks, without labels (another panel below has them).
    Silent,
    /// One for each category, which are at 0, 1, 2, …; only these are labelled.
    Categories(Vec<(usize, String)>),
}

/// A frame and its axes.
#[derive(Debug, Clone)]
pub(in crate::report) struct Panel {
    pub(in crate::report) left: f64,
    pub(in crate::report) right: f64,
    pub(in crate::report) top: f64,
    pub(in crate::report) bottom: f64,
    pub(in crate::report) x: Scale,
    pub(in crate::report) y: Scale,
    pub(in crate::report) ticks: Ticks,
    pub(in crate::report) x_title: String,
    pub(in crate::report) y_title: String,
}

impl Panel {
    /// The place of a point.
    pub(in crate::report) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.across(x), self.up(y))
    }

    /// The horizontal place of a value, kept within the frame.
    pub(in crate::report) fn across(&self, x: f64) -> f64 {
        self.left + (self.right - self.left) * self.x.place(x).clamp(0.0, 1.0)
    }

    /// The vertical place of a value, kept within the frame.
    pub(in crate::report) fn up(&self, y: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * self.y.place(y).clamp(0.0, 1.0)
    }

    /// Where a legend of lines with these names begins: at a share of the frame, or as far left of that as
    /// the longest needs to end inside.
    pub(in crate::report) fn legend_left<'a>(
        &self,
        share: f64,
        names: impl Iterator<Item = &'a str>,
    ) -> f64 {
        let longest = names.map(|name| name.chars().count()).max().unwrap_or(0);
        let room = LEGEND_LINE + LETTER * longest as f64;
        let wanted = self.left + share * (self.right - self.left);
        wanted.min(self.right - room - 12.0).max(self.left + 24.0)
    }

    /// Text in the top left corner, on line 0, 1, …
    pub(in crate::report) fn note(&self, canvas: &mut Canvas, line: u8, class: &str, text: &str) {
        let y = self.top + 34.0 + 23.0 * f64::from(line);
        canvas.text(self.left + 24.0, y, Anchor::Start, class, text);
    }

    /// Text in the top right corner, on line 0, 1, …
    pub(in crate::report) fn note_right(
        &self,
        canvas: &mut Canvas,
        line: u8,
        class: &str,
        text: &str,
    ) {
        let y = self.top + 34.0 + 23.0 * f64::from(line);
        canvas.text(self.right - 24.0, y, Anchor::End, class, text);
    }

    /// A dashed line across the frame.
    pub(in crate::report) fn guide(&self, canvas: &mut Canvas, y: f64) {
        let y = self.up(y);
        canvas.line((self.left, y), (self.right, y), "guide");
    }

    /// Draws frame, ticks, labels and titles; do so after the contents, so that they lie below.
    pub(in crate::report) fn draw(&self, canvas: &mut Canvas) {
        let (mut small, mut large) = (Vec::new(), Vec::new());
        self.vertical_ticks(canvas, &mut small, &mut large);
        self.frame(canvas, small, large);
    }

    /// The same without a vertical axis: what is drawn is named in the frame.
    pub(in crate::report) fn draw_across(&self, canvas: &mut Canvas) {
        self.frame(canvas, Vec::new(), Vec::new());
    }

    fn frame(
        &self,
        canvas: &mut Canvas,
        mut small: Vec<[(f64, f64); 2]>,
        mut large: Vec<[(f64, f64); 2]>,
    ) {
        self.horizontal_ticks(canvas, &mut small, &mut large);
        canvas.strokes(&small, "tick");
        canvas.strokes(&large, "tick");
        let size = (self.right - self.left, self.bottom - self.top);
        canvas.rectangle((self.left, self.top), size, "frame");
        if !self.x_title.is_empty() {
            let slanted =
                matches!(&self.ticks, Ticks::Categories(labels) if labels.len() > MOST_LEVEL);
            let below = if slanted { 64.0 } else { 50.0 };
            canvas.text(
                self.right,
                self.bottom + below,
                Anchor::End,
                "title",
                &self.x_title,
            );
        }
        canvas.upright(self.left - 66.0, self.top, "title", &self.y_title);
    }

    fn vertical_ticks(
        &self,
        canvas: &mut Canvas,
        small: &mut Vec<[(f64, f64); 2]>,
        large: &mut Vec<[(f64, f64); 2]>,
    ) {
        let room = ((self.bottom - self.top) / 52.0).clamp(2.0, 8.0) as usize;
        let tick = |value: f64, length: f64, into: &mut Vec<_>| {
            let y = self.up(value);
            into.push([(self.left, y), (self.left + length, y)]);
            into.push([(self.right, y), (self.right - length, y)]);
        };
        for value in self.y.minor(room) {
            tick(value, MINOR, small);
        }
        for (value, label) in self.y.major(room) {
            tick(value, MAJOR, large);
            canvas.text(
                self.left - 9.0,
                self.up(value) + 6.0,
                Anchor::End,
                "label",
                &label,
            );
        }
    }

    fn horizontal_ticks(
        &self,
        canvas: &mut Canvas,
        small: &mut Vec<[(f64, f64); 2]>,
        large: &mut Vec<[(f64, f64); 2]>,
    ) {
        let tick = |value: f64, length: f64, into: &mut Vec<_>| {
            let x = self.across(value);
            into.push([(x, self.bottom), (x, self.bottom - length)]);
            into.push([(x, self.top), (x, self.top + length)]);
        };
        if let Ticks::Categories(labels) = &self.ticks {
            let slanted = labels.len() > MOST_LEVEL;
            for (position, label) in labels {
                let x = self.across(*position as f64);
                tick(*position as f64, MAJOR, large);
                if slanted {
                    canvas.slanted(x + 6.0, self.bottom + 18.0, "label", label);
                } else {
                    canvas.text(x, self.bottom + 22.0, Anchor::Middle, "label", label);
                }
            }
            return;
        }
        for value in self.x.minor(LABELS_ACROSS) {
            tick(value, MINOR, small);
        }
        for (value, label) in self.x.major(LABELS_ACROSS) {
            tick(value, MAJOR, large);
            if self.ticks == Ticks::Numbers {
                canvas.text(
                    self.across(value),
                    self.bottom + 22.0,
                    Anchor::Middle,
                    "label",
                    &label,
                );
            }
        }
    }
}
