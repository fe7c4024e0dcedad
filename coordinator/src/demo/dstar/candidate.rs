//! A D*+ → D0 (→ K− π+) π+ candidate, and what identification says of its kaon and its pion.
//!
//! Everything is drawn from functions that are known, so that efficiencies have true values:
//! [`true_efficiency`]. The mass of the background depends on nothing but for kaons below 1.5 GeV,
//! where it depends on momentum and species: weights that unfold it by the mass are wrong there.

use std::f64::consts::SQRT_2;

use crate::demo::random::Random;

/// Mass of the D0 as it is measured, GeV.
const MASS: f64 = 1.8648;
/// Masses that are made, GeV.
const MASSES: [f64; 2] = [1.78, 1.97];
/// Momentum below which background is correlated, GeV.
pub(super) const CORRELATED_BELOW: f64 = 1.5;
/// Cosines of polar angles in the acceptance.
pub(super) const COSINES: [f64; 2] = [-0.859_375, 0.960_937_5];
/// The least momentum of a track, and the scale of momenta of signal, GeV.
const LEAST: f64 = 0.3;
const SIGNAL_SCALE: f64 = 0.9;

/// Where candidates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The detector as it is.
    Data,
    /// The detector as it is believed to be: it tells species apart somewhat better.
    Simulation,
}

/// What a track is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Species {
    /// A kaon.
    Kaon,
    /// A pion.
    Pion,
}

/// How the logarithm of the ratio of likelihoods, kaon to pion, is distributed.
struct Response {
    offset: f64,
    slope: f64,
    width: f64,
}

const DATA: Response = Response {
    offset: 3.3,
    slope: 0.62,
    width: 1.7,
};
const SIMULATION: Response = Response {
    offset: 3.7,
    slope: 0.66,
    width: 1.5,
};

impl Response {
    fn of(origin: Origin) -> &'static Self {
        match origin {
            Origin::Data => &DATA,
            Origin::Simulation => &SIMULATION,
        }
    }

    fn mean(&self, species: Species, p: f64, cosine: f64) -> f64 {
        let kaon = (self.offset - self.slope * p).max(0.4) * (1.0 + 0.15 * cosine);
        match species {
            Species::Kaon => kaon,
            Species::Pion => -0.8 * kaon,
        }
    }
}

/// The share of tracks of a species and momentum for which kaonID / (kaonID + pionID) is above a cut.
#[must_use]
pub(crate) fn true_efficiency(
    origin: Origin,
    species: Species,
    cut: f64,
    p: f64,
    cosine: f64,
) -> f64 {
    let response = Response::of(origin);
    let threshold = (cut / (1.0 - cut)).ln();
    let pull = (threshold - response.mean(species, p, cosine)) / response.width;
    0.5 * libm::erfc(pull / SQRT_2)
}

/// Density of the momentum of tracks of signal, up to a factor.
pub(super) fn momentum_density(p: f64) -> f64 {
    let above = (p - LEAST).max(0.0) / SIGNAL_SCALE;
    above * (-above).exp()
}

/// A track, and what identification says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Track {
    pub(super) p: f64,
    pub(super) cosine: f64,
    pub(super) kaon_id: f64,
    pub(super) pion_id: f64,
}

impl Track {
    fn random(random: &mut Random, origin: Origin, species: Species, p: f64) -> Self {
        let cosine = random.uniform(COSINES[0], COSINES[1]);
        let response = Response::of(origin);
        let ratio = random.normal(response.mean(species, p, cosine), response.width);
        let share = 1.0 / (1.0 + (-ratio).exp());
        // What is left for electrons, muons and protons.
        let others = 0.2 * random.unit().powi(4);
        Self {
            p,
            cosine,
            kaon_id: (1.0 - others) * share,
            pion_id: (1.0 - others) * (1.0 - share),
        }
    }
}

/// A candidate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) is_signal: bool,
    pub(super) mass: f64,
    pub(super) delta_m: f64,
    pub(super) dr: f64,
    pub(super) dz: f64,
    pub(super) charge: i32,
    pub(super) kaon: Track,
    pub(super) pion: Track,
}

