//! A particle on its way through the target: small steps, and the energy of each.

use super::target::{Hit, Particle, Vector, strip};
use crate::demo::random::Random;

/// Length of a step, mm.
const STEP: f64 = 0.03;
/// A positron that went this far has left the target, mm.
const FAR: f64 = 20.0;
/// Energy that a positron leaves, MeV/mm; a part of it fluctuates.
const POSITRON_LOSS: f64 = 0.36;
const FLUCTUATING: f64 = 0.3;
/// Range of the muon of a pion at rest, mm, and its kinetic energy, MeV.
pub(super) const MUON_RANGE: f64 = 0.8;
const MUON_ENERGY: f64 = 4.12;
/// The power of the range that the kinetic energy goes with.
const RANGE_POWER: f64 = 0.56;
/// Mass of the pion over that of the muon.
const MASS_RATIO: f64 = 1.321;

/// What flies, and what is known of its start.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) particle: Particle,
    /// Which pion it comes from.
    pub(super) source: i32,
    pub(super) start: Vector,
    pub(super) direction: Vector,
    pub(super) time: f64,
    /// How far it goes unless it leaves the target before, mm; positrons do not stop.
    pub(super) range: f64,
}

impl Flight {
    /// A positron.
    pub(super) fn positron(source: i32, start: Vector, direction: Vector, time: f64) -> Self {
        Self {
            particle: Particle::Positron,
            source,
            start,
            direction,
            time,
            range: FAR,
        }
    }

    /// Adds what it leaves in the strips; the end is where it is then.
    pub(super) fn fly(&self, hits: &mut Vec<Hit>, random: &mut Random) -> Vector {
        let first = hits.len();
        let (mut at, mut direction, mut flown) = (self.start, self.direction, 0.0);
        while flown < self.range {
            let step = STEP.min(self.range - flown);
            let left = self.loss(self.range - flown, step, random);
            if let Some((plane, strip)) = strip(&at) {
                self.leave(hits, first, (plane, strip), left);
            } else if self.particle == Particle::Positron {
                break;
            }
            for (coordinate, along) in at.iter_mut().zip(direction) {
                *coordinate += step * along;
            }
            direction = scattered(direction, self.scattering(), random);
            flown += step;
        }
        at
    }

    fn leave(&self, hits: &mut Vec<Hit>, first: usize, (plane, strip): (i32, i32), energy: f64) {
        let mut own = hits.iter_mut().skip(first);
        match own.find(|hit| (hit.plane, hit.strip) == (plane, strip)) {
            Some(hit) => hit.energy += energy,
            None => hits.push(Hit {
                plane,
                strip,
                time: self.time,
                energy,
                particle: self.particle,
                particles: self.particle.bit(),
                source: self.source,
            }),
        }
    }

    /// Energy that a step costs, so far from the end.
    fn loss(&self, residual: f64, step: f64, random: &mut Random) -> f64 {
        let of = |range: f64| kinetic_energy(self.particle, range.max(0.0));
        match self.particle {
            Particle::Positron => {
                let varied = 1.0 - FLUCTUATING + random.exponential(FLUCTUATING);
                POSITRON_LOSS * step * varied
            }
            Particle::Pion | Particle::Muon => of(residual) - of(residual - step),
        }
    }

    /// Width of the change of direction in a step.
    fn scattering(&self) -> f64 {
        match self.particle {
            Particle::Positron => 0.003,
            Particle::Pion => 0.012,
            Particle::Muon => 0.03,
        }
    }
}

/// Kinetic energy of what stops after `range`, mm, in MeV: ranges in units of the mass are alike.
fn kinetic_energy(particle: Particle, range: f64) -> f64 {
    let mass = match particle {
        Particle::Pion => MASS_RATIO,
        Particle::Muon | Particle::Positron => 1.0,
    };
    mass * MUON_ENERGY * (range / mass / MUON_RANGE).powf(RANGE_POWER)
}

fn scattered(direction: Vector, width: f64, random: &mut Random) -> Vector {
    normalised(direction.map(|along| along + random.normal(0.0, width)))
}

/// The direction of a vector.
pub(super) fn normalised(vector: Vector) -> Vector {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    vector.map(|x| x / length)
}

/// Any direction, all alike.
pub(super) fn isotropic(random: &mut Random) -> Vector {
    let along = random.uniform(-1.0, 1.0);
    let around = random.uniform(0.0, std::f64::consts::TAU);
    let across = (1.0 - along * along).sqrt();
    [across * around.cos(), across * around.sin(), along]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_muon_of_a_pion_at_rest_leaves_its_energy_within_its_range() {
        let mut random = Random::new(1, 1);
        let mut hits = Vec::new();
        let muon = Flight {
            particle: Particle::Muon,
            source: 0,
            start: [0.1, 0.1, 3.0],
            direction: isotropic(&mut random),
            time: 0.0,
            range: MUON_RANGE,
        };
        let end = muon.fly(&mut hits, &mut random);
        let energy: f64 = hits.iter().map(|hit| hit.energy).sum();
        assert!((energy - MUON_ENERGY).abs() < 1e-9, "{energy}");
        let far = end.iter().zip(muon.start).map(|(a, b)| (a - b) * (a - b));
        assert!(far.sum::<f64>().sqrt() <= MUON_RANGE);
        let pion = kinetic_energy(Particle::Pion, MASS_RATIO * MUON_RANGE);
        assert!((pion / MUON_ENERGY - MASS_RATIO).abs() < 1e-12);
    }
}
