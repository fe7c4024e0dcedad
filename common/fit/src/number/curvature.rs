//! A value with its first and second derivatives.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{LOCAL, Number};

/// A value, its derivatives by the parameters of one density, and those of each pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curvature {
    pub(crate) value: f64,
    pub(crate) slope: [f64; LOCAL],
    pub(crate) bend: [[f64; LOCAL]; LOCAL],
}

impl Curvature {
    /// Every derivative by the rule of a sum: `self` + `factor`·`other`.
    fn plus(mut self, other: &Self, factor: f64) -> Self {
        self.value += factor * other.value;
        for (slope, more) in self.slope.iter_mut().zip(&other.slope) {
            *slope += factor * more;
        }
        for (bend, more) in self.bend.iter_mut().zip(&other.bend) {
            for (bend, more) in bend.iter_mut().zip(more) {
                *bend += factor * more;
            }
        }
        self
    }
}

impl Number for Curvature {
    fn constant(value: f64) -> Self {
        Self {
            value,
            slope: [0.0; LOCAL],
            bend: [[0.0; LOCAL]; LOCAL],
        }
    }

    fn variable(value: f64, index: usize) -> Self {
        let mut variable = Self::constant(value);
        if let Some(slope) = variable.slope.get_mut(index) {
            *slope = 1.0;
        }
        variable
    }

    fn value(self) -> f64 {
        self.value
    }

    fn chain(mut self, value: f64, first: f64, second: f64) -> Self {
        self.value = value;
        for (bends, a) in self.bend.iter_mut().zip(self.slope) {
            for (bend, b) in bends.iter_mut().zip(self.slope) {
                *bend = first * *bend + second * a * b;
            }
        }
        self.slope = self.slope.map(|slope| first * slope);
        self
    }
}

impl Add for Curvature {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.plus(&other, 1.0)
    }
}

impl Sub for Curvature {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.plus(&other, -1.0)
    }
}

impl Mul for Curvature {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let mut product = Self::constant(self.value * other.value);
        for i in 0..LOCAL {
            product.slope[i] = self.slope[i] * other.value + self.value * other.slope[i];
            for j in 0..LOCAL {
                product.bend[i][j] = self.bend[i][j] * other.value
                    + self.value * other.bend[i][j]
                    + self.slope[i] * other.slope[j]
                    + other.slope[i] * self.slope[j];
            }
        }
        product
    }
}

impl Div for Curvature {
    type Output = Self;
    #[expect(
        clippy::suspicious_arithmetic_impl,
        reason = "a quotient is a product with the inverse"
    )]
    fn div(self, other: Self) -> Self {
        self * other.recip()
    }
}

impl Neg for Curvature {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl Add<f64> for Curvature {
    type Output = Self;
    fn add(mut self, other: f64) -> Self {
        self.value += other;
        self
    }
}

impl Sub<f64> for Curvature {
    type Output = Self;
    fn sub(self, other: f64) -> Self {
        self + -other
    }
}

impl Mul<f64> for Curvature {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        self.chain(self.value * other, other, 0.0)
    }
}
