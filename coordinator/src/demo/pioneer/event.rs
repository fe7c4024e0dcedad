//! An event: a pion that it is of, in some a second one, and the hits of both.

use super::chain::Chain;
use super::target::{Hit, measured};
use crate::demo::random::Random;

/// Share of events with a second pion, and how far from the first in time, ns.
const PILE_UP: f64 = 0.2;
const PILE_UP_TIME: f64 = 250.0;
/// Events of a lumi section.
const SECTION_EVENTS: u64 = 500;

/// What is measured, and what is true.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) section: u32,
    pub(super) number: u64,
    /// Pions in it.
    pub(super) pions: i32,
    /// The one that the event is of.
    pub(super) truth: Chain,
    pub(super) hits: Vec<Hit>,
}

impl Event {
    /// The event of this number, from 0.
    pub(super) fn random(number: u64, random: &mut Random) -> Self {
        let mut hits = Vec::new();
        let truth = Chain::random(0, 0.0, &mut hits, random);
        let pile_up = random.chance(PILE_UP);
        if pile_up {
            let time = random.uniform(-PILE_UP_TIME, PILE_UP_TIME);
            Chain::random(1, time, &mut hits, random);
        }
        Self {
            section: (number / SECTION_EVENTS) as u32 + 1,
            number: number + 1,
            pions: 1 + i32::from(pile_up),
            truth,
            hits: measured(hits, random),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::Particle;
    use super::*;

    #[test]
    fn shares_of_decays_and_pile_up_are_those_stated() {
        let count = 2_000;
        let events: Vec<Event> = (0..count)
            .map(|number| Event::random(number, &mut Random::new(3, number)))
            .collect();
        let share = |is: &dyn Fn(&Event) -> bool| {
            events.iter().filter(|event| is(event)).count() as f64 / count as f64
        };
        assert!((share(&|event| event.truth.is_direct) - 0.3).abs() < 0.05);
        assert!((share(&|event| event.pions == 2) - PILE_UP).abs() < 0.05);
        let has_muon = |event: &Event| {
            let mut own = event.hits.iter().filter(|hit| hit.source == 0);
            own.any(|hit| hit.particle == Particle::Muon)
        };
        let wrong = share(&|event| event.truth.is_direct && has_muon(event));
        assert!(wrong.abs() < 1e-9 && share(&has_muon) > 0.6);
        let hits: usize = events.iter().map(|event| event.hits.len()).sum();
        let mean = hits as f64 / count as f64;
        assert!((20.0..60.0).contains(&mean), "{mean}");
        let ordered = |event: &Event| event.hits.is_sorted_by(|a, b| a.time <= b.time);
        assert!(events.iter().all(ordered));
    }
}
