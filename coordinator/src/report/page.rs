//! The report as one self-contained page: no script, no outside resource, light and dark.

mod accepted;
mod contents;
mod failure;
pub(super) mod markup;
mod stage;
mod style;
mod warnings;

use super::figure::escape;
use super::number::{counted, grouped, percent, significant};
use super::pictures::Pictures;
use super::ratio;
use super::summary::{Report, ShardCounts};
use super::weights::not_valid;
use markup::{Align, Table, card, figure, links, section, tile};

/// The whole page; `files` are the names of all files of numbers beside it.
pub(super) fn page(report: &Report, pictures: &Pictures, beside: &[String]) -> String {
    let mut main = header(report) + &contents::contents(report);
    main += &accepted::accepted(report);
    main += &warnings::warnings(report);
    main += &failure::failures(report);
    for (stage, pictures) in report.stages.iter().zip(&pictures.stages) {
        let numbers = links(&contents::of_stage(report, stage, beside));
        main += &stage::stage(stage, pictures, &numbers);
    }
    main += &ratio::page(report, &pictures.tables, beside);
    main += &lumis(report, pictures);
    main += &duplicates(report);
    main += &files(report);
    let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
    main += &section("numbers", "Files of numbers", &card("", &links(&beside)));
    let (title, style, software) = (
        escape(&report.campaign),
        style::style(),
        escape(&report.software),
    );
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"{software}\">\n<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{main}<footer>{software} · configuration <code>{}</code></footer>\n</main>\n</body>\n</html>\n",
        escape(&report.configuration)
    )
}

fn header(report: &Report) -> String {
    let shards = report.all_shards();
    let (mut class, mut verdict) = verdict(shards);
    let doubts: Vec<String> = report.stages.iter().filter_map(not_valid).collect();
    if !doubts.is_empty() {
        class = if class == "good" { "open" } else { class };
        verdict += &format!(", weights not valid, {}", doubts.join("; "));
    }
    let warned = match warnings::count(report) {
        0 => String::new(),
        count => format!(
            " <a class=\"verdict open\" href=\"#{}\">{}</a>",
            warnings::PLACE,
            counted(count, "warning")
        ),
    };
    let tiles = tiles(report, shards);
    let data = if report.data.is_empty() {
        String::new()
    } else {
        format!("<p class=\"data-line\">{}</p>\n", escape(&report.data))
    };
    format!(
        "<header>\n<p class=\"verdict {class}\">{}</p>{warned}\n<h1>{}</h1>\n{data}</header>\n<div class=\"tiles\">\n{tiles}</div>\n",
        escape(&verdict),
        escape(&report.campaign)
    )
}

/// What its shards come to, in a few words.
fn verdict(shards: ShardCounts) -> (&'static str, String) {
    let left = shards.outstanding();
    if shards.failed == 0 && shards.blocked == 0 {
        return match left {
            0 if shards.dropped > 0 => (
                "open",
                format!("accepted without {}", counted(shards.dropped, "shard")),
            ),
            0 => ("good", "complete".to_owned()),
            left => ("open", format!("{} still to run", counted(left, "shard"))),
        };
    }
    let mut verdict = format!("{} failed", counted(shards.failed, "shard"));
    for (count, what) in [
        (shards.blocked, "kept back"),
        (shards.dropped, "dropped"),
        (left, "still to run"),
    ] {
        if count > 0 {
            verdict += &format!(", {} {what}", grouped(count));
        }
    }
    ("bad", verdict)
}

fn tiles(report: &Report, shards: ShardCounts) -> String {
    let rows = report
        .stages
        .iter()
        .map(|stage| stage.rows)
        .fold(0, u64::saturating_add);
    let events = report
        .files
        .iter()
        .map(|file| file.events)
        .fold(0, u64::saturating_add);
    let mut tiles = tile(
        "Shards done",
        &grouped(shards.done),
        &format!("of {}", grouped(shards.planned)),
    );
    tiles += &tile(
        "Rows written",
        &grouped(rows),
        &counted(report.stages.len() as u64, "stage"),
    );
    tiles += &tile(
        "Input events",
        &grouped(events),
        &counted(report.files.len() as u64, "file"),
    );
    if let Some(lumis) = &report.lumis {
        let share = if lumis.certified > 0 {
            percent(lumis.processed as f64 / lumis.certified as f64)
        } else {
            "–".to_owned()
        };
        let below = format!("of {} certified ({share})", grouped(lumis.certified));
        tiles += &tile("Lumi sections", &grouped(lumis.processed), &below);
        if let Some(recorded) = &lumis.recorded {
            let value = format!(
                "{} {}",
                significant(recorded.value, 4),
                superscript(&recorded.unit)
            );
            tiles += &tile("Recorded luminosity", &value, "of what was processed");
        }
    }
    tiles
}

/// `fb^-1` with real superscript characters.
fn superscript(unit: &str) -> String {
    ["^{-1}", "^-1"]
        .iter()
        .fold(unit.to_owned(), |text, power| text.replace(power, "⁻¹"))
}

fn lumis(report: &Report, pictures: &Pictures) -> String {
    let Some(lumis) = &report.lumis else {
        return String::new();
    };
    let mut body: String = pictures.lumis.iter().map(figure).collect();
    let missing: Vec<_> = lumis.runs.iter().filter(|run| run.missing > 0).collect();
    if lumis.missing == 0 {
        let all = grouped(lumis.certified);
        let all =
            format!("All {all} certified lumi sections in the input were processed completely.");
        body += &card("", &format!("<p class=\"good\">{all}</p>\n"));
        return section(
            "lumis",
            "Lumi sections",
            &format!("<div class=\"pair\">\n{body}</div>\n"),
        );
    }
    let mut table = Table::new(&[
        ("run", Align::Right),
        ("certified", Align::Right),
        ("processed", Align::Right),
        ("missing", Align::Right),
    ]);
    for run in missing.iter().take(MOST_LINES) {
        table.row(&[
            run.run.to_string(),
            grouped(run.certified),
            grouped(run.processed),
            grouped(run.missing),
        ]);
    }
    table.more(missing.len(), MOST_LINES, "run");
    body += &card("Runs with missing lumi sections", &table.html());
    section(
        "lumis",
        "Lumi sections",
        &format!("<div class=\"pair\">\n{body}</div>\n"),
    )
}

/// Lines of a long table that the page shows; the JSON has all.
const MOST_LINES: usize = 60;

fn duplicates(report: &Report) -> String {
    if report.duplicates.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[("what", Align::Left), ("found in", Align::Wrapped)]);
    for duplicate in report.duplicates.iter().take(MOST_LINES) {
        table.row(&[duplicate.what.clone(), duplicate.files.join(", ")]);
    }
    table.more(report.duplicates.len(), MOST_LINES, "duplicate");
    section(
        "duplicates",
        "Found more than once",
        &card("", &table.html()),
    )
}

fn files(report: &Report) -> String {
    let mut table = Table::new(&[
        ("file", Align::Wrapped),
        ("events", Align::Right),
        ("shards done", Align::Right),
        ("failed", Align::Right),
    ]);
    for file in report.files.iter().take(MOST_LINES) {
        let done = format!(
            "{} of {}",
            grouped(file.shards.done),
            grouped(file.shards.planned)
        );
        table.row(&[
            file.name.clone(),
            grouped(file.events),
            done,
            grouped(file.shards.failed),
        ]);
    }
    table.more(report.files.len(), MOST_LINES, "file");
    section("files", "Input files", &card("", &table.html()))
}
