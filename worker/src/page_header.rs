//! The header of a Parquet page, Thrift's compact struct: what a page claims to hold, before any of it
//! is unpacked. A few bytes can claim gigabytes, and be unpacked to them.

/// How deep the statistics of a header may be.
const DEEPEST: usize = 8;

/// The sizes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageSizes {
    /// Bytes once it is unpacked.
    pub(crate) unpacked: u64,
    /// Bytes as it is stored, behind its header.
    pub(crate) packed: u64,
    /// Bytes of its header.
    pub(crate) header: usize,
}

impl PageSizes {
    /// Those of the page that begins here; none where this is no header, or not all of one. Its first
    /// fields are its type, and its sizes unpacked and packed; each comes once, as their numbers ascend.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let mut header = Header { rest: bytes };
        header.field(5)?;
        let unpacked = header.field(5)?;
        let packed = header.field(5)?;
        header.skip_fields(0)?;
        Some(Self {
            unpacked: u64::try_from(unpacked).ok()?,
            packed: u64::try_from(packed).ok()?,
            header: bytes.len() - header.rest.len(),
        })
    }
}

struct Header<'a> {
    rest: &'a [u8],
}

impl Header<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
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

    /// The next field, an integer of a kind whose number is one more than that of the field before.
    fn field(&mut self, kind: u8) -> Option<i64> {
        (self.byte()? == 0x10 | kind).then_some(())?;
        let zigzag = self.number()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// To the end of a struct. A field that goes back is none of ours.
    fn skip_fields(&mut self, depth: usize) -> Option<()> {
        loop {
            let head = self.byte()?;
            match (head, head >> 4) {
                (0, _) => return Some(()),
                (_, 0) => return None,
                (_, _) => self.skip(head & 0x0f, depth)?,
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
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
            12 => self.skip_fields(depth + 1),
            // Lists, sets and maps are in no header of a page.
            _ => None,
        }
    }

    fn skip_bytes(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::PageSizes;

    #[test]
    fn sizes_are_read_from_the_header_of_a_page() {
        // Type 0, 300 bytes of which 2 are packed, a struct with a number and a text, the end.
        let bytes = [
            0x15, 0, 0x15, 0xd8, 0x04, 0x15, 4, 0x2c, 0x15, 2, 0x18, 1, b'x', 0, 0, 9, 9, 7,
        ];
        let sizes = PageSizes::of(&bytes).unwrap();
        assert_eq!((sizes.unpacked, sizes.packed, sizes.header), (300, 2, 15));
        for broken in [
            &bytes[..5],
            &[0x15, 0, 0x15, 1, 0x15, 1, 0][..],
            &[0x15, 0, 0x15, 2, 0x15, 0, 0x05, 4, 2, 0][..],
        ] {
            assert_eq!(PageSizes::of(broken), None, "{broken:?}");
        }
    }
}
