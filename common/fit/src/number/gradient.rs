//! A value and its first derivatives.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Number;

/// A value and its derivatives by the first `N` parameters of one density.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gradient<const N: usize> {
    pub(crate) value: f64,
    pub(crate) slope: [f64; N],
}

impl<const N: usize> Gradient<N> {
    /// `value`, whose slope is `a`·slope of one plus `b`·slope of the other.
    fn combined(value: f64, one: &Self, a: f64, other: &Self, b: f64) -> Self {
        let mut slope = [0.0; N];
        for (slope, (x, y)) in slope.iter_mut().zip(one.slope.iter().zip(&other.slope)) {
            *slope = a * x + b * y;
        }
        Self { value, slope }
    }
}

impl<const N: usize> Number for Gradient<N> {
    fn constant(value: f64) -> Self {
        Self {
            value,
            slope: [0.0; N],
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

    fn chain(self, value: f64, first: f64, _: f64) -> Self {
        Self {
            value,
            slope: self.slope.map(|slope| first * slope),
        }
    }
}

impl<const N: usize> Add for Gradient<N> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::combined(self.value + other.value, &self, 1.0, &other, 1.0)
    }
}

impl<const N: usize> Sub for Gradient<N> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::combined(self.value - other.value, &self, 1.0, &other, -1.0)
    }
}

impl<const N: usize> Mul for Gradient<N> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let value = self.value * other.value;
        Self::combined(value, &self, other.value, &other, self.value)
    }
}

impl<const N: usize> Div for Gradient<N> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let inverse = other.value.recip();
        let value = self.value * inverse;
        Self::combined(value, &self, inverse, &other, -value * inverse)
    }
}

impl<const N: usize> Neg for Gradient<N> {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

impl<const N: usize> Add<f64> for Gradient<N> {
    type Output = Self;
    fn add(self, other: f64) -> Self {
        Self {
            value: self.value + other,
            slope: self.slope,
        }
    }
}

impl<const N: usize> Sub<f64> for Gradient<N> {
    type Output = Self;
    fn sub(self, other: f64) -> Self {
        self + -other
    }
}

impl<const N: usize> Mul<f64> for Gradient<N> {
    type Output = Self;
    fn mul(self, other: f64) -> Self {
        self.chain(self.value * other, other, 0.0)
    }
}