impl Candidate {
    pub(super) fn random(random: &mut Random, origin: Origin) -> Self {
        let share = match origin {
            Origin::Data => 0.25,
            Origin::Simulation => 0.45,
        };
        let is_signal = random.chance(share);
        let scale = if is_signal { SIGNAL_SCALE } else { 0.75 };
        let momentum =
            |random: &mut Random| LEAST + random.exponential(scale) + random.exponential(scale);
        let (p, pion_p) = (momentum(random), momentum(random));
        let width = if random.chance(0.65) { 0.0045 } else { 0.0095 };
        let mass = match is_signal {
            true => random.normal(MASS, width),
            false => background_mass(random, p),
        };
        let delta_m = match is_signal {
            true => random.normal(0.145_43, 0.0006),
            false => 0.139_57 + 0.0125 * random.unit().powf(2.0 / 3.0),
        };
        let kaon = match is_signal || random.chance(kaons_of_background(mass, p)) {
            true => Species::Kaon,
            false => Species::Pion,
        };
        let pion = match is_signal || random.chance(0.8) {
            true => Species::Pion,
            false => Species::Kaon,
        };
        Self {
            is_signal,
            mass,
            delta_m,
            dr: random.exponential(if is_signal { 0.08 } else { 0.3 }),
            dz: random.normal(0.0, if is_signal { 0.4 } else { 1.5 }),
            charge: random.sign(),
            kaon: Track::random(random, origin, kaon, p),
            pion: Track::random(random, origin, pion, pion_p),
        }
    }
}

/// A mass of combinatorial background: a polynomial of second order, whose slope depends on the
/// momentum where that is small.
fn background_mass(random: &mut Random, p: f64) -> f64 {
    let below = (CORRELATED_BELOW - p).max(0.0);
    let (slope, bend) = (-0.35 + 0.9 * below, 0.05);
    loop {
        let x = random.uniform(-1.0, 1.0);
        let density = 1.0 + slope * x + bend * (2.0 * x * x - 1.0);
        if random.unit() * 2.1 < density {
            let [low, high] = MASSES;
            return low + (high - low) * (x + 1.0) / 2.0;
        }
    }
}

/// Which share of tracks that are taken for the kaon are kaons.
fn kaons_of_background(mass: f64, p: f64) -> f64 {
    let [low, high] = MASSES;
    let x = 2.0 * (mass - low) / (high - low) - 1.0;
    match p < CORRELATED_BELOW {
        true => 0.35 + 0.25 * x,
        false => 0.35,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efficiencies_of_signal_are_the_true_ones() {
        let (mut passed, mut expected, mut all) = (0.0, 0.0, 0.0);
        for stream in 0..40_000 {
            let made = Candidate::random(&mut Random::new(5, stream), Origin::Data);
            let Track {
                p,
                cosine,
                kaon_id,
                pion_id,
            } = made.kaon;
            if made.is_signal {
                all += 1.0;
                passed += f64::from(u8::from(kaon_id / (kaon_id + pion_id) > 0.8));
                expected += true_efficiency(Origin::Data, Species::Kaon, 0.8, p, cosine);
            }
        }
        let error = f64::sqrt(passed * (1.0 - passed / all));
        assert!(
            (passed - expected).abs() < 4.0 * error,
            "{passed} of {all}, expected {expected}"
        );
        assert!((all / 40_000.0 - 0.25).abs() < 0.01);
    }

    #[test]
    fn the_background_is_correlated_at_low_momentum_only() {
        // Mean mass of background whose momentum is below and above the middle of a range.
        let means = |[low, middle, high]: [f64; 3]| {
            let mut sums = [[0.0; 2]; 2];
            for stream in 0..60_000 {
                let made = Candidate::random(&mut Random::new(6, stream), Origin::Data);
                if !made.is_signal && (low..high).contains(&made.kaon.p) {
                    let half = usize::from(made.kaon.p > middle);
                    sums[half][0] += 1.0;
                    sums[half][1] += made.mass;
                }
            }
            sums.map(|[count, sum]| sum / count)
        };
        let [below, above] = means([0.5, 1.0, 1.5]);
        assert!(below - above > 0.005, "{below} {above}");
        let [below, above] = means([1.5, 2.0, 4.5]);
        assert!((below - above).abs() < 0.004, "{below} {above}");
    }
}
