//! Pieces of the page: sections, cards, tiles and tables. Everything that goes in is escaped
//! here, except what is called `html`.

use crate::report::figure::{Figure, escape};
use crate::report::number::counted;

/// How a column of a table is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Align {
    Left,
    /// Left, and broken anywhere when too long: messages and addresses.
    Wrapped,
    Right,
}

impl Align {
    fn attribute(self) -> &'static str {
        match self {
            Self::Left => "",
            Self::Wrapped => " class=\"wrapped\"",
            Self::Right => " class=\"number\"",
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

    /// One line; cells beyond the columns are left out.
    pub(in crate::report) fn row(&mut self, cells: &[String]) {
        self.line(cells, "");
    }

    /// One line that stands back.
    pub(in crate::report) fn aside(&mut self, cells: &[String]) {
        self.line(cells, " class=\"aside\"");
    }

    fn line(&mut self, cells: &[String], attribute: &str) {
        self.html += &format!("<tr{attribute}>");
        for (cell, (_, align)) in cells.iter().zip(&self.columns) {
            let class = align.attribute();
            self.html += &format!("<td{class}>{}</td>", escape(cell));
        }
        self.html += "</tr>\n";
    }

    /// Says how many lines are not shown.
    pub(in crate::report) fn more(&mut self, all: usize, shown: usize, noun: &str) {
        if all > shown {
            let left = counted((all - shown) as u64, noun);
            self.note =
                format!("<p class=\"note-line\">and {left} more; metrics.json has all</p>\n");
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
                format!("<th{class}>{}</th>", escape(name))
            })
            .collect();
        format!(
            "<div class=\"scroll\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{html}</tbody>\n</table></div>\n{note}"
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

/// A picture with its caption and its file.
pub(in crate::report) fn figure(figure: &Figure) -> String {
    let (picture, caption, file) = (
        figure.inline(),
        escape(&figure.caption),
        escape(&figure.file_name()),
    );
    format!(
        "<figure>\n{picture}\n<figcaption>{caption} <a href=\"{file}\" download>SVG</a></figcaption>\n</figure>\n"
    )
}
