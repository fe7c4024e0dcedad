//! How a person follows a run: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};
use lumimill_common::printable::printable_lines;
use lumimill_common::shard::ShardId;

use crate::drive::{Progress, Watcher};

/// A bar or lines on standard error.
#[derive(Debug)]
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    entries: u64,
    /// What they are called.
    noun: &'static str,
    shards: usize,
    began: Instant,
    said: Instant,
    last: Progress,
    failures: usize,
}

/// Failures that are said as they come.
const FAILURES: usize = 20;
/// The first one of the others.
const MORE: usize = FAILURES + 1;

/// Time between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Display {
    /// Shows work on so many entries, which are called `noun`, in so many shards; `quiet` shows failures only.
    #[must_use]
    pub(crate) fn new(entries: u64, noun: &'static str, shards: usize, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(entries);
            let template = "{bar:32.cyan/blue} {percent:>3}%  {msg}  ETA {eta}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
            }
            bar
        });
        let now = Instant::now();
        Self {
            bar,
            entries,
            noun,
            shards,
            began: now,
            said: now,
            last: Progress::default(),
            failures: 0,
        }
    }

    fn line(&self) -> String {
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        let rate = self.last.entries as f64 / seconds;
        let mut line = format!(
            "{} of {} {}, {}/s, {} of {} shards",
            HumanCount(self.last.entries),
            HumanCount(self.entries),
            self.noun,
            HumanCount(rate as u64),
            self.last.done,
            self.shards
        );
        if self.last.retries > 0 {
            line.push_str(&format!(", {} retried", self.last.retries));
        }
        if self.last.failed > 0 {
            line.push_str(&format!(", {} failed", self.last.failed));
        }
        line
    }

    /// Ends the display with a last line.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        eprintln!("{} in {}", self.line(), HumanDuration(self.began.elapsed()));
    }

    fn say(&self, line: &str) {
        let line = printable_lines(line);
        match &self.bar {
            Some(bar) => bar.println(&line),
            None => eprintln!("{line}"),
        }
    }
}

impl Watcher for Display {
    fn progress(&mut self, progress: Progress) {
        self.last = progress;
        if let Some(bar) = &self.bar {
            bar.set_position(progress.entries.min(self.entries));
            bar.set_message(self.line());
        } else if self.said.elapsed() >= LINE_EVERY {
            self.said = Instant::now();
            let left = self.entries.saturating_sub(progress.entries) as f64;
            let rate = progress.entries.max(1) as f64 / self.began.elapsed().as_secs_f64();
            let eta = HumanDuration(Duration::from_secs_f64((left / rate).min(1e9)));
            eprintln!("{}, ETA {eta}", self.line());
        }
    }

    fn failure(&mut self, shard: ShardId, message: &str, again: bool) {
        let what = if again {
            "will be tried again"
        } else {
            "failed"
        };
        self.failures += 1;
        match self.failures {
            ..=FAILURES => self.say(&format!("shard {shard} {what}: {message}")),
            MORE => self.say("… and more failures, which the last line counts"),
            _ => {}
        }
    }
}

/// A bar with ETA for so many things, on a terminal only.
pub(crate) fn bar(doing: &str, count: usize, things: &str) -> ProgressBar {
    let bar = match std::io::stderr().is_terminal() {
        true => ProgressBar::new(count as u64),
        false => ProgressBar::hidden(),
    };
    let template = format!("{doing} {{bar:32.cyan/blue}} {{pos}} of {{len}} {things}  ETA {{eta}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}
