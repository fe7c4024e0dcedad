//! Tables as CSV, quoted after RFC 4180, with text that a spreadsheet would run made harmless.

use super::number::exact;
use super::summary::Report;
use lumimill_common::printable::printable;

const LABEL_COLUMNS: [&str; 7] = [
    "stage",
    "label",
    "branch",
    "files",
    "events",
    "files_without",
    "events_without",
];

/// Every label, and how many files and certified events lack it.
pub(super) fn labels(report: &Report) -> Vec<u8> {
    let mut table = Table::new(&LABEL_COLUMNS);
    for stage in &report.stages {
        for label in &stage.labels {
            table.text(&[&stage.name, &label.label, &label.branch]);
            let counts = [
                label.files,
                label.events,
                label.files_without,
                label.events_without,
            ];
            table.cells(&counts.map(|count| count.to_string()));
            table.end();
        }
    }
    table.bytes()
}

/// What a file is called that is named after a stage.
pub(super) fn file_stem(stage: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            c
        } else {
            '-'
        }
    };
    stage.chars().take(120).map(safe).collect()
}

/// A CSV file as it grows.
pub(super) struct Table {
    text: String,
    line: Vec<String>,
}

impl Table {
    pub(super) fn new(columns: &[&str]) -> Self {
        Self {
            text: columns.join(",") + "\n",
            line: Vec::new(),
        }
    }

    pub(super) fn text(&mut self, cells: &[&str]) {
        self.line.extend(cells.iter().map(|cell| field(cell)));
    }

    pub(super) fn cells(&mut self, cells: &[String]) {
        self.line.extend_from_slice(cells);
    }

    pub(super) fn numbers(&mut self, cells: &[Option<f64>]) {
        self.line
            .extend(cells.iter().map(|cell| cell.map(exact).unwrap_or_default()));
    }

    pub(super) fn end(&mut self) {
        self.text += &self.line.join(",");
        self.text.push('\n');
        self.line.clear();
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

/// One field of text, in one line. A spreadsheet takes `=`, `+`, `-` or `@` at its start for a
/// formula; an apostrophe before it makes it text. Numbers, and bins such as `-3..0`, are none.
pub(super) fn field(text: &str) -> String {
    let text = printable(text).into_owned();
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    let numbers = text.split_once("..").map_or_else(
        || is_number(&text),
        |(low, high)| is_number(low) && is_number(high),
    );
    let formula = text.starts_with(['=', '+', '-', '@']) && !numbers;
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn fields_are_quoted_and_harmless() {
        assert_eq!(field("plain name"), "plain name");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(field("@x,y"), "\"'@x,y\"");
        assert_eq!(field("-2+3+cmd"), "'-2+3+cmd");
        for number in ["-3", "-3.5e-7", "-inf", "-3..0", "-inf..-2.5"] {
            assert_eq!(field(number), number);
        }
        assert_eq!(field("a\nb\u{1b}[2J"), "a\\nb\\u001b[2J");
    }
}
