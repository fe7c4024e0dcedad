//! Thrift's compact form, as far as it is read without the Parquet library: numbers and structs that are
//! passed over, of bytes that nobody has looked at yet.

/// How deep structs may be in one another.
const DEEPEST: usize = 8;

/// Bytes that are read from the front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compact<'a> {
    pub(crate) rest: &'a [u8],
}

/// What begins a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldHead {
    /// How much its number is above that of the field before.
    pub(crate) ahead: u8,
    /// The kind of what it holds.
    pub(crate) kind: u8,
}

/// A 32-bit number, a list, a struct.
pub(crate) const NUMBER: u8 = 5;
pub(crate) const LIST: u8 = 9;
pub(crate) const STRUCT: u8 = 12;

impl Compact<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A number with a sign.
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let zigzag = self.number()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// The next field of a struct; one without a number at its end. A field that goes back is none that
    /// anybody writes.
    pub(crate) fn head(&mut self) -> Option<Option<FieldHead>> {
        let head = self.byte()?;
        match (head, head >> 4) {
            (0, _) => Some(None),
            (_, 0) => None,
            (_, ahead) => Some(Some(FieldHead {
                ahead,
                kind: head & 0x0f,
            })),
        }
    }

    /// The value of the next field, an integer of a kind whose number is one more than that of the field
    /// before.
    pub(crate) fn next_number(&mut self) -> Option<i64> {
        let head = self.head()??;
        let is_it = head.ahead == 1 && head.kind == NUMBER;
        is_it.then_some(())?;
        self.signed()
    }

    /// How many items a list has, and their kind.
    pub(crate) fn list(&mut self) -> Option<(u64, u8)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.number()?,
            count => u64::from(count),
        };
        Some((count, head & 0x0f))
    }

    /// To the end of a struct.
    pub(crate) fn skip_fields(&mut self, depth: usize) -> Option<()> {
        while let Some(head) = self.head()? {
            self.skip(head.kind, depth)?;
        }
        Some(())
    }

    /// Over the value of a field; over no list, set or map.
    pub(crate) fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        (depth < DEEPEST).then_some(())?;
        match kind {
            // True and false, which are in the kind.
            1 | 2 => Some(()),
            3 => self.byte().map(drop),
            4..=6 => self.number().map(drop),
            7 => self.skip_bytes(8),
            8 => {
                let length = self.number()?;
                self.skip_bytes(length)
            }
            STRUCT => self.skip_fields(depth + 1),
            _ => None,
        }
    }

    fn skip_bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }
}
