//! The active target: planes of silicon strips that measure x and y in turns, and what a particle
//! leaves in them.

use crate::demo::random::Random;

/// A point or a direction, millimetres.
pub(super) type Vector = [f64; 3];

/// Planes, and how thick each is, mm.
const PLANES: f64 = 20.0;
const THICKNESS: f64 = 0.3;
/// Distance of strips, and half the width of the target, mm.
const PITCH: f64 = 0.5;
const HALF_WIDTH: f64 = 5.0;
/// Energy below which a strip says nothing, MeV.
const THRESHOLD: f64 = 0.02;
/// Energy at which the gain is half of what it is for small deposits, MeV.
const SATURATION: f64 = 12.0;
/// Resolutions of energy (of the energy itself, and MeV) and time, ns.
const ENERGY_RESOLUTION: f64 = 0.07;
const NOISE: f64 = 0.004;
const TIME_RESOLUTION: f64 = 0.12;
/// Signals of a strip that are closer than this are one, ns.
const DEAD_TIME: f64 = 1.0;

/// A kind of particle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Particle {
    Pion,
    Muon,
    Positron,
}

impl Particle {
    /// Its number in the scheme of the Particle Data Group.
    pub(super) fn pdg(self) -> i32 {
        match self {
            Self::Pion => 211,
            Self::Muon => -13,
            Self::Positron => -11,
        }
    }

    /// Its bit in `Hit_particles`.
    pub(super) fn bit(self) -> i32 {
        match self {
            Self::Pion => 1,
            Self::Muon => 2,
            Self::Positron => 4,
        }
    }
}

/// A signal of a strip.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    /// Number of the plane; even ones measure x, odd ones y.
    pub(super) plane: i32,
    pub(super) strip: i32,
    /// ns after the pion that the event is of.
    pub(super) time: f64,
    /// MeV; what is left of it in the truth is what the particles left.
    pub(super) energy: f64,
    /// The particle that left most of it.
    pub(super) particle: Particle,
    /// All that left something, as bits.
    pub(super) particles: i32,
    /// Which pion it comes from.
    pub(super) source: i32,
}

impl Hit {
    /// 0 where x is measured, 1 where y is.
    pub(super) fn view(&self) -> i32 {
        self.plane % 2
    }

    /// The middle of the plane, mm.
    pub(super) fn z(&self) -> f64 {
        (f64::from(self.plane) + 0.5) * THICKNESS
    }

    /// The middle of the strip in the coordinate that is measured, mm.
    pub(super) fn coordinate(&self) -> f64 {
        (f64::from(self.strip) + 0.5) * PITCH - HALF_WIDTH
    }
}

/// Plane and strip of a point, where it is in the target.
pub(super) fn strip(at: &Vector) -> Option<(i32, i32)> {
    let [x, y, z] = *at;
    let inside = x.abs() < HALF_WIDTH && y.abs() < HALF_WIDTH;
    if !inside || !(0.0..PLANES * THICKNESS).contains(&z) {
        return None;
    }
    let plane = (z / THICKNESS) as i32;
    let measured = if plane % 2 == 0 { x } else { y };
    Some((plane, ((measured + HALF_WIDTH) / PITCH) as i32))
}

/// What the electronics make of the hits of an event, in the order of time.
pub(super) fn measured(mut hits: Vec<Hit>, random: &mut Random) -> Vec<Hit> {
    hits.sort_by(|a, b| a.time.total_cmp(&b.time));
    let mut merged: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        let same = |known: &&mut Hit| {
            let near = hit.time - known.time < DEAD_TIME;
            near && (known.plane, known.strip) == (hit.plane, hit.strip)
        };
        match merged.iter_mut().rev().find(same) {
            Some(known) => {
                if hit.energy > known.energy {
                    (known.particle, known.source) = (hit.particle, hit.source);
                }
                known.energy += hit.energy;
                known.particles |= hit.particles;
            }
            None => merged.push(hit),
        }
    }
    for hit in &mut merged {
        let gained = hit.energy / (1.0 + hit.energy / SATURATION);
        hit.energy = random.normal(gained, ENERGY_RESOLUTION * gained + NOISE);
        hit.time = random.normal(hit.time, TIME_RESOLUTION);
    }
    merged.retain(|hit| hit.energy > THRESHOLD);
    merged.sort_by(|a, b| a.time.total_cmp(&b.time));
    merged
}
