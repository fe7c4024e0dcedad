//! Decoding of a page: bytes into numbers.

use super::encoding::{Element, Encoding, Order};
use super::values::Values;
use crate::cursor::Malformed;
use crate::primitive::Primitive;

/// Decodes a page of `count` elements from its decompressed bytes.
pub(super) fn decode(encoding: &Encoding, bytes: &[u8], count: usize) -> Result<Values, Malformed> {
    let needed = encoding.page_bytes(count as u64);
    if bytes.len() as u64 != needed {
        let what = format!("{} bytes for {count} elements in {needed}", bytes.len());
        return Err(Malformed::new(what));
    }
    let (split, order) = (encoding.split, encoding.order);
    Ok(match encoding.element {
        Element::Bit => Values::Bool(bits(bytes, count)),
        Element::Half => {
            let cells = cells::<2>(bytes, count, split);
            Values::F32(cells.map(u16::from_le_bytes).map(half).collect())
        }
        Element::Truncated => {
            let shift = 32_u32.saturating_sub(encoding.bits);
            let words = packed(bytes, encoding.bits, count);
            let numbers = words.map(|word| f32::from_bits((word as u32).wrapping_shl(shift)));
            Values::F32(numbers.collect())
        }
        Element::Quantized { least, most } => {
            let steps = ((1_u64 << encoding.bits) - 1) as f64;
            let step = (most - least) / steps;
            let words = packed(bytes, encoding.bits, count);
            Values::F64(words.map(|word| least + word as f64 * step).collect())
        }
        Element::Plain(primitive) => plain(primitive, bytes, count, split, order),
    })
}

fn plain(primitive: Primitive, bytes: &[u8], count: usize, split: bool, order: Order) -> Values {
    let zigzag = order == Order::Zigzag;
    match primitive {
        Primitive::Bool => Values::Bool(bytes.to_vec()),
        Primitive::U8 => Values::U8(bytes.to_vec()),
        Primitive::I8 => Values::I8(
            cells::<1>(bytes, count, false)
                .map(i8::from_le_bytes)
                .collect(),
        ),
        Primitive::U16 => Values::U16(
            cells::<2>(bytes, count, split)
                .map(u16::from_le_bytes)
                .collect(),
        ),
        Primitive::I16 => {
            let words = cells::<2>(bytes, count, split).map(u16::from_le_bytes);
            let back = |word: u16| ((word >> 1) ^ (word & 1).wrapping_neg()) as i16;
            Values::I16(
                words
                    .map(|word| if zigzag { back(word) } else { word as i16 })
                    .collect(),
            )
        }
        Primitive::U32 => {
            let mut words: Vec<u32> = cells::<4>(bytes, count, split)
                .map(u32::from_le_bytes)
                .collect();
            if order == Order::Delta {
                let mut sum = 0_u32;
                for word in &mut words {
                    sum = sum.wrapping_add(*word);
                    *word = sum;
                }
            }
            Values::U32(words)
        }
        Primitive::I32 => {
            let words = cells::<4>(bytes, count, split).map(u32::from_le_bytes);
            let back = |word: u32| ((word >> 1) ^ (word & 1).wrapping_neg()) as i32;
            Values::I32(
                words
                    .map(|word| if zigzag { back(word) } else { word as i32 })
                    .collect(),
            )
        }
        Primitive::U64 => {
            let mut words: Vec<u64> = cells::<8>(bytes, count, split)
                .map(u64::from_le_bytes)
                .collect();
            if order == Order::Delta {
                let mut sum = 0_u64;
                for word in &mut words {
                    sum = sum.wrapping_add(*word);
                    *word = sum;
                }
            }
            Values::U64(words)
        }
        Primitive::I64 => {
            let words = cells::<8>(bytes, count, split).map(u64::from_le_bytes);
            let back = |word: u64| ((word >> 1) ^ (word & 1).wrapping_neg()) as i64;
            Values::I64(
                words
                    .map(|word| if zigzag { back(word) } else { word as i64 })
                    .collect(),
            )
        }
        Primitive::F32 | Primitive::Float16(_) => Values::F32(
            cells::<4>(bytes, count, split)
                .map(f32::from_le_bytes)
                .collect(),
        ),
        Primitive::F64 | Primitive::Double32(_) => Values::F64(
            cells::<8>(bytes, count, split)
                .map(f64::from_le_bytes)
                .collect(),
        ),
    }
}

