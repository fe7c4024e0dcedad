//! One toy collision: its muons and what surrounds them, and what the trigger made of it.

use super::{
    branch_table::{Cluster, Value},
    certified::Section,
    dimuon::{self, MUON_MASS, Momentum},
    random::Random,
};
use std::f64::consts::PI;

use Value::{Flag, Float, Int, UInt, ULong};

/// A muon as reconstructed.
#[derive(Debug, Clone)]
struct Muon {
    momentum: Momentum,
    charge: i32,
    isolation: f64,
}

/// A collision before it is written: muons ordered by falling pt, and the primary vertices.
#[derive(Debug)]
pub(super) struct Collision {
    muons: Vec<Muon>,
    vertices: i32,
}

impl Collision {
    /// A pair, now and then a lost leg or further muons.
    pub(super) fn random(random: &mut Random, section: &Section) -> Self {
        let vertices = random.poisson(section.pile_up).max(1);
        let charge = random.sign();
        let same_sign = random.chance(0.08);
        let legs = dimuon::pair(random);
        let charges = [charge, if same_sign { charge } else { -charge }];
        let mut muons: Vec<Muon> = Vec::new();
        for (momentum, charge) in legs.into_iter().zip(charges) {
            let kept = random.chance(0.97);
            let muon = Muon {
                momentum,
                charge,
                isolation: isolation(random, vertices),
            };
            if kept {
                muons.push(muon);
            }
        }
        for _ in 0..random.poisson(0.25) {
            let pt = random.exponential(4.0) + 2.0;
            let momentum = Momentum {
                pt,
                eta: random.uniform(-2.4, 2.4),
                phi: random.uniform(-PI, PI),
            };
            muons.push(Muon {
                momentum,
                charge: random.sign(),
                isolation: isolation(random, vertices),
            });
        }
        muons.sort_by(|a, b| b.momentum.pt.total_cmp(&a.momentum.pt));
        Self { muons, vertices }
    }

    /// Appends the event to every branch.
    pub(super) fn fill(
        &self,
        cluster: &mut Cluster,
        section: &Section,
        event: u64,
        random: &mut Random,
    ) {
        cluster.push("run", UInt(section.run));
        cluster.push("luminosityBlock", UInt(section.lumi));
        cluster.push("event", ULong(event));
        cluster.push("bunchCrossing", Int((random.unit() * 3564.0) as i32));
        self.fill_muons(cluster, random);
        fill_electrons(cluster, random);
        fill_jets(cluster, random);
        self.fill_event(cluster, random);
        self.fill_trigger(cluster, random);
    }

    fn fill_muons(&self, cluster: &mut Cluster, random: &mut Random) {
        cluster.push("nMuon", Int(self.muons.len() as i32));
        for muon in &self.muons {
            cluster.push("Muon_pt", stored(muon.momentum.pt));
            cluster.push("Muon_eta", stored(muon.momentum.eta));
            cluster.push("Muon_phi", stored(muon.momentum.phi));
            cluster.push("Muon_mass", Float(MUON_MASS));
            cluster.push("Muon_charge", Int(muon.charge));
            cluster.push("Muon_pfRelIso04_all", stored(muon.isolation));
            cluster.push("Muon_dxy", stored(random.normal(0.0, 0.01)));
            cluster.push("Muon_dz", stored(random.normal(0.0, 0.03)));
            cluster.push("Muon_sip3d", stored(random.exponential(1.2)));
            cluster.push("Muon_nTrackerLayers", Int(6 + (random.unit() * 9.0) as i32));
            let quality = random.unit();
            cluster.push("Muon_looseId", Flag(quality < 0.98));
            cluster.push("Muon_mediumId", Flag(quality < 0.93));
            cluster.push("Muon_tightId", Flag(quality < 0.85));
        }
    }

