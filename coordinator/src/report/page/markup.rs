//! Pieces of the page: sections, cards, tiles and tables. Everything that goes in is escaped
//! here, except what is called `html`.

use crate::report::figure::{Figure, escape};
use crate::report::number::counted;

/// More pictures than this are behind a line that opens.
const MOST_OPEN: usize = 12;

/// How a column of a table is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Align {
    Left,
    /// Left, and broken anywhere when too long: messages and addresses.
    Wrapped,
    Right,
    /// Left, and never broken: edges of bins.
    Fixed,
}

impl Align {
    fn attribute(self) -> &'static str {
        match self {
            Self::Left => "",
            Self::Wrapped => " class=\"wrapped\"",
            Self::Right => " class=\"number\"",
            Self::Fixed => " class=\"fixed\"",
        }
    }
}

/// A table as it grows.
#[derive(Debug)]
pub(in crate::report) struct Table {
    columns: Vec<(String, Align)>,
    html: String,
    note: String,
}

impl Table {
    pub(in crate::report) fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns
            .iter()
            .map(|(name, align)| ((*name).to_owned(), *align))
            .collect();
        Self {
            columns,
            html: String::new(),
            note: String::new(),
        }
    }

    /// One line; cells beyond the columns are left out, and those that lack are empty.
    pub(in crate::report) fn row(&mut self, cells: &[String]) {
        self.line(cells, "");
    }

    /// One line that stands back.
    pub(in crate::report) fn aside(&mut self, cells: &[String]) {
        self.line(cells, " class=\"aside\"");
    }

    fn line(&mut self, cells: &[String], attribute: &str) {
        self.html += &format!("<tr{attribute}>");
        let none = String::new();
        let cells = cells.iter().chain(std::iter::repeat(&none));
        for (cell, (_, align)) in cells.zip(&self.columns) {
            let class = align.attribute();
            self.html += &format!("<td{class}>{}</td>", escape(cell));
        }
        self.html += "</tr>\n";
    }

    /// Says how many lines are not shown.
    pub(in crate::report) fn more(&mut self, all: usize, shown: usize, noun: &str) {
        if all > shown {
            self.note = left_out(all, shown, noun, "metrics.json has all");
        }
    }

    pub(in crate::report) fn html(self) -> String {
        let Self {
            columns,
            html,
            note,
        } = self;
        let heads: String = columns
            .iter()
            .map(|(name, align)| {
                let class = align.attribute();
                format!("<th scope=\"col\"{class}>{}</th>", escape(name))
            })
            .collect();
        let named = columns.iter().take(3).map(|(name, _)| escape(name));
        let named = named.collect::<Vec<_>>().join(", ");
        format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of {named}\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{html}</tbody>\n</table></div>\n{note}"
        )
    }
}

/// A titled section.
pub(in crate::report) fn section(id: &str, title: &str, html: &str) -> String {
    format!(
        "<section id=\"{}\">\n<h2>{}</h2>\n{html}</section>\n",
        escape(id),
        escape(title)
    )
}

/// A box, with a title unless that is empty.
pub(in crate::report) fn card(title: &str, html: &str) -> String {
    let title = if title.is_empty() {
        String::new()
    } else {
        format!("<h3>{}</h3>\n", escape(title))
    };
    format!("<div class=\"card\">\n{title}{html}</div>\n")
}

/// What is to be known of a table or a picture, in a line below it; nothing where there is nothing to say.
pub(in crate::report) fn note_line(text: &str) -> String {
    match text.is_empty() {
        true => String::new(),
        false => format!("<p class=\"note-line\">{}</p>\n", escape(text)),
    }
}

/// Says that not all of something is shown, and where the rest is; nothing where all is.
pub(in crate::report) fn left_out(all: usize, shown: usize, noun: &str, rest: &str) -> String {
    let more = all.saturating_sub(shown);
    match more {
        0 => String::new(),
        _ => note_line(&format!(
            "{} more not shown: {rest}",
            counted(more as u64, noun)
        )),
    }
}

/// What is wrong with the weights of what stands beside it; nothing where nothing is.
pub(in crate::report) fn doubtful(doubt: &str) -> String {
    match doubt.is_empty() {
        true => String::new(),
        false => format!(
            "<p class=\"open\">Weights are not valid everywhere: {}</p>\n",
            escape(doubt)
        ),
    }
}

/// Links to files of numbers; nothing where there are none.
pub(in crate::report) fn links(names: &[&str]) -> String {
    let link = |name: &&str| {
        let name = escape(name);
        format!("<a href=\"{name}\">{name}</a>")
    };
    let links: Vec<String> = names.iter().map(link).collect();
    match links.is_empty() {
        true => String::new(),
        false => format!(
            "<p class=\"note-line beside\">Files: {}</p>\n",
            links.join(", ")
        ),
    }
}

/// A number that matters.
pub(in crate::report) fn tile(title: &str, value: &str, below: &str) -> String {
    let [title, value, below] = [title, value, below].map(escape);
    format!(
        "<div class=\"tile\"><span>{title}</span><strong>{value}</strong><span>{below}</span></div>\n"
    )
}

/// Pictures beside one another, each with its caption and its file.
pub(in crate::report) fn figures(figures: &[Figure]) -> String {
    if figures.is_empty() {
        return String::new();
    }
    let html: String = figures.iter().map(figure).collect();
    format!("<div class=\"figures\">\n{html}</div>\n")
}

/// The same, each as wide as the page is.
pub(in crate::report) fn wide(wide: &[Figure]) -> String {
    figures(wide).replacen("class=\"figures\"", "class=\"figures wide\"", 1)
}

/// The same, of many behind a line that opens.
pub(in crate::report) fn folded(all: &[Figure], noun: &str) -> String {
    match all.len() {
        0..=MOST_OPEN => figures(all),
        many => format!(
            "<details>\n<summary>{}, each large</summary>\n{}</details>\n",
            counted(many as u64, noun),
            figures(all)
        ),
    }
}

/// A picture with its caption and its file.
pub(in crate::report) fn figure(figure: &Figure) -> String {
    let (picture, caption, file) = (
        figure.inline(),
        escape(&figure.caption),
        escape(&figure.file_name()),
    );
    format!(
        "<figure id=\"{}\">\n{picture}\n<figcaption>{caption} <a href=\"{file}\" aria-label=\"SVG of {caption}\">SVG</a></figcaption>\n</figure>\n",
        escape(&figure.name)
    )
}
