//! SVG elements, one a line, with text escaped and coordinates short.

use std::fmt::Write as _;

use lumimill_common::printable::printable_lines;

/// Which end of a text its position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }
}

/// The body of a picture as it is drawn.
#[derive(Debug, Clone, Default)]
pub(in crate::report) struct Canvas {
    body: String,
}

impl Canvas {
    pub(in crate::report) fn into_body(self) -> String {
        self.body
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.body, "{arguments}");
    }

    pub(in crate::report) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(short);
        self.push(format_args!(
            "<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>"
        ));
    }

    /// A line through points; those that are not finite are left out.
    pub(in crate::report) fn polyline(&mut self, points: &[(f64, f64)], class: &str) {
        let path = path(points);
        self.push(format_args!("<path class=\"{class}\" d=\"{path}\"/>"));
    }

    /// Many short strokes as one element.
    pub(in crate::report) fn strokes(&mut self, strokes: &[[(f64, f64); 2]], class: &str) {
        let paths: String = strokes.iter().map(|stroke| path(stroke)).collect();
        if !paths.is_empty() {
            self.push(format_args!("<path class=\"{class}\" d=\"{paths}\"/>"));
        }
    }

    pub(in crate::report) fn rectangle(
        &mut self,
        corner: (f64, f64),
        size: (f64, f64),
        class: &str,
    ) {
        let [x, y, width, height] =
            [corner.0, corner.1, size.0.max(0.0), size.1.max(0.0)].map(short);
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
        ));
    }

    pub(in crate::report) fn dot(&mut self, centre: (f64, f64), radius: f64, class: &str) {
        let [x, y, r] = [centre.0, centre.1, radius].map(short);
        self.push(format_args!(
            "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>"
        ));
    }

    /// The mark of a series: its colour, and a shape of its own.
    pub(in crate::report) fn marker(&mut self, (x, y): (f64, f64), radius: f64, series: usize) {
        let class = format!("f{series}");
        let corners: &[(f64, f64)] = match series % 6 {
            0 => return self.dot((x, y), radius, &class),
            1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            2 => &[(0.0, -1.3), (1.2, 0.8), (-1.2, 0.8)],
            3 => &[(0.0, -1.4), (1.2, 0.0), (0.0, 1.4), (-1.2, 0.0)],
            4 => &[(0.0, 1.3), (1.2, -0.8), (-1.2, -0.8)],
            _ => &[(-1.4, -0.5), (1.4, -0.5), (1.4, 0.5), (-1.4, 0.5)],
        };
        let places = corners
            .iter()
            .map(|(right, down)| (x + radius * right, y + radius * down));
        self.polyline(&places.collect::<Vec<_>>(), &class);
    }

    /// What is drawn together, and what is said of it under a pointer.
    pub(in crate::report) fn titled(&mut self, title: &str, draw: impl FnOnce(&mut Self)) {
        self.push(format_args!("<g><title>{}</title>", escape(title)));
        draw(self);
        self.push(format_args!("</g>"));
    }

    pub(in crate::report) fn text(
        &mut self,
        x: f64,
        y: f64,
        anchor: Anchor,
        class: &str,
        text: &str,
    ) {
        if text.is_empty() {
            return;
        }
        let (x, y, anchor, text) = (short(x), short(y), anchor.word(), marked_up(text));
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    /// Text that reads upwards, ending at (x, y).
    pub(in crate::report) fn upright(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let (x, y, text) = (short(x), short(y), marked_up(text));
        self.push(format_args!(
            "<text class=\"{class}\" transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"end\">{text}</text>"
        ));
    }

    /// Text that slants upwards, ending at (x, y).
    pub(in crate::report) fn slanted(&mut self, x: f64, y: f64, class: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let (x, y, text) = (short(x), short(y), marked_up(text));
        self.push(format_args!(
            "<text class=\"{class}\" transform=\"translate({x} {y}) rotate(-40)\" text-anchor=\"end\">{text}</text>"
        ));
    }
}

fn path(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (x, y) in points
        .iter()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
    {
        path += if path.is_empty() { "M" } else { "L" };
        path += &format!("{} {}", short(*x), short(*y));
    }
    path
}

/// A coordinate to a hundredth.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// Text with `&`, `<`, `>` and quotes escaped, and characters that XML forbids replaced.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in printable_lines(text).chars() {
        match character {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            '\t' | '\n' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// Escaped text in which `^` and an integer, or `^{…}` around one, is a superscript.
fn marked_up(text: &str) -> String {
    let mut marked = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('^') {
        let inner = after.strip_prefix('{').unwrap_or(after);
        let sign = inner.strip_prefix(['-', '−']).unwrap_or(inner);
        let digits = sign.len() - sign.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let end = inner.len() - sign.len() + digits;
        let (power, tail) = inner.split_at(end);
        marked += &escape(before);
        if digits == 0 {
            marked.push('^');
            rest = after;
            continue;
        }
        let power = escape(&power.replace('-', "−"));
        marked += &format!(
            "<tspan dy=\"-0.45em\" font-size=\"72%\">{power}</tspan><tspan dy=\"0.324em\">\u{200b}</tspan>"
        );
        rest = tail
            .strip_prefix('}')
            .filter(|_| inner.len() < after.len())
            .unwrap_or(tail);
    }
    marked + &escape(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_out() {
        assert_eq!(
            escape("<script>\"&'\u{0}"),
            "&lt;script&gt;&quot;&amp;&#39;\\u0000"
        );
        let mut canvas = Canvas::default();
        canvas.text(1.0, 2.0, Anchor::End, "ink", "a<b^2 ^x");
        let body = canvas.into_body();
        assert!(
            body.contains("a&lt;b<tspan") && body.contains(">2</tspan>") && body.contains(" ^x"),
            "{body}"
        );
    }

    #[test]
    fn superscripts_with_and_without_braces() {
        for text in ["7 fb^-1 now", "7 fb^{-1} now"] {
            let marked = marked_up(text);
            assert!(
                marked.starts_with("7 fb<tspan") && marked.contains(">−1</tspan>"),
                "{marked}"
            );
            assert!(marked.ends_with(" now"), "{marked}");
        }
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(
            [1.0, -0.001, 2.346, 100.0].map(short),
            ["1", "0", "2.35", "100"]
        );
    }
}
