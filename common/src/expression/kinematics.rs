//! Kinematics in f64, in forms that do not cancel.
//!
//! The textbook m² = (E₁+E₂)² − |p₁+p₂|² loses everything at large boosts. With rapidities y,
//!
//! m² = m₁² + m₂² + 2 (mT₁ mT₂ cosh Δy − pT₁ pT₂ cos Δφ)          (PDG review, kinematics, 49.)
//!
//! and cosh x = 1 + 2 sinh²(x/2), cos x = 1 − 2 sin²(x/2), every term is positive:
//!
//! mT₁ mT₂ − pT₁ pT₂ = (m₁² m₂² + m₁² pT₂² + m₂² pT₁²) / (mT₁ mT₂ + pT₁ pT₂)
//!
//! Rapidity is y = η − δ, sinh δ = pz m² / ((E + p) pT mT), so Δy = Δη − Δδ keeps the digits
//! of Δη, which for input in single precision is exact.

use std::f64::consts::{LN_2, PI, TAU};

use super::elementary;

/// A momentum as detectors give it: GeV and radians. A negative mass means a negative m², as in
/// ROOT's `PtEtaPhiM4D`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Polar {
    /// Transverse momentum, GeV.
    pub pt: f64,
    /// Pseudorapidity.
    pub eta: f64,
    /// Azimuth, rad.
    pub phi: f64,
    /// Mass, GeV.
    pub mass: f64,
}

/// φ₁ − φ₂ within [−π, π].
#[inline(always)]
pub(crate) fn delta_phi(phi1: f64, phi2: f64) -> f64 {
    let difference = phi1 - phi2;
    if difference.abs() <= PI {
        return difference;
    }
    (difference - TAU * (difference / TAU).round()).clamp(-PI, PI)
}

/// What the mass of a pair needs of each, beside the difference of their directions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transverse {
    pub(super) pt: f64,
    /// m², GeV².
    pub(super) mass2: f64,
}

impl Transverse {
    /// The mass of a pair, by sinh Δy/2 and sin Δφ/2.
    #[inline(always)]
    pub(super) fn pair_mass(a: Self, b: Self, y: f64, phi: f64) -> f64 {
        let pts = a.pt * b.pt;
        let mts = transverse_mass(a.pt, a.mass2) * transverse_mass(b.pt, b.mass2);
        let sum = mts + pts;
        let rest = a.mass2 * b.mass2 + a.mass2 * b.pt * b.pt + b.mass2 * a.pt * a.pt;
        let excess = if sum > 0.0 { rest / sum } else { 0.0 };
        // 0 · ∞ for a member at infinite η without momentum is no momentum.
        let apart = if mts > 0.0 { mts * y * y } else { 0.0 };
        signed_sqrt(a.mass2 + b.mass2 + 2.0 * excess + 4.0 * (apart + pts * phi * phi))
    }
}

/// √(pT² + m²), or 0 for a spacelike one.
#[inline(always)]
pub(super) fn transverse_mass(pt: f64, mass2: f64) -> f64 {
    root(pt * pt + mass2)
}

/// √x, or 0 for what is negative; NaN stays NaN, which is not the greater of two numbers elsewhere.
#[inline(always)]
fn root(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x.sqrt() }
}

/// √(p² + m²), or 0 for a spacelike one.
#[inline(always)]
pub(super) fn energy(p2: f64, mass: f64) -> f64 {
    root(p2 + mass * mass.abs())
}

/// sinh (η − y) of a momentum.
#[inline(always)]
pub(super) fn sinh_of_eta_minus_rapidity(pt: f64, pz: f64, mass: f64) -> f64 {
    let mass2 = mass * mass.abs();
    let p2 = pt * pt + pz * pz;
    let energy = root(p2 + mass2);
    pz * mass2 / ((energy + p2.sqrt()) * pt * transverse_mass(pt, mass2))
}

/// η − y of a momentum, by its sinh; η itself for one at rest in the transverse plane.
#[inline(always)]
pub(super) fn eta_minus_rapidity(sinh: f64, pt: f64, eta: f64, mass: f64) -> f64 {
    if mass == 0.0 {
        return 0.0;
    }
    if pt == 0.0 {
        return eta;
    }
    let square = sinh * sinh;
    if square < 1e-6 {
        // The next term of the series is below 1e-19 of the first.
        sinh * (1.0 - square * (1.0 / 6.0 - square * (3.0 / 40.0)))
    } else {
        asinh(sinh)
    }
}

/// √x for x ≥ 0, −√−x below, as ROOT gives the mass of a spacelike vector.
#[inline(always)]
pub(super) fn signed_sqrt(x: f64) -> f64 {
    if x < 0.0 { -(-x).sqrt() } else { x.sqrt() }
}

/// η from Cartesian components: ±∞ along the beam, 0 for the null vector.
#[inline(always)]
pub(super) fn eta(pt: f64, pz: f64) -> f64 {
    if pz == 0.0 && pt == 0.0 {
        0.0
    } else {
        asinh(pz / pt)
    }
}

/// sinh x to a few units of the last place, in a third of the time of the library's.
#[inline(always)]
pub(super) fn sinh(x: f64) -> f64 {
    /// 1/3!, 1/5!, …, 1/13!, the last first; the next would add 5e-17 at most.
    const TERMS: [f64; 6] = [
        1.0 / 6_227_020_800.0,
        1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        1.0 / 5_040.0,
        1.0 / 120.0,
        1.0 / 6.0,
    ];
    // Infinite from 709, a little before sinh itself is.
    let exp = elementary::exp(x);
    let large = 0.5 * (exp - exp.recip());
    let square = x * x;
    let small = x + x * square * TERMS.iter().fold(0.0, |sum, term| sum * square + term);
    // Both are computed, so that compilers do several values at once.
    if x.abs() > 0.5 { large } else { small }
}

/// asinh x to a few units of the last place, in half of the time of the library's.
#[inline(always)]
pub(super) fn asinh(x: f64) -> f64 {
    let size = x.abs();
    let square = size * size;
    let sum = size + square / (1.0 + (1.0 + square).sqrt());
    // So large a one is half of e^asinh.
    let is_large = size > 1e8;
    let (sum, twice) = if is_large {
        (size - 1.0, LN_2)
    } else {
        (sum, 0.0)
    };
    (elementary::ln_1p(sum) + twice).copysign(x)
}
