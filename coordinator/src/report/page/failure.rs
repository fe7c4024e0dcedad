//! What failed, one line for each cause.

use super::markup::{Align, Table, card, section};
use crate::report::number::{counted, grouped};
use crate::report::summary::{Failure, Report};
use std::collections::{BTreeMap, BTreeSet};

/// Shards that are named for each cause.
const NAMED: usize = 5;
/// Causes that are shown.
const CAUSES: usize = 60;

/// A table of causes, or the plain statement that nothing failed.
pub(super) fn failures(report: &Report) -> String {
    if report.failures.is_empty() {
        return section("failures", "What failed", &card("", &nothing(report)));
    }
    let (causes, table) = table(&report.failures);
    let all = counted(report.failures.len() as u64, "failed shard");
    let intro = format!(
        "<p class=\"bad\">{all}, {}.</p>\n",
        counted(causes as u64, "cause")
    );
    section(
        "failures",
        "What failed",
        &card("", &(intro + &table.html())),
    )
}

/// How many causes failures have, and a table of those.
pub(super) fn table(failures: &[Failure]) -> (usize, Table) {
    let mut causes: BTreeMap<&str, Vec<&Failure>> = BTreeMap::new();
    for failure in failures {
        causes
            .entry(&failure.fingerprint)
            .or_default()
            .push(failure);
    }
    let mut causes: Vec<_> = causes.into_values().collect();
    causes.sort_by_key(|failures| std::cmp::Reverse(failures.len()));
    let mut table = Table::new(&[
        ("shards", Align::Right),
        ("keep back", Align::Right),
        ("kind", Align::Left),
        ("message", Align::Wrapped),
        ("stage", Align::Left),
        ("files", Align::Wrapped),
        ("shard (attempts)", Align::Left),
        ("fingerprint", Align::Left),
    ]);
    for failures in causes.iter().take(CAUSES) {
        let Some(first) = failures.first() else {
            continue;
        };
        let shards = failures
            .iter()
            .map(|f| format!("{} ({})", f.shard, f.attempt));
        table.row(&[
            grouped(failures.len() as u64),
            kept_back(failures),
            first.kind.clone(),
            first.message.clone(),
            named(failures.iter().map(|f| f.stage.clone())),
            named(failures.iter().map(|f| f.file.clone())),
            named(shards),
            first.fingerprint.clone(),
        ]);
    }
    table.more(causes.len(), CAUSES, "cause");
    (causes.len(), table)
}

/// How many shards wait for these.
fn kept_back(failures: &[&Failure]) -> String {
    let shards = failures
        .iter()
        .flat_map(|failure| failure.keeps_back.values());
    match shards.sum::<usize>() {
        0 => String::new(),
        shards => grouped(shards as u64),
    }
}

/// The first few different words, and how many more there are.
fn named(words: impl Iterator<Item = String>) -> String {
    let different: BTreeSet<String> = words.collect();
    let mut text = different
        .iter()
        .take(NAMED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if different.len() > NAMED {
        text += &format!(" and {} more", grouped((different.len() - NAMED) as u64));
    }
    text
}

fn nothing(report: &Report) -> String {
    let shards = report.all_shards();
    let (class, text) = match (shards.failed, shards.outstanding()) {
        (0, 0) => (
            "good",
            format!(
                "Nothing {}failed: {} of {} done.",
                if shards.dropped > 0 { "else " } else { "" },
                grouped(shards.done),
                counted(shards.planned, "shard")
            ),
        ),
        (0, left) => (
            "open",
            format!(
                "Nothing failed so far; {} still to run.",
                counted(left, "shard")
            ),
        ),
        (failed, _) => (
            "bad",
            format!(
                "{} failed, without a record of why.",
                counted(failed, "shard")
            ),
        ),
    };
    format!("<p class=\"{class}\">{text}</p>\n")
}