/// The bytes of each element, of `W` bytes; of split ones they are put together again.
fn cells<const W: usize>(bytes: &[u8], count: usize, split: bool) -> impl Iterator<Item = [u8; W]> {
    let mut cells = vec![[0; W]; count];
    if split {
        for (number, plane) in bytes.chunks_exact(count.max(1)).enumerate() {
            for (cell, &byte) in cells.iter_mut().zip(plane) {
                if let Some(slot) = cell.get_mut(number) {
                    *slot = byte;
                }
            }
        }
    } else {
        for (cell, chunk) in cells.iter_mut().zip(bytes.as_chunks::<W>().0) {
            *cell = *chunk;
        }
    }
    cells.into_iter()
}

/// One byte for each bit, the lowest first.
fn bits(bytes: &[u8], count: usize) -> Vec<u8> {
    let each = |byte: &u8| {
        let byte = *byte;
        (0..8).map(move |bit| (byte >> bit) & 1)
    };
    bytes.iter().flat_map(each).take(count).collect()
}

/// Numbers of so many bits, at most 32, the lowest bits first.
fn packed(bytes: &[u8], bits: u32, count: usize) -> impl Iterator<Item = u64> {
    let mask = (1_u64 << bits) - 1;
    (0..count).map(move |at| {
        let first = at.saturating_mul(bits as usize);
        let mut word = [0; 8];
        let rest = bytes.get(first / 8..).unwrap_or_default();
        for (to, from) in word.iter_mut().zip(rest) {
            *to = *from;
        }
        (u64::from_le_bytes(word) >> (first % 8)) & mask
    })
}

/// A number of 16 bits: one of sign, five of exponent, ten of fraction.
fn half(word: u16) -> f32 {
    let sign = u32::from(word & 0x8000) << 16;
    let exponent = u32::from((word >> 10) & 0x1F);
    let fraction = u32::from(word & 0x3FF);
    match (exponent, fraction) {
        (0, fraction) => {
            let tiny = fraction as f32 * 2.0_f32.powi(-24);
            f32::from_bits(tiny.to_bits() | sign)
        }
        (31, fraction) => f32::from_bits(sign | 0x7F80_0000 | (fraction << 13)),
        (exponent, fraction) => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Values, decode, half};

    fn decoded(kind: u16, bits: u16, bytes: &[u8], count: usize) -> Values {
        let encoding = Encoding::of(kind, bits, Some((-1.0, 1.0))).unwrap();
        decode(&encoding, bytes, count).unwrap()
    }

    #[test]
    fn split_zigzag_and_delta() {
        // -1, 1, -2 are 1, 2, 3; all low bytes come first.
        let found = decoded(0x11, 16, &[1, 2, 3, 0, 0, 0], 3);
        assert!(matches!(found, Values::I16(values) if values == [-1, 1, -2]));
        let found = decoded(0x1A, 32, &[2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1], 3);
        assert!(
            matches!(found, Values::U32(values) if values == [2, 2, 3 + (1 << 24)]),
            "delta"
        );
        let found = decoded(0x00, 1, &[0b101, 1], 9);
        assert!(matches!(found, Values::Bool(values) if values == [1, 0, 1, 0, 0, 0, 0, 0, 1]));
    }

    #[test]
    fn packed_reals() {
        // The upper 16 bits of 1.0 and of -2.0.
        let found = decoded(0x1C, 16, &[0x80, 0x3F, 0x00, 0xC0], 2);
        assert!(matches!(found, Values::F32(values) if values == [1.0, -2.0]));
        let found = decoded(0x1D, 2, &[0b1100], 2);
        assert!(matches!(found, Values::F64(values) if values == [-1.0, 1.0]));
    }

    #[test]
    fn halves() {
        for (word, value) in [
            (0x0000, 0.0),
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65504.0),
            (0x0001, 2.0_f32.powi(-24)),
            (0x8400, -(2.0_f32.powi(-14))),
            (0x7C00, f32::INFINITY),
        ] {
            assert_eq!(half(word).to_bits(), value.to_bits(), "{word:#x}");
        }
        assert!(half(0x7E00).is_nan());
    }

    #[test]
    fn a_page_of_another_length_is_refused() {
        let encoding = Encoding::of(0x18, 32, None).unwrap();
        assert!(decode(&encoding, &[0; 11], 3).is_err());
        assert!(decode(&encoding, &[], 0).is_ok());
    }
}
