//! What becomes of one pion: where it stops, and what it decays to.

use super::flight::{Flight, MUON_RANGE, isotropic, normalised};
use super::target::{Hit, Particle, Vector};
use crate::demo::random::Random;

/// Mean lives, ns (PDG 2024).
const PION_LIFE: f64 = 26.033;
const MUON_LIFE: f64 = 2_196.98;
/// Longest that is waited for a positron, ns.
const WINDOW: f64 = 500.0;
/// Share of pions that become a positron at once; 1.2e-4 in nature, more here, so that few events
/// have some of them.
const DIRECT: f64 = 0.3;
/// Energies of the positron: of that decay, and the most of a muon's, MeV.
const DIRECT_ENERGY: f64 = 69.8;
const MICHEL_ENERGY: f64 = 52.8;
/// Resolution of the calorimeter, the share of showers that leak, and how much of them.
const RESOLUTION: f64 = 0.02;
const LEAKING: f64 = 0.05;
const LEAK: f64 = 0.25;

/// What is true of a pion.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// Whether it became a positron without a muon.
    pub(super) is_direct: bool,
    /// Where it stopped, mm.
    pub(super) stop: Vector,
    /// Direction of the positron.
    pub(super) positron: Vector,
    /// What the calorimeter measures of it, MeV.
    pub(super) calorimeter: f64,
}

impl Chain {
    /// A pion that comes at `time`, and its hits.
    pub(super) fn random(source: i32, time: f64, hits: &mut Vec<Hit>, random: &mut Random) -> Self {
        let pion = Flight {
            particle: Particle::Pion,
            source,
            start: [random.normal(0.0, 1.5), random.normal(0.0, 1.5), 0.0],
            direction: normalised([random.normal(0.0, 0.08), random.normal(0.0, 0.08), 1.0]),
            time,
            range: random.normal(3.0, 0.6).clamp(0.6, 5.0),
        };
        let stop = pion.fly(hits, random);
        let time = time + random.exponential(PION_LIFE);
        let is_direct = random.chance(DIRECT);
        let (from, time) = match is_direct {
            true => (stop, time),
            false => {
                let muon = Flight {
                    particle: Particle::Muon,
                    source,
                    start: stop,
                    direction: isotropic(random),
                    time,
                    range: random.normal(MUON_RANGE, 0.02 * MUON_RANGE),
                };
                let lived = -MUON_LIFE * (1.0 - random.unit() * Self::seen()).ln();
                (muon.fly(hits, random), time + lived)
            }
        };
        let positron = isotropic(random);
        Flight::positron(source, from, positron, time).fly(hits, random);
        Self {
            is_direct,
            stop,
            positron,
            calorimeter: calorimeter(is_direct, random),
        }
    }

    /// Share of muons that decay while they are waited for.
    fn seen() -> f64 {
        1.0 - (-WINDOW / MUON_LIFE).exp()
    }
}

fn calorimeter(is_direct: bool, random: &mut Random) -> f64 {
    let energy = match is_direct {
        true => DIRECT_ENERGY,
        false => MICHEL_ENERGY * michel(random),
    };
    let kept = match random.chance(LEAKING) {
        true => 1.0 - random.exponential(LEAK).min(0.95),
        false => 1.0,
    };
    random.normal(energy * kept, RESOLUTION * energy).max(0.0)
}

/// Energy of the positron of a muon, as a share of the most that there is (Michel's spectrum).
fn michel(random: &mut Random) -> f64 {
    loop {
        let x = random.unit();
        if random.chance(x * x * (3.0 - 2.0 * x)) {
            return x;
        }
    }
}
