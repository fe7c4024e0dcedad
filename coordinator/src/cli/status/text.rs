//! A status as a person reads it.

use std::time::Duration;

use indicatif::{HumanCount, HumanDuration};
use lumimill_common::count::counted;

use crate::cli::say::cut;
use crate::status::{State, Status, said};
use crate::tally::StageStatus;

/// Width of the bar of a stage.
const BAR: usize = 24;

/// All lines, `typed` is what the person called the campaign.
pub(super) fn rendered(status: &Status, typed: &str) -> String {
    let mut lines = vec![head(status)];
    let accepted = status.accepted.iter();
    lines.extend(accepted.map(|loss| format!("  accepted: {loss}")));
    lines.extend(status.stages.iter().map(stage_line));
    let lumis = &status.lumis;
    lines.push(format!(
        "  lumi sections: {} processed, {} missing of {} certified in files, {} certified but in \
         no file",
        lumis.processed, lumis.missing, lumis.certified, lumis.not_in_files
    ));
    lines.extend(not_whole(status, typed));
    lines.extend(blocked(status, typed));
    for worker in status.workers.iter().filter(|worker| worker.conspicuous) {
        lines.push(format!(
            "  worker {} fails much more than its peers: {} of {} attempts failed; look at its log",
            worker.name,
            worker.failed,
            worker.failed + worker.done
        ));
    }
    let waits = status.waits.iter();
    lines.extend(waits.map(|wait| format!("  waits: {}", wait.message)));
    let alarms = status.alarms.iter();
    let alarms = alarms.map(|alarm| format!("  ALARM: {alarm}")).collect();
    lines.extend(cut(alarms, "  ", "`--json` and the report have all"));
    let verdicts = said(&status.verdicts).into_iter();
    let verdicts = verdicts.map(|said| format!("  {said}")).collect();
    lines.extend(cut(verdicts, "  ", "`--json` and the report have all"));
    lines.extend(failures(status, typed));
    lines.join("\n")
}

/// What was done and is not whole, as far as it was looked at, and what to type next.
fn not_whole(status: &Status, typed: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let gone: usize = status.stages.iter().map(|stage| stage.counts.gone).sum();
    let damaged: usize = status.stages.iter().map(|it| it.counts.damaged).sum();
    for (count, what) in [(gone, "gone"), (damaged, "damaged, or their markers")] {
        let (tables, verb) = match count {
            0 => continue,
            1 => (String::from("1 table"), "is"),
            count => (format!("{count} tables"), "are"),
        };
        lines.push(format!(
            "  {tables} {verb} {what}: lumimill verify {typed} names them, with the campaign file \
             and --mend it makes them again"
        ));
    }
    let unread: usize = status.stages.iter().map(|stage| stage.counts.unread).sum();
    if unread > 0 {
        let markers = counted(unread, "marker");
        lines.push(format!(
            "  {markers} cannot be read: lumimill verify {typed} says why"
        ));
    }
    let left: usize = status.stages.iter().map(|it| it.counts.outstanding()).sum();
    if status.state == State::NotWhole && left > 0 {
        let (shards, verb) = (counted(left, "shard"), if left == 1 { "is" } else { "are" });
        lines.push(format!(
            "  {shards} {verb} not done any more, and nobody does what is lost: lumimill resubmit \
             {typed} --missing"
        ));
    }
    for problem in &status.report {
        lines.push(format!(
            "  {problem}: lumimill report {typed} writes the report again"
        ));
    }
    if status.told {
        lines.push(format!(
            "  counted by whoever drives it, or drove it to its end: lumimill verify {typed} looks at \
             all that is there"
        ));
    } else if !status.markers_read {
        lines.push(format!(
            "  done is what has a marker and a table, as they are listed: lumimill verify {typed} \
             reads them"
        ));
    }
    lines
}

