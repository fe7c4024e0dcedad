//! Two muons from one parent: a resonance or the continuum, decayed at rest and boosted.

use super::random::Random;
use std::f64::consts::PI;

/// Mass of the muon, GeV (PDG 2024).
pub(super) const MUON_MASS: f64 = 0.105_658_375_5;

/// Momentum of a particle; GeV and radians.
#[derive(Debug, Clone, Copy)]
pub(super) struct Momentum {
    pub(super) pt: f64,
    pub(super) eta: f64,
    pub(super) phi: f64,
}

/// The two muons of a parent whose mass and momentum are random.
pub(super) fn pair(random: &mut Random) -> [Momentum; 2] {
    let mass = parent_mass(random);
    let pt = random.exponential(14.0) + 0.5;
    let rapidity = random.normal(0.0, 1.1);
    let phi = random.uniform(-PI, PI);
    decay(mass, pt, rapidity, phi, random)
}

/// Z 45%, J/psi 10%, upsilon 10%, and a falling continuum; GeV.
fn parent_mass(random: &mut Random) -> f64 {
    let kind = random.unit();
    let mass = if kind < 0.45 {
        random.cauchy(91.19, 1.6)
    } else if kind < 0.55 {
        random.normal(3.097, 0.035)
    } else if kind < 0.65 {
        random.normal(9.46, 0.1)
    } else {
        2.0 * MUON_MASS + 0.4 + random.exponential(22.0)
    };
    mass.clamp(0.3, 400.0)
}

/// Isotropic decay into two muons in the parent's rest frame, seen from the laboratory.
fn decay(mass: f64, pt: f64, rapidity: f64, phi: f64, random: &mut Random) -> [Momentum; 2] {
    let energy = mass / 2.0;
    let momentum = (energy * energy - MUON_MASS * MUON_MASS).max(1e-6).sqrt();
    let cos_theta = random.uniform(-1.0, 1.0);
    let sin_theta = (1.0 - cos_theta * cos_theta).sqrt();
    let azimuth = random.uniform(-PI, PI);
    let at_rest = [
        momentum * sin_theta * azimuth.cos(),
        momentum * sin_theta * azimuth.sin(),
        momentum * cos_theta,
    ];
    let transverse_mass = mass.hypot(pt);
    let parent_energy = transverse_mass * rapidity.cosh();
    let parent = [
        pt * phi.cos(),
        pt * phi.sin(),
        transverse_mass * rapidity.sinh(),
    ];
    [1.0, -1.0].map(|sign| {
        boost(
            at_rest.map(|p| sign * p),
            energy,
            parent,
            parent_energy,
            mass,
        )
    })
}

/// A momentum in the rest frame of a parent, seen from where the parent moves.
fn boost(
    at_rest: [f64; 3],
    energy: f64,
    parent: [f64; 3],
    parent_energy: f64,
    mass: f64,
) -> Momentum {
    let [bx, by, bz] = parent.map(|p| p / mass);
    let along = at_rest[0] * bx + at_rest[1] * by + at_rest[2] * bz;
    let shift = along * mass / (parent_energy + mass) + energy;
    let [x, y, z] = [
        at_rest[0] + bx * shift,
        at_rest[1] + by * shift,
        at_rest[2] + bz * shift,
    ];
    let pt = x.hypot(y);
    Momentum {
        pt,
        eta: (z / pt.max(1e-6)).asinh(),
        phi: y.atan2(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decay_keeps_the_parents_mass_and_momentum() {
        let mut random = Random::new(3, 0);
        for (mass, pt, rapidity) in [(91.19, 30.0, 1.2), (3.097, 80.0, -2.0), (9.46, 0.6, 0.0)] {
            let muons = decay(mass, pt, rapidity, 0.7, &mut random);
            let mut sum = [0.0; 4];
            for muon in muons {
                let [x, y] = [muon.pt * muon.phi.cos(), muon.pt * muon.phi.sin()];
                let z = muon.pt * muon.eta.sinh();
                let energy = (x * x + y * y + z * z + MUON_MASS * MUON_MASS).sqrt();
                sum = [sum[0] + x, sum[1] + y, sum[2] + z, sum[3] + energy];
            }
            let found =
                (sum[3] * sum[3] - sum[0] * sum[0] - sum[1] * sum[1] - sum[2] * sum[2]).sqrt();
            assert!(
                (found - mass).abs() < 1e-6 * mass,
                "mass {found}, expected {mass}"
            );
            assert!((sum[0].hypot(sum[1]) - pt).abs() < 1e-9 * pt.max(1.0));
            assert!((0.5 * ((sum[3] + sum[2]) / (sum[3] - sum[2])).ln() - rapidity).abs() < 1e-9);
        }
    }
}
