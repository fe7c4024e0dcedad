//! Numbers that carry their derivatives: a density is written once, for any [`Number`].
//!
//! [`f64`] is the value alone, [`Gradient`] has the first derivatives by as many parameters as it is made for,
//! [`Curvature`] the second ones, too: exact, by the chain rule (forward differentiation).

mod curvature;
mod gradient;

use std::ops::{Add, Div, Mul, Neg, Sub};

pub(crate) use curvature::Curvature;
pub(crate) use gradient::Gradient;

/// The most parameters that one density may have.
pub(crate) const LOCAL: usize = 8;

/// 2/√π, the slope of the error function at 0.
const ERF_SLOPE: f64 = std::f64::consts::FRAC_2_SQRT_PI;

/// What densities are computed with.
pub(crate) trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
{
    /// A number that depends on no parameter.
    fn constant(value: f64) -> Self;

    /// The value of the parameter with this index, constant if it is beyond those derived by.
    fn variable(value: f64, index: usize) -> Self;

    /// The value, without derivatives.
    fn value(self) -> f64;

    /// A function of this number, by its value and its first two derivatives here.
    fn chain(self, value: f64, first: f64, second: f64) -> Self;

    /// 1/x
    fn recip(self) -> Self {
        let y = self.value().recip();
        self.chain(y, -y * y, 2.0 * y * y * y)
    }

    /// e^x
    fn exp(self) -> Self {
        let y = self.value().exp();
        self.chain(y, y, y)
    }

    /// The natural logarithm
    fn ln(self) -> Self {
        let x = self.value();
        self.chain(x.ln(), x.recip(), -(x * x).recip())
    }

    /// √x
    fn sqrt(self) -> Self {
        let y = self.value().sqrt();
        self.chain(y, 0.5 / y, -0.25 / (y * y * y))
    }

    /// x^exponent, for x above 0
    fn power(self, exponent: Self) -> Self {
        (self.ln() * exponent).exp()
    }

    /// The complementary error function
    fn erfc(self) -> Self {
        let x = self.value();
        let slope = -ERF_SLOPE * (-x * x).exp();
        self.chain(libm::erfc(x), slope, -2.0 * x * slope)
    }

    /// The inverse of sinh
    fn asinh(self) -> Self {
        let x = self.value();
        let root = (1.0 + x * x).sqrt();
        self.chain(x.asinh(), root.recip(), -x / (root * root * root))
    }

    /// (e^x − 1)/x, which is 1 at 0
    fn growth(self) -> Self {
        let x = self.value();
        if x.abs() > 0.5 {
            let e = x.exp();
            let y = x.exp_m1() / x;
            let first = (e - y) / x;
            return self.chain(y, first, (e - 2.0 * first) / x);
        }
        // The series x^k/(k+1)! and its derivatives, by Horner's rule.
        let (mut y, mut first, mut second) = (0.0, 0.0, 0.0);
        for term in GROWTH.iter().rev() {
            second = second * x + 2.0 * first;
            first = first * x + y;
            y = y * x + term;
        }
        self.chain(y, first, second)
    }
}

/// 1/(k+1)!
const GROWTH: [f64; 18] = {
    let mut terms = [1.0; 18];
    let mut k = 1;
    while k < 18 {
        terms[k] = terms[k - 1] / (k as f64 + 1.0);
        k += 1;
    }
    terms
};

impl Number for f64 {
    fn constant(value: f64) -> Self {
        value
    }

    fn variable(value: f64, _: usize) -> Self {
        value
    }

    fn value(self) -> f64 {
        self
    }

    fn chain(self, value: f64, _: f64, _: f64) -> Self {
        value
    }
}

#[cfg(test)]
mod tests;
