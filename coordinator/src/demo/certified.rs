//! The demo's runs and lumi sections, and which of them are certified.

use anyhow::Result;
use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs of the 2016 data taking, and the mean number of collisions per bunch crossing in each:
/// pile-up grows from run to run, which the drift plots show.
const RUNS: [(u32, f64); 4] = [
    (278_820, 18.0),
    (278_822, 22.0),
    (278_873, 26.0),
    (278_923, 30.0),
];
/// Events of a lumi section.
const SECTION_EVENTS: u64 = 120;
/// First event number.
const FIRST_EVENT: u64 = 1_000_000_000;

/// One lumi section.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// Index among all sections.
    pub(super) index: u64,
    pub(super) run: u32,
    pub(super) lumi: u32,
    /// Mean number of collisions per bunch crossing.
    pub(super) pile_up: f64,
    pub(super) first_event: u64,
    pub(super) events: u64,
    pub(super) certified: bool,
}

/// All lumi sections, in the order of data taking.
#[derive(Debug)]
pub(super) struct LumiPlan {
    sections: Vec<Section>,
}

impl LumiPlan {
    /// Sections for so many events, in equal parts for every run.
    pub(super) fn new(events: u64) -> Self {
        let count = events.div_ceil(SECTION_EVENTS);
        let of_a_run = count.div_ceil(RUNS.len() as u64);
        let section = |index: u64| {
            let (run, pile_up) = RUNS[(index / of_a_run) as usize % RUNS.len()];
            let lumi = (index % of_a_run) as u32 + 1;
            let start = index * SECTION_EVENTS;
            Section {
                index,
                run,
                lumi,
                pile_up,
                first_event: FIRST_EVENT + start,
                events: SECTION_EVENTS.min(events - start),
                certified: is_certified(index, count, run, lumi),
            }
        };
        Self {
            sections: (0..count).map(section).collect(),
        }
    }

    /// The sections of each of `count` files: no section is cut.
    pub(super) fn files(&self, count: usize) -> impl Iterator<Item = &[Section]> {
        self.sections
            .chunks(self.sections.len().div_ceil(count).max(1))
    }

    pub(super) fn certified_events(&self) -> u64 {
        self.sections
            .iter()
            .filter(|s| s.certified)
            .map(|s| s.events)
            .sum()
    }

    /// The certified sections as a golden JSON holds them: ranges of lumis by run.
    pub(super) fn mask(&self) -> BTreeMap<String, Vec<[u32; 2]>> {
        let mut mask: BTreeMap<String, Vec<[u32; 2]>> = BTreeMap::new();
        for section in self.sections.iter().filter(|s| s.certified) {
            let ranges = mask.entry(section.run.to_string()).or_default();
            match ranges.last_mut() {
                Some(range) if range[1] + 1 == section.lumi => range[1] = section.lumi,
                _ => ranges.push([section.lumi, section.lumi]),
            }
        }
        mask
    }
}

/// Not in a stretch of a tenth of all sections ("the tracker was off"), and not one of the few
/// per cent of single sections that a check refused.
fn is_certified(index: u64, count: u64, run: u32, lumi: u32) -> bool {
    let off = count * 60 / 100..count * 70 / 100;
    !off.contains(&index) && (u64::from(lumi) * 7919 + u64::from(run)) % 100 >= 6
}

/// Rows of the `LuminosityBlocks` tree.
pub(super) fn lumi_batch(sections: &[Section]) -> Result<RecordBatch> {
    let field = |name: &str| Field::new(name, DataType::UInt32, false);
    let schema = Schema::new(vec![field("run"), field("luminosityBlock")]);
    let column = |value: fn(&Section) -> u32| -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(sections.iter().map(value)))
    };
    Ok(RecordBatch::try_new(
        Arc::new(schema),
        vec![column(|s| s.run), column(|s| s.lumi)],
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_hold_every_event_once_and_most_are_certified() {
        let plan = LumiPlan::new(60_001);
        assert_eq!(plan.sections.iter().map(|s| s.events).sum::<u64>(), 60_001);
        assert!(
            plan.sections
                .windows(2)
                .all(|w| w[0].first_event + w[0].events == w[1].first_event)
        );
        let share = plan.certified_events() as f64 / 60_001.0;
        assert!((0.80..0.90).contains(&share), "{share} certified");
        let parts: Vec<usize> = plan.files(2).map(<[Section]>::len).collect();
        assert_eq!(parts, [251, 250]);
    }

    #[test]
    fn the_mask_lists_exactly_the_certified_sections() {
        let plan = LumiPlan::new(60_000);
        let mask = plan.mask();
        for section in &plan.sections {
            let ranges = &mask[&section.run.to_string()];
            let listed = ranges.iter().any(|r| (r[0]..=r[1]).contains(&section.lumi));
            assert_eq!(listed, section.certified, "{section:?}");
        }
        assert!(
            mask.values().map(Vec::len).sum::<usize>() > 20,
            "ranges are not short"
        );
    }
}
