//! Components of momenta as whole columns, from other components; see [`kinematics`] for the forms.

use super::columnwise::columnwise;
use super::kinematics::{self, Transverse};

columnwise! {
    pub(super) fn sum(a, b) -> f64 { a + b }
}

columnwise! {
    pub(super) fn difference(a, b) -> f64 { a - b }
}

columnwise! {
    /// pT of Cartesian components.
    pub(super) fn pt(px, py) -> f64 { (px * px + py * py).sqrt() }
}

columnwise! {
    pub(super) fn pz(pt, eta) -> f64 { pt * kinematics::sinh(eta) }
}

columnwise! {
    pub(super) fn eta(pt, pz) -> f64 { kinematics::eta(pt, pz) }
}

columnwise! {
    pub(super) fn energy(pt, pz, mass) -> f64 { kinematics::energy(pt * pt + pz * pz, mass) }
}

columnwise! {
    pub(super) fn rapidity(pt, pz, mass) -> f64 {
        kinematics::eta(kinematics::transverse_mass(pt, mass * mass.abs()), pz)
    }
}

columnwise! {
    pub(super) fn eta_minus_rapidity(pt, pz, eta, mass) -> f64 {
        let sinh = kinematics::sinh_of_eta_minus_rapidity(pt, pz, mass);
        kinematics::eta_minus_rapidity(sinh, pt, eta, mass)
    }
}

columnwise! {
    /// sinh of half the difference of two rapidities η − δ.
    pub(super) fn sinh_of_half(eta1, delta1, eta2, delta2) -> f64 {
        kinematics::sinh(0.5 * ((eta1 - eta2) - (delta1 - delta2)))
    }
}

columnwise! {
    /// Masses of pairs, with sinh Δy/2 and sin Δφ/2.
    pub(super) fn pair_mass(pt1, mass1, pt2, mass2, y, phi) -> f64 {
        let of = |pt: f64, mass: f64| Transverse { pt, mass2: mass * mass.abs() };
        Transverse::pair_mass(of(pt1, mass1), of(pt2, mass2), y, phi)
    }
}