/// What keeps shards back, as many lines as a person reads, and what to type next.
fn blocked(status: &Status, typed: &str) -> Vec<String> {
    let lines = status.kept_back.iter().map(|kept| {
        let of = match &kept.stage {
            Some(stage) => format!("of {stage}, which was given up"),
            None => String::from("which is not in the plan"),
        };
        format!("  blocked: {} by shard {} {of}", kept.said(), kept.by)
    });
    let advice = format!(
        "`lumimill status {typed} --json` lists all, `lumimill resubmit {typed} --failed` does \
         again what was given up"
    );
    cut(lines.collect(), "  ", &advice)
}

/// What failed, as many lines as a person reads, and what to type next.
fn failures(status: &Status, typed: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for group in status.failures.iter().flatten() {
        let what = if group.dead { "dead" } else { "failed" };
        lines.push(format!(
            "  failure {} ({}; {} {what}): {}",
            group.fingerprint,
            group.kind,
            counted(group.shards.len(), "shard"),
            group.message
        ));
        lines.extend(group.shards.iter().map(|shard| format!("    {shard}")));
    }
    let advice = format!(
        "`lumimill status {typed} --failed --json` lists all, `lumimill resubmit {typed} \
         --failed` does them again"
    );
    cut(lines, "  ", &advice)
}

fn head(status: &Status) -> String {
    let state = match status.state {
        State::NotSubmitted => "not with a pool",
        State::Running => "running",
        State::Paused => "paused",
        State::Cancelled => "cancelled",
        State::Reporting => "all shards are over, the report is not there yet",
        State::Ended => "at its end",
        State::NotWhole => "was at its end, and is not whole any more",
    };
    let mut head = format!("campaign {}: {state}", status.campaign);
    if status.served {
        let slots: u32 = status.workers.iter().map(|worker| worker.slots).sum();
        // Where the store is far away, some jobs have no slot yet, or none any more.
        let busy = |slots: u32, running: usize| running.min(slots as usize);
        let busy = status
            .workers
            .iter()
            .map(|worker| busy(worker.slots, worker.running));
        let busy: usize = busy.sum();
        let workers = status.workers.len();
        head.push_str(&format!(
            ", {}, {busy} of {slots} slots busy",
            counted(workers, "worker")
        ));
    }
    if let Some(rate) = status.events_per_second.filter(|rate| *rate > 0.0) {
        head.push_str(&format!(", {} events/s", HumanCount(rate as u64)));
    }
    if let Some(seconds) = status.eta_seconds {
        head.push_str(&format!(
            ", ETA {}",
            HumanDuration(Duration::from_secs(seconds))
        ));
    }
    let is_under_way = matches!(status.state, State::Running | State::Paused);
    if status.estimates_left > 0 && is_under_way {
        let what = match status.eta_seconds {
            Some(_) => "and",
            None => "with",
        };
        let left = status.estimates_left;
        let fits = if left == 1 {
            "fit or density"
        } else {
            "fits or densities"
        };
        head.push_str(&format!(" {what} {left} {fits} to make"));
    }
    head
}

fn stage_line(StageStatus { name, counts }: &StageStatus) -> String {
    let share = match counts.events {
        0 => counts.done as f64 / counts.shards.max(1) as f64,
        events => counts.events_done as f64 / events as f64,
    };
    let full = ((share * BAR as f64) as usize).min(BAR);
    let mut line = format!(
        "  stage {name} [{}{}] {:>3}%: {} of {} shards done, {} failed, {} dead",
        "#".repeat(full),
        ".".repeat(BAR - full),
        (share * 100.0).floor(),
        counts.done,
        counts.shards,
        counts.failed,
        counts.dead,
    );
    for (count, what) in [
        (counts.gone, "gone"),
        (counts.damaged, "damaged"),
        (counts.unread, "not to be read"),
        (counts.running, "running"),
        (counts.queued, "queued"),
        (counts.planned, "planned"),
        (counts.waiting, "waiting for an earlier stage"),
        (counts.blocked, "blocked"),
        (counts.dropped, "dropped"),
    ] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    if counts.to_measure > 0 {
        line.push_str(&format!(
            ", {} of these only to measure again",
            counts.to_measure
        ));
    }
    line.push_str(&format!(
        "; {} of {} events",
        counts.events_done, counts.events
    ));
    line
}
