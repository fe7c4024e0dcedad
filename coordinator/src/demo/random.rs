//! Reproducible random numbers: xoshiro256++ (Blackman and Vigna, 2018) seeded by splitmix64,
//! and the few distributions that the toy physics needs. Written out so that the demo's bytes
//! do not change with the version of a crate.

use std::f64::consts::TAU;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream with this number among those of a seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut z = seed ^ stream.wrapping_mul(0xD134_2543_DE82_EF95);
        let state = [(); 4].map(|()| {
            z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut x = z;
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            x ^ (x >> 31)
        });
        Self { state }
    }

    /// 64 random bits.
    pub(super) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let result = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        result
    }

    /// Uniform in the open interval (0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        ((self.next() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// Uniform between two bounds.
    pub(super) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Exponential with this mean.
    pub(super) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }

    /// Normal, by Box and Muller.
    pub(super) fn normal(&mut self, mean: f64, width: f64) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        mean + width * radius * (TAU * self.unit()).cos()
    }

    /// Cauchy (a non-relativistic Breit-Wigner) within 15 half-widths of its mean.
    pub(super) fn cauchy(&mut self, mean: f64, half_width: f64) -> f64 {
        mean + half_width * (2.0 * 15f64.atan() * (self.unit() - 0.5)).tan()
    }

    /// Poisson with this mean, by Knuth's product of uniforms: for means up to some tens.
    pub(super) fn poisson(&mut self, mean: f64) -> i32 {
        let limit = (-mean).exp();
        let (mut count, mut product) = (0, self.unit());
        while product > limit {
            count += 1;
            product *= self.unit();
        }
        count
    }

    /// −1 or +1.
    pub(super) fn sign(&mut self) -> i32 {
        if self.chance(0.5) { 1 } else { -1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and standard deviation of many draws.
    fn moments(mut draw: impl FnMut(&mut Random) -> f64) -> (f64, f64) {
        let mut random = Random::new(1, 2);
        let values: Vec<f64> = (0..200_000).map(|_| draw(&mut random)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn distributions_have_their_moments() {
        let near = |(mean, width): (f64, f64), expected: (f64, f64)| {
            let error = expected.1 / 200_000_f64.sqrt();
            assert!(
                (mean - expected.0).abs() < 5.0 * error,
                "mean {mean}, expected {}",
                expected.0
            );
            assert!(
                (width / expected.1 - 1.0).abs() < 0.02,
                "width {width}, expected {}",
                expected.1
            );
        };
        near(moments(Random::unit), (0.5, 12_f64.sqrt().recip()));
        near(moments(|r| r.exponential(3.0)), (3.0, 3.0));
        near(moments(|r| r.normal(1.0, 2.0)), (1.0, 2.0));
        near(
            moments(|r| f64::from(r.poisson(23.0))),
            (23.0, 23_f64.sqrt()),
        );
    }

    #[test]
    fn streams_of_a_seed_differ_and_repeat() {
        let first = |seed, stream| Random::new(seed, stream).next();
        assert_eq!(first(1, 1), first(1, 1));
        assert_ne!(first(1, 1), first(1, 2));
        assert_ne!(first(1, 1), first(2, 1));
    }
}
