//! One electron pair: what it is, and what the detectors say of it.

use std::f64::consts::PI;

use crate::demo::random::Random;

/// Mass of the J/psi, GeV (PDG 2024).
const JPSI: f64 = 3.0969;
/// Resolution of the mass, and the mean energy that radiation takes of some pairs.
const RESOLUTION: f64 = 0.035;
const RADIATED: f64 = 0.09;
/// Shares of prompt and nonprompt pairs in the most peripheral collisions.
const PROMPT: f64 = 0.07;
const NONPROMPT: f64 = 0.03;
/// What stands for a time of flight that was not measured.
const NO_TOF: f64 = -999.0;

/// The branches of the table that are floats, but for those of the legs, in their order.
pub(super) const PAIR: [&str; 4] = ["fMass", "fPt", "fEta", "fPhi"];
/// Those of a leg, each with its number behind it.
pub(super) const LEG: [&str; 16] = [
    "fPt",
    "fEta",
    "fPhi",
    "fITSChi2NCl",
    "fTPCNClsCR",
    "fTPCNClsFound",
    "fTPCChi2NCl",
    "fDcaXY",
    "fDcaZ",
    "fTPCSignal",
    "fTPCNSigmaEl",
    "fTPCNSigmaPi",
    "fTPCNSigmaPr",
    "fTOFBeta",
    "fTOFNSigmaEl",
    "fTOFNSigmaPi",
];
/// The last ones of a leg and of a pair.
pub(super) const LAST_OF_LEG: &str = "fTOFNSigmaPr";
pub(super) const VERTEX: [&str; 4] = ["fTauz", "fTauxy", "fLz", "fLxy"];

/// What a pair is, as bits of `fMcDecision`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Background = 0,
    Prompt = 1,
    Nonprompt = 2,
}

/// A pair of the table, and the centrality of its collision.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) pair: [f64; 4],
    pub(super) legs: [Leg; 2],
    pub(super) vertex: [f64; 4],
    /// Sum of the charges.
    pub(super) sign: i32,
    pub(super) decision: u32,
    pub(super) centrality: f64,
}

/// One of its tracks.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    pub(super) values: [f64; 16],
    pub(super) last: f64,
    pub(super) its_clusters: u8,
}

impl Pair {
    pub(super) fn random(random: &mut Random) -> Self {
        let centrality = random.uniform(0.0, 90.0);
        let truth = truth(centrality, random);
        let mass = mass(truth, random);
        let pt = match truth {
            Truth::Background => random.exponential(1.6),
            Truth::Prompt => random.exponential(2.1),
            Truth::Nonprompt => random.exponential(2.8),
        };
        let (eta, phi) = (random.uniform(-0.9, 0.9), random.uniform(-PI, PI));
        let decay = decay_length(truth, pt, random);
        let legs = [(); 2].map(|()| Leg::random(truth, mass, pt, decay, random));
        let vertex = [
            random.normal(0.0, 0.002),
            decay * mass / pt.max(0.3),
            random.normal(0.0, 0.01),
            decay,
        ];
        let sign = match truth {
            Truth::Background if random.chance(0.3) => 2 * random.sign(),
            Truth::Background | Truth::Prompt | Truth::Nonprompt => 0,
        };
        Self {
            pair: [mass, pt, eta, phi],
            legs,
            vertex,
            sign,
            decision: truth as u32,
            centrality,
        }
    }
}

/// Central collisions have more combinations of unrelated tracks.
fn truth(centrality: f64, random: &mut Random) -> Truth {
    let peripheral = 0.4 + 0.6 * centrality / 90.0;
    let drawn = random.unit();
    match () {
        () if drawn < PROMPT * peripheral => Truth::Prompt,
        () if drawn < (PROMPT + NONPROMPT) * peripheral => Truth::Nonprompt,
        () => Truth::Background,
    }
}

fn mass(truth: Truth, random: &mut Random) -> f64 {
    if truth == Truth::Background {
        return 1.5 + random.exponential(1.4);
    }
    let tail = match random.chance(0.35) {
        true => random.exponential(RADIATED),
        false => 0.0,
    };
    (random.normal(JPSI, RESOLUTION) - tail).max(1.0)
}

/// Signed, in centimetres; those of beauty hadrons are far from the vertex.
fn decay_length(truth: Truth, pt: f64, random: &mut Random) -> f64 {
    let smeared = random.normal(0.0, 0.012);
    match truth {
        Truth::Nonprompt => smeared + random.exponential(0.012 + 0.010 * pt),
        Truth::Prompt => smeared,
        Truth::Background => smeared + random.normal(0.0, 0.006),
    }
}

impl Leg {
    fn random(truth: Truth, mass: f64, pair_pt: f64, decay: f64, random: &mut Random) -> Self {
        let pt = 0.5 * (mass + pair_pt) * random.uniform(0.7, 1.3);
        // Of what is no signal, a part are pions taken for electrons, and tracks of poor quality.
        let is_pion = truth == Truth::Background && random.chance(0.45);
        let is_poor = truth == Truth::Background && random.chance(0.3);
        let quality = if is_poor { 1.7 } else { 1.0 };
        let apart = 2.5 + 1.5 / pt.max(0.3);
        let electron = match is_pion {
            true => random.normal(-0.6 * apart, 1.1),
            false => random.normal(0.0, 1.0),
        };
        let found = (random.normal(135.0 / quality, 12.0))
            .clamp(50.0, 159.0)
            .round();
        let has_tof = random.chance(0.4);
        let of_tof = |value: f64| if has_tof { value } else { NO_TOF };
        let slow = if is_pion {
            random.normal(-1.5, 1.0)
        } else {
            random.normal(0.0, 1.0)
        };
        let values = [
            pt,
            random.uniform(-0.9, 0.9),
            random.uniform(-PI, PI),
            (0.6 + random.exponential(0.9)) * quality,
            (found + random.normal(3.0, 4.0)).clamp(50.0, 159.0).round(),
            found,
            (0.7 + random.exponential(0.5)) * quality,
            random.normal(0.6 * decay, 0.012 * quality),
            random.normal(0.0, 0.02 * quality),
            80.0 + 4.0 * electron,
            electron,
            electron + apart,
            electron + 1.2 * apart,
            of_tof(1.0 - 0.004 * slow.abs()),
            of_tof(slow),
            of_tof(slow + 2.0),
        ];
        let its_clusters = match random.chance(0.8) {
            true => 0x7f,
            false => 0x7e,
        };
        Self {
            values,
            last: of_tof(slow + 3.0),
            its_clusters,
        }
    }
}
