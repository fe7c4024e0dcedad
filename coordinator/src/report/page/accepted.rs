//! What stages were accepted without, on top of all else.

use super::failure;
use super::markup::{Align, Table, card, section};
use crate::report::number::{grouped, percent};
use crate::report::summary::Report;

/// The stages that lost shards, and why those were given up; nothing where none did.
pub(super) fn accepted(report: &Report) -> String {
    if report.accepted.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        ("stage", Align::Left),
        ("shards dropped", Align::Right),
        ("of", Align::Right),
        ("certified events dropped", Align::Right),
        ("of", Align::Right),
        ("share", Align::Right),
    ]);
    for loss in &report.accepted {
        let share = match loss.of_events {
            0 => "–".to_owned(),
            all => percent(loss.events as f64 / all as f64),
        };
        table.row(&[
            loss.stage.to_string(),
            grouped(loss.shards as u64),
            grouped(loss.of_shards as u64),
            grouped(loss.events),
            grouped(loss.of_events),
            share,
        ]);
    }
    let intro = "<p class=\"bad\">Shards that were given up were dropped, and the rest was accepted. \
                 Nothing below holds their events; their lumi sections count as missing.</p>\n";
    let mut body = card("", &(intro.to_owned() + &table.html()));
    if !report.dropped.is_empty() {
        let (_, causes) = failure::table(&report.dropped);
        body += &card("Why they were given up", &causes.html());
    }
    section("accepted", "Accepted without all", &body)
}