    fn fill_event(&self, cluster: &mut Cluster, random: &mut Random) {
        let vertices = f64::from(self.vertices);
        cluster.push("MET_pt", stored(random.exponential(12.0 + 0.3 * vertices)));
        cluster.push("MET_phi", stored(random.uniform(-PI, PI)));
        cluster.push(
            "MET_sumEt",
            stored(30.0 * vertices + random.exponential(200.0)),
        );
        cluster.push("PV_npvs", Int(self.vertices));
        cluster.push("PV_npvsGood", Int((0.8 * vertices) as i32));
        cluster.push("PV_z", stored(random.normal(0.0, 3.5)));
        cluster.push(
            "fixedGridRhoFastjetAll",
            stored(0.7 * vertices + random.normal(2.0, 1.0)),
        );
        cluster.push("Flag_goodVertices", Flag(random.chance(0.999)));
    }

    /// Decisions with turn-on curves in the momenta of the two leading muons. Isolation is
    /// asked for by the first; the second and third are prescaled, and the third also asks for
    /// both muons from one vertex, which grows harder with pile-up.
    fn fill_trigger(&self, cluster: &mut Cluster, random: &mut Random) {
        let pt = |index: usize| self.muons.get(index).map_or(0.0, |muon| muon.momentum.pt);
        let isolated =
            |index: usize, cut: f64| self.muons.get(index).is_some_and(|m| m.isolation < cut);
        let both = turn_on(pt(0), 17.0, 0.8) * turn_on(pt(1), 8.0, 0.5);
        let of_isolated = if isolated(0, 0.4) && isolated(1, 0.4) {
            0.97 * both
        } else {
            0.0
        };
        let one_vertex = 0.98 - 0.003 * f64::from(self.vertices);
        let mu17_mu8 = random.chance(0.12 * both + 0.002);
        cluster.push(
            "HLT_Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ",
            Flag(random.chance(of_isolated * one_vertex)),
        );
        cluster.push("HLT_Mu17_Mu8", Flag(mu17_mu8));
        cluster.push(
            "HLT_Mu17_Mu8_DZ",
            Flag(random.chance(one_vertex) && mu17_mu8),
        );
        let single = if isolated(0, 0.15) {
            0.9 * turn_on(pt(0), 24.0, 0.7)
        } else {
            0.0
        };
        cluster.push("HLT_IsoMu24", Flag(random.chance(single)));
        cluster.push(
            "HLT_Mu50",
            Flag(random.chance(0.93 * turn_on(pt(0), 50.0, 1.1))),
        );
    }
}

/// Relative isolation; pile-up adds to it.
fn isolation(random: &mut Random, vertices: i32) -> f64 {
    random.exponential(0.08 + 0.002 * f64::from(vertices))
}

fn fill_electrons(cluster: &mut Cluster, random: &mut Random) {
    let count = random.poisson(0.3);
    cluster.push("nElectron", Int(count));
    for _ in 0..count {
        cluster.push("Electron_pt", stored(5.0 + random.exponential(20.0)));
        cluster.push("Electron_eta", stored(random.uniform(-2.5, 2.5)));
        cluster.push("Electron_phi", stored(random.uniform(-PI, PI)));
        cluster.push("Electron_mass", stored(0.000_511));
        cluster.push("Electron_charge", Int(random.sign()));
        cluster.push("Electron_cutBased", Int((random.unit() * 5.0) as i32));
    }
}

fn fill_jets(cluster: &mut Cluster, random: &mut Random) {
    let count = random.poisson(4.5);
    cluster.push("nJet", Int(count));
    for _ in 0..count {
        let pt = 15.0 + random.exponential(20.0);
        cluster.push("Jet_pt", stored(pt));
        cluster.push("Jet_eta", stored(random.uniform(-4.7, 4.7)));
        cluster.push("Jet_phi", stored(random.uniform(-PI, PI)));
        cluster.push("Jet_mass", stored(0.1 * pt + random.exponential(3.0)));
        cluster.push("Jet_btagDeepFlavB", stored(random.unit().powi(4)));
        cluster.push("Jet_nConstituents", Int(random.poisson(20.0)));
    }
}

/// Efficiency of a threshold with a finite resolution.
fn turn_on(pt: f64, threshold: f64, width: f64) -> f64 {
    1.0 / (1.0 + ((threshold - pt) / width).exp())
}

/// A float rounded to 10 bits of mantissa, as NanoAOD stores most of them.
fn stored(value: f64) -> Value {
    let bits = (value as f32).to_bits().wrapping_add(1 << 12) & 0xFFFF_E000;
    Float(f64::from(f32::from_bits(bits)))
}
