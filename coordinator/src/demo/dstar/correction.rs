//! The file of corrections of the demo: how often data passes a cut for how often simulation does, as
//! it truly is, with made-up errors.

use anyhow::Result;
use lumimill_correction::{Axis, Table};

use super::candidate::{Origin, Species, momentum_density, true_efficiency};

/// Momenta, GeV, and cosines that bound the bins.
const P: [f64; 6] = [0.5, 1.0, 1.5, 2.5, 3.5, 4.5];
const COSINE: [f64; 4] = [-0.859_375, 0.0, 0.6, 0.960_937_5];
/// Steps of a mean over a bin.
const STEPS: u32 = 40;

/// The ratio for kaons that pass kaonID / (kaonID + pionID) > 0.5, with its up and down variations.
pub(super) fn file() -> Result<String> {
    let mut nominal = Vec::new();
    for p in P.windows(2) {
        for cosine in COSINE.windows(2) {
            let mean = |origin| mean_efficiency(origin, [p[0], p[1]], [cosine[0], cosine[1]]);
            nominal.push(mean(Origin::Data) / mean(Origin::Simulation));
        }
    }
    let shifted = |by: f64| -> Vec<f64> { nominal.iter().map(|ratio| ratio + by).collect() };
    let table = Table {
        name: String::from("kpi > 0.5"),
        description: String::from("data / simulation for kaons, of the toy's true efficiencies"),
        axes: vec![axis("p", &P), axis("cosTheta", &COSINE)],
        variations: vec![
            (String::from("nominal"), nominal.clone()),
            (String::from("stat_up"), shifted(0.01)),
            (String::from("stat_down"), shifted(-0.01)),
            (String::from("syst_up"), shifted(0.015)),
            (String::from("syst_down"), shifted(-0.015)),
        ],
    };
    Ok(Table::file(&[table], "Identification of kaons in a toy")?)
}

fn axis(name: &str, edges: &[f64]) -> Axis {
    Axis {
        name: name.to_owned(),
        edges: edges.to_vec(),
    }
}

/// Mean over the momenta and angles of signal in a bin.
fn mean_efficiency(origin: Origin, p: [f64; 2], cosine: [f64; 2]) -> f64 {
    let middle = |[low, high]: [f64; 2], step: u32| {
        low + (high - low) * (f64::from(step) + 0.5) / f64::from(STEPS)
    };
    let (mut passed, mut all) = (0.0, 0.0);
    for step in 0..STEPS {
        let p = middle(p, step);
        for step in 0..STEPS {
            let cosine = middle(cosine, step);
            let density = momentum_density(p);
            all += density;
            passed += density * true_efficiency(origin, Species::Kaon, 0.5, p, cosine);
        }
    }
    passed / all
}

#[cfg(test)]
mod tests {
    use super::super::candidate::COSINES;
    use super::*;

    #[test]
    fn the_bins_cover_the_acceptance_and_data_passes_less_often() {
        assert_eq!(
            [COSINE[0], COSINE[3]].map(f64::to_bits),
            COSINES.map(f64::to_bits)
        );
        let file = file().unwrap();
        let file = lumimill_correction::CorrectionFile::parse(file.as_bytes()).unwrap();
        assert!(file.correction("kpi > 0.5").is_ok());
        let mean = |origin| mean_efficiency(origin, [1.5, 2.5], [0.0, 0.6]);
        let (data, simulation) = (mean(Origin::Data), mean(Origin::Simulation));
        assert!(
            0.8 < data && data < simulation && simulation < 1.0,
            "{data} {simulation}"
        );
    }
}
