//! Numbers that ROOT stores in fewer bytes than they have: `Float16_t` and `Double32_t`.
//!
//! How many is in the title of a leaf or of a class's member: nothing, `[min,max]`,
//! `[min,max,bits]`, or `[0,0,bits]` for a mantissa of so many bits.

use std::f64::consts::PI;

/// Bits of a mantissa of which no title says how many.
const FLOAT16_BITS: u32 = 12;
/// The most bits of a mantissa that a title may ask for.
const MOST_MANTISSA_BITS: i32 = 15;

/// How a number is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Packing {
    /// In single precision, four bytes.
    Float,
    /// A byte of exponent, and two of sign and a mantissa of so many bits.
    Mantissa(u32),
    /// Four bytes that count steps above a minimum, of which `factor` are one.
    Steps { minimum: f64, factor: f64 },
}

impl Packing {
    /// Of a `Float16_t` with this title.
    pub(crate) fn float16(title: &str) -> Self {
        match Self::of_title(title) {
            Packing::Float => Packing::Mantissa(FLOAT16_BITS),
            other => other,
        }
    }

    /// Of a `Double32_t` with this title.
    pub(crate) fn of_title(title: &str) -> Self {
        let Some((low, high, bits)) = range(title) else {
            return Packing::Float;
        };
        let (low, high) = (limit(low), limit(high));
        let bits = bits
            .and_then(leading_integer)
            .filter(|bits| (2..=32).contains(bits))
            .unwrap_or(32);
        if low < high {
            let steps = match bits {
                32 => f64::from(u32::MAX),
                bits => f64::from(1_u32 << bits),
            };
            let factor = steps / (high - low);
            return Packing::Steps {
                minimum: low,
                factor,
            };
        }
        // ROOT keeps the bits where the minimum is, unless they are too many for a mantissa.
        let bits = if bits < MOST_MANTISSA_BITS {
            bits
        } else {
            low as i32
        };
        match u32::try_from(bits) {
            Ok(bits @ 1..=15) => Packing::Mantissa(bits),
            _ => Packing::Float,
        }
    }

    /// Bytes of one value in the file.
    pub(crate) fn width(self) -> usize {
        match self {
            Packing::Mantissa(_) => 3,
            Packing::Float | Packing::Steps { .. } => 4,
        }
    }

    /// Appends the values in `bytes` in single precision.
    pub(crate) fn extend_f32(self, bytes: &[u8], values: &mut Vec<f32>) {
        match self {
            Packing::Float => values.extend(floats(bytes)),
            Packing::Mantissa(bits) => values.extend(mantissas(bytes, bits)),
            Packing::Steps { .. } => values.extend(self.steps(bytes).map(|value| value as f32)),
        }
    }

    /// Appends the values in `bytes` in double precision.
    pub(crate) fn extend_f64(self, bytes: &[u8], values: &mut Vec<f64>) {
        match self {
            Packing::Float => values.extend(floats(bytes).map(f64::from)),
            Packing::Mantissa(bits) => values.extend(mantissas(bytes, bits).map(f64::from)),
            Packing::Steps { .. } => values.extend(self.steps(bytes)),
        }
    }

    fn steps(self, bytes: &[u8]) -> impl Iterator<Item = f64> {
        let (minimum, factor) = match self {
            Packing::Steps { minimum, factor } => (minimum, factor),
            Packing::Float | Packing::Mantissa(_) => (0.0, 1.0),
        };
        let chunks = bytes.as_chunks::<4>().0.iter();
        chunks.map(move |&chunk| f64::from(u32::from_be_bytes(chunk)) / factor + minimum)
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    let chunks = bytes.as_chunks::<4>().0.iter();
    chunks.map(|&chunk| f32::from_be_bytes(chunk))
}

fn mantissas(bytes: &[u8], bits: u32) -> impl Iterator<Item = f32> {
    let chunks = bytes.as_chunks::<3>().0.iter();
    chunks.map(move |&[exponent, high, low]| {
        let mantissa = u32::from(u16::from_be_bytes([high, low]));
        let kept = mantissa & ((1 << (bits + 1)) - 1);
        let value = f32::from_bits((u32::from(exponent) << 23) | (kept << (23 - bits)));
        if mantissa & (1 << (bits + 1)) == 0 {
            value
        } else {
            -value
        }
    })
}

/// The two or three parts of the brackets that hold a range: those before are dimensions.
fn range(title: &str) -> Option<(&str, &str, Option<&str>)> {
    let mut brackets = title.split('[').skip(1);
    let (low, rest) = brackets.find_map(|part| part.split(']').next()?.split_once(','))?;
    Some(match rest.split_once(',') {
        Some((high, bits)) => (low, high, Some(bits)),
        None => (low, rest, None),
    })
}

/// A limit of a range: a number, or something of π.
fn limit(text: &str) -> f64 {
    let text: String = text
        .chars()
        .take(64)
        .filter(|letter| *letter != ' ')
        .flat_map(char::to_lowercase)
        .collect();
    if !text.contains("pi") {
        return leading_number(&text);
    }
    let double = ["2pi", "2*pi", "twopi"];
    let size = match () {
        () if double.iter().any(|form| text.contains(form)) => 2.0 * PI,
        () if text.contains("pi/2") => PI / 2.0,
        () if text.contains("pi/4") => PI / 4.0,
        () => PI,
    };
    if text.contains('-') { -size } else { size }
}

/// The number that a text begins with, zero when it begins with none.
fn leading_number(text: &str) -> f64 {
    let lengths = (1..=text.len()).rev();
    let mut numbers = lengths.filter_map(|length| text.get(..length)?.parse::<f64>().ok());
    numbers.find(|number| number.is_finite()).unwrap_or(0.0)
}

fn leading_integer(text: &str) -> Option<i32> {
    let text = text.trim_start();
    let digits = text.find(|letter: char| !letter.is_ascii_digit());
    text.get(..digits.unwrap_or(text.len()))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::Packing;

    #[test]
    fn titles_say_how_numbers_are_packed() {
        let steps = |minimum, factor| Packing::Steps { minimum, factor };
        let all = f64::from(u32::MAX);
        for (title, expected) in [
            ("d", Packing::Float),
            ("hv[n]", Packing::Float),
            ("[0,100]", steps(0.0, all / 100.0)),
            ("dv[n]/d[0,10,10]", steps(0.0, 102.4)),
            ("[ -5, 5 , 12]", steps(-5.0, 409.6)),
            (
                "[0,2*pi,20]",
                steps(0.0, 1_048_576.0 / std::f64::consts::TAU),
            ),
            ("[-pi/2,pi/2,2]", steps(-PI / 2.0, 4.0 / PI)),
            ("[0,0,8]", Packing::Mantissa(8)),
            ("[0,0,20]", Packing::Float),
            ("[5,3]", Packing::Mantissa(5)),
            ("f2[2][2]/f[-5,5,12]", steps(-5.0, 409.6)),
            ("[0,100,77]", steps(0.0, all / 100.0)),
            ("[,]", Packing::Float),
            ("[nonsense", Packing::Float),
        ] {
            assert_eq!(Packing::of_title(title), expected, "{title}");
        }
        assert_eq!(Packing::float16("h"), Packing::Mantissa(12));
    }
}
