//! Whole numbers as C++ has them: what type an operation gives, and what fits in it.
//!
//! Types of fewer than 32 bits and conditions are promoted to `int` before anything is computed.
//! Values of all types are kept as 64 bits: those of [`Int::U64`] by their bits, all others by
//! their value.

/// A type of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Int {
    /// `int`
    I32,
    /// `unsigned int`
    U32,
    /// `long`
    I64,
    /// `unsigned long`
    U64,
}

impl Int {
    /// The type of what is computed from two (C++'s usual arithmetic conversions).
    pub fn common(self, other: Self) -> Self {
        match (self, other) {
            (Self::U64, _) | (_, Self::U64) => Self::U64,
            (Self::I64, _) | (_, Self::I64) => Self::I64,
            (Self::U32, _) | (_, Self::U32) => Self::U32,
            _ => Self::I32,
        }
    }

    /// How many bits it has.
    pub fn bits(self) -> i64 {
        match self {
            Self::I32 | Self::U32 => 32,
            Self::I64 | Self::U64 => 64,
        }
    }

    /// The value of this type that is equal to `value` modulo two to the number of its bits.
    pub(super) fn wrap(self, value: i64) -> i64 {
        match self {
            Self::I32 => i64::from(value as i32),
            Self::U32 => i64::from(value as u32),
            Self::I64 | Self::U64 => value,
        }
    }

    /// A value of this type as a float.
    pub(super) fn to_float(self, value: i64) -> f64 {
        match self {
            Self::U64 => value.cast_unsigned() as f64,
            _ => value as f64,
        }
    }
}

/// The type of a number written without a suffix: the first that holds it.
pub(super) fn of_literal(value: u64, is_decimal: bool) -> Option<Int> {
    let fits = [
        (Int::I32, i32::MAX as u64),
        (Int::U32, u64::from(u32::MAX)),
        (Int::I64, i64::MAX as u64),
        (Int::U64, u64::MAX),
    ];
    // Decimal numbers are signed unless a suffix says otherwise.
    fits.into_iter()
        .filter(|(int, _)| !is_decimal || matches!(int, Int::I32 | Int::I64))
        .find(|(_, most)| value <= *most)
        .map(|(int, _)| int)
}
