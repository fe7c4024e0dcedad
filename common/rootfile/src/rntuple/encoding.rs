//! How the elements of a column are stored in its pages.

use crate::primitive::Primitive;

/// How elements are stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Encoding {
    pub(super) element: Element,
    /// Bits of one element in a page.
    pub(super) bits: u32,
    /// Whether all first bytes come first, then all second ones, and so on.
    pub(super) split: bool,
    pub(super) order: Order,
}

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Element {
    Bit,
    /// A number as it is in memory.
    Plain(Primitive),
    /// An IEEE-754 number of 16 bits.
    Half,
    /// The upper bits of a number of 32 bits.
    Truncated,
    /// A step between a smallest and a largest number.
    Quantized {
        least: f64,
        most: f64,
    },
}

/// What was done to numbers before their bytes were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Plain,
    /// Each is what is to be added to the one before.
    Delta,
    /// Small negative numbers became small odd ones.
    Zigzag,
}

impl Encoding {
    /// That of a column of this type, with as many bits; `None` where it is not known.
    pub(super) fn of(kind: u16, bits: u16, range: Option<(f64, f64)>) -> Option<Self> {
        use Primitive::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
        let bits = u32::from(bits);
        let new = |element, width, split, order| {
            let encoding = Self {
                element,
                bits,
                split,
                order,
            };
            (bits == width).then_some(encoding)
        };
        let plain = |primitive: Primitive, split, order| {
            let width = u32::try_from(primitive.width() * 8).ok()?;
            new(Element::Plain(primitive), width, split, order)
        };
        match kind {
            0x00 => new(Element::Bit, 1, false, Order::Plain),
            0x01 | 0x02 | 0x04 => plain(U8, false, Order::Plain),
            0x03 => plain(I8, false, Order::Plain),
            0x05 => plain(I16, false, Order::Plain),
            0x06 => plain(U16, false, Order::Plain),
            0x07 => plain(I32, false, Order::Plain),
            0x08 | 0x0E => plain(U32, false, Order::Plain),
            0x09 => plain(I64, false, Order::Plain),
            0x0A | 0x0F => plain(U64, false, Order::Plain),
            0x0B => new(Element::Half, 16, false, Order::Plain),
            0x0C => plain(F32, false, Order::Plain),
            0x0D => plain(F64, false, Order::Plain),
            0x11 => plain(I16, true, Order::Zigzag),
            0x12 => plain(U16, true, Order::Plain),
            0x13 => plain(I32, true, Order::Zigzag),
            0x14 => plain(U32, true, Order::Plain),
            0x15 => plain(I64, true, Order::Zigzag),
            0x16 => plain(U64, true, Order::Plain),
            0x17 => new(Element::Half, 16, true, Order::Plain),
            0x18 => plain(F32, true, Order::Plain),
            0x19 => plain(F64, true, Order::Plain),
            0x1A => plain(U32, true, Order::Delta),
            0x1B => plain(U64, true, Order::Delta),
            0x1C if (10..=31).contains(&bits) => new(Element::Truncated, bits, false, Order::Plain),
            0x1D if (1..=32).contains(&bits) => {
                let (least, most) = range?;
                new(
                    Element::Quantized { least, most },
                    bits,
                    false,
                    Order::Plain,
                )
            }
            _ => None,
        }
    }

    /// The type of the numbers when they are decoded.
    pub(super) fn primitive(&self) -> Primitive {
        match self.element {
            Element::Bit => Primitive::Bool,
            Element::Plain(primitive) => primitive,
            Element::Half | Element::Truncated => Primitive::F32,
            Element::Quantized { .. } => Primitive::F64,
        }
    }

    /// Whether a collection may count its items by such a column.
    pub(super) fn is_index(&self) -> bool {
        matches!(
            self.element,
            Element::Plain(Primitive::U32 | Primitive::U64)
        )
    }

    /// Bytes of a page of so many elements, before it is compressed.
    pub(super) fn page_bytes(&self, elements: u64) -> u64 {
        elements.saturating_mul(u64::from(self.bits)).div_ceil(8)
    }
}
