//! One track: what it is, and what detectors say of it.

use std::f64::consts::PI;

use crate::demo::random::Random;

/// Masses of pion, kaon, proton and electron, GeV (PDG 2024), in the order of the classes.
const MASSES: [f64; 4] = [0.139_570_4, 0.493_677, 0.938_272_1, 0.000_511_0];
/// How often each is made.
const SHARES: [f64; 4] = [0.70, 0.10, 0.13, 0.07];
/// Relative resolution of the energy loss.
const TPC_RESOLUTION: f64 = 0.07;
/// Resolution of the velocity.
const TOF_RESOLUTION: f64 = 0.012;
/// What stands for a time of flight that was not measured.
const NO_TOF: f64 = -999.0;

/// The branches that are floats, in the order of a track's.
pub(super) const FLOATS: [&str; 20] = [
    "p",
    "tpc_signal",
    "tpc_nsigma_pi",
    "tpc_nsigma_ka",
    "tpc_nsigma_pr",
    "tpc_nsigma_el",
    "tof_beta",
    "tof_nsigma_pi",
    "tof_nsigma_ka",
    "tof_nsigma_pr",
    "tof_nsigma_el",
    "bayes_pi",
    "bayes_ka",
    "bayes_pr",
    "bayes_el",
    "pt",
    "eta",
    "phi",
    "dca_xy",
    "dca_z",
];

/// A track.
#[derive(Debug, Clone)]
pub(super) struct Track {
    /// Number of its class: pion, kaon, proton, electron.
    pub(super) species: i32,
    /// Values of [`FLOATS`].
    pub(super) floats: [f64; 20],
}

impl Track {
    pub(super) fn random(random: &mut Random) -> Self {
        let species = species(random);
        let mass = MASSES[species];
        let pt = 0.12 + random.exponential(0.75);
        let eta = random.uniform(-0.8, 0.8);
        let phi = random.uniform(-PI, PI);
        let p = pt * eta.cosh();
        let (tpc, tpc_sigmas) = tpc(p, mass, random);
        let (tof, tof_sigmas) = tof(p, mass, random);
        let bayes = bayes(&tpc_sigmas, &tof_sigmas);
        // Protons that were knocked out of the material do not point to the vertex.
        let spread = if species == 2 { 0.035 } else { 0.02 };
        let dca = [random.normal(0.0, spread), random.normal(0.0, 1.4 * spread)];
        let mut floats = [0.0; 20];
        let values = [p, tpc]
            .into_iter()
            .chain(tpc_sigmas)
            .chain([tof])
            .chain(tof_sigmas)
            .chain(bayes)
            .chain([pt, eta, phi])
            .chain(dca);
        floats
            .iter_mut()
            .zip(values)
            .for_each(|(slot, value)| *slot = value);
        Self {
            species: species as i32,
            floats,
        }
    }
}

fn species(random: &mut Random) -> usize {
    let mut left = random.unit();
    for (species, share) in SHARES.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return species;
        }
    }
    0
}

/// Energy loss after Bethe and Bloch, in the form of ALEPH's, in units of a minimum of 50.
fn energy_loss(p: f64, mass: f64) -> f64 {
    let [a, b, c, d, e] = [0.028_308_6, 26.339_4, 5.041_14e-11, 2.125_43, 4.886_63];
    let speed = p / p.hypot(mass);
    let power = speed.powf(d);
    let logarithm = (c + (mass / p).powf(e)).ln();
    50.0 * (b - power - logarithm) * a / power
}

/// The signal and its distance from what each particle would leave; NaN where there is none.
fn tpc(p: f64, mass: f64, random: &mut Random) -> (f64, [f64; 4]) {
    let is_there = random.chance(0.896);
    let expected = energy_loss(p, mass);
    let signal = expected * random.normal(1.0, TPC_RESOLUTION);
    if !is_there {
        return (f64::NAN, [f64::NAN; 4]);
    }
    let sigmas = MASSES.map(|mass| {
        let expected = energy_loss(p, mass);
        (signal - expected) / (TPC_RESOLUTION * expected)
    });
    (signal, sigmas)
}

/// The velocity and its distance from that of each particle; a sentinel where there is none.
fn tof(p: f64, mass: f64, random: &mut Random) -> (f64, [f64; 4]) {
    let is_there = random.chance(if p > 0.4 { 0.35 } else { 0.05 });
    let speed = |mass: f64| p / p.hypot(mass);
    let beta = speed(mass) + random.normal(0.0, TOF_RESOLUTION);
    if !is_there {
        return (NO_TOF, [NO_TOF; 4]);
    }
    (
        beta,
        MASSES.map(|mass| (beta - speed(mass)) / TOF_RESOLUTION),
    )
}

/// What is likely by both detectors, as far as they are there, and by how often each is made.
fn bayes(tpc: &[f64; 4], tof: &[f64; 4]) -> [f64; 4] {
    let likelihood = |sigma: f64| match sigma.is_nan() || sigma <= NO_TOF {
        true => 1.0,
        false => (-0.5 * sigma.clamp(-8.0, 8.0).powi(2)).exp() + 1e-6,
    };
    let mut chances = SHARES;
    for (chance, (tpc, tof)) in chances.iter_mut().zip(tpc.iter().zip(tof)) {
        *chance *= likelihood(*tpc) * likelihood(*tof);
    }
    let sum: f64 = chances.iter().sum();
    chances.map(|chance| chance / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detectors_say_what_a_track_is_as_often_as_they_are_there() {
        let tracks: Vec<Track> = (0..20_000)
            .map(|number| Track::random(&mut Random::new(9, number)))
            .collect();
        let share = |is: &dyn Fn(&Track) -> bool| {
            tracks.iter().filter(|track| is(track)).count() as f64 / tracks.len() as f64
        };
        assert!((share(&|track| track.species == 0) - 0.70).abs() < 0.015);
        assert!((share(&|track| track.floats[1].is_nan()) - 0.104).abs() < 0.01);
        let tof = share(&|track| track.floats[6] > 0.0);
        assert!((0.15..0.35).contains(&tof), "{tof}");
        // Of its own particle, a track is a few resolutions away.
        let near = share(&|track| track.floats[2 + track.species as usize].abs() < 3.5);
        assert!(near > 0.88, "{near}");
        // Near the minimum, of 50.
        assert!((energy_loss(0.5, MASSES[0]) - 50.0).abs() < 6.0);
    }
}
