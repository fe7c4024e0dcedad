//! The densities of the demo: what identification says of kaons, given momentum and angle, in data and
//! in simulation, estimated from tracks that are known to be kaons.

use anyhow::Result;
use lumimill_kde::{Approximation, Axis, Density, Scale};

use super::candidate::{COSINES, Origin, kaon};
use crate::demo::random::Random;

/// Tracks that a density is estimated from.
const TRACKS: u64 = 150_000;

fn axes() -> Vec<Axis> {
    let axis = |name: &str, [low, high]: [f64; 2], bins, scale, width| Axis {
        name: name.to_owned(),
        low,
        high,
        bins,
        scale,
        width,
    };
    vec![
        axis("kpi", [0.000_1, 0.999_9], 100, Scale::Logit, 2.0),
        axis("p", [0.3, 6.0], 19, Scale::Linear, 1.0),
        axis("cosTheta", COSINES, 6, Scale::Linear, 1.0),
    ]
}

/// A density as the demo's campaign reads it.
pub(super) fn file(origin: Origin, seed: u64) -> Result<Vec<u8>> {
    let axes = axes();
    let mut sums = vec![0.0; Density::cells(&axes)?];
    for number in 0..TRACKS {
        // Streams that no candidate has.
        let stream = u64::MAX / 2 + 2 * number + origin as u64;
        let track = kaon(&mut Random::new(seed, stream), origin);
        let kpi = track.kaon_id / (track.kaon_id + track.pion_id);
        let (mut cell, mut stride, mut is_inside) = (0, 1, true);
        for (axis, value) in axes.iter().zip([kpi, track.p, track.cosine]) {
            let bin = axis.bin(value.clamp(axis.low, axis.high));
            is_inside &= bin.is_some() && value <= 6.0;
            cell += stride * bin.unwrap_or_default();
            stride *= axis.bins;
        }
        if let Some(sum) = sums.get_mut(cell).filter(|_| is_inside) {
            *sum += 1.0;
        }
    }
    Ok(Density::estimate(axes, &sums, Approximation::Product)?.to_json())
}

#[cfg(test)]
mod tests {
    use super::super::candidate::{Species, true_efficiency};
    use super::*;

    #[test]
    fn draws_pass_cuts_as_often_as_true_kaons() {
        let density = Density::parse(&file(Origin::Data, 1).unwrap()).unwrap();
        for (p, cosine) in [(0.8, 0.0), (1.5, 0.5), (3.0, -0.4)] {
            let given = density.given(&[p, cosine]).unwrap();
            for cut in [0.2, 0.5, 0.8] {
                let found = 1.0 - given.share(cut).unwrap();
                let truth = true_efficiency(Origin::Data, Species::Kaon, cut, p, cosine);
                assert!((found - truth).abs() < 0.02, "{p} {cut}: {found}, {truth}");
            }
        }
    }
}
