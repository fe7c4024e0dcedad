//! A picture: a canvas of SVG with the campaign's name and data above it.
//!
//! Pictures are drawn with classes. A file carries its own colours, in plain CSS that every SVG
//! program reads; the page gives the same classes colours that follow its light or dark theme.

mod band;
mod canvas;
mod heading;
mod lines;
mod panel;
mod scale;
mod style;

pub(super) use band::{UncertainPoint, band};
pub(super) use canvas::{Anchor, Canvas, escape};
pub(super) use heading::Heading;
pub(super) use lines::Lines;
pub(super) use panel::{Panel, Ticks};
pub(super) use scale::Scale;
pub(super) use style::{page_rules, page_variables};

/// The width of a picture, in its own units.
pub(super) const WIDTH: f64 = 720.0;
/// The usual height of a picture.
pub(super) const HEIGHT: f64 = 540.0;
/// Where the frame begins and ends.
pub(super) const LEFT: f64 = 96.0;
pub(super) const RIGHT: f64 = WIDTH - 22.0;
pub(super) const TOP: f64 = 46.0;
pub(super) const BOTTOM: f64 = 72.0;

impl Panel {
    /// One that fills a picture: each axis with its title.
    pub(super) fn whole(
        (x, x_title): (Scale, &str),
        (y, y_title): (Scale, &str),
        ticks: Ticks,
    ) -> Self {
        Self {
            left: LEFT,
            right: RIGHT,
            top: TOP,
            bottom: HEIGHT - BOTTOM,
            x,
            y,
            ticks,
            x_title: x_title.to_owned(),
            y_title: y_title.to_owned(),
        }
    }
}

/// A finished picture.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// Name of its file, without the ending.
    pub(super) name: String,
    /// What it shows, for the page and for readers who do not see it.
    pub(super) caption: String,
    height: f64,
    body: String,
}

impl Figure {
    /// A picture below its heading.
    pub(super) fn new(heading: &Heading, name: &str, caption: String, canvas: Canvas) -> Self {
        Self::sized(heading, name, caption, (LEFT, HEIGHT), canvas)
    }

    /// The same, of another height, with the campaign's name beginning at `left`.
    pub(super) fn sized(
        heading: &Heading,
        name: &str,
        caption: String,
        (left, height): (f64, f64),
        mut canvas: Canvas,
    ) -> Self {
        canvas.text(
            left,
            TOP - 12.0,
            Anchor::Start,
            "campaign",
            &shortened(&heading.campaign, 34),
        );
        canvas.text(
            RIGHT,
            TOP - 12.0,
            Anchor::End,
            "data",
            &shortened(&heading.data, 42),
        );
        let mut caption = caption;
        if !heading.doubt.is_empty() {
            let doubt = format!("weights not valid: {}", shortened(&heading.doubt, 80));
            canvas.text(8.0, height - 6.0, Anchor::Start, "small doubt", &doubt);
            caption += &format!("; weights are not valid everywhere ({})", heading.doubt);
        }
        Self {
            name: slug(name),
            caption,
            height,
            body: canvas.into_body(),
        }
    }

    /// The name of its file.
    pub(super) fn file_name(&self) -> String {
        format!("{}.svg", self.name)
    }

    /// The picture as a file of its own.
    pub(super) fn file(&self) -> Vec<u8> {
        let Self { height, body, .. } = self;
        let caption = escape(&self.caption);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<title>{caption}</title>\n<style>{}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" class=\"paper\"/>\n{body}</svg>\n",
            style::file_rules()
        )
        .into_bytes()
    }

    /// The picture inside the page.
    pub(super) fn inline(&self) -> String {
        let Self { height, body, .. } = self;
        let caption = escape(&self.caption);
        format!(
            "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{caption}\">\n{body}</svg>"
        )
    }
}

/// At most `most` characters, the last an ellipsis if there were more.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}

/// A name that is safe in every file system and address.
fn slug(name: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            c
        } else {
            '-'
        }
    };
    name.chars().take(120).map(safe).collect()
}
