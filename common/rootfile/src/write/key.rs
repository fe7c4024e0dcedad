//! `TKey` headers in their 32-bit form.

use super::buffer::Buffer;

/// Every date in a written file: 2020-01-01 00:00:00 as ROOT packs it.
pub(super) const DATE: u32 = (25 << 26) | (1 << 22) | (1 << 17);

/// The fields of a key, before or after its payload is known.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) class: &'static str,
    pub(super) name: String,
    pub(super) title: String,
    /// Bytes of key and payload together, as stored.
    pub(super) stored_bytes: u32,
    /// Bytes of the payload before compression.
    pub(super) plain_bytes: u32,
    /// Position in the file.
    pub(super) seek: u32,
    /// Position of the directory that holds it; 0 for the root directory's own key.
    pub(super) parent: u32,
    /// Bytes that a class derived from `TKey` adds to the header (`TBasket`).
    pub(super) extra: u16,
}

impl Key {
    /// Bytes of the header.
    pub(super) fn length(&self) -> u32 {
        let strings = [self.class, &self.name, &self.title];
        let text: usize = strings
            .iter()
            .map(|s| s.len() + if s.len() < 255 { 1 } else { 5 })
            .sum();
        26 + text as u32 + u32::from(self.extra)
    }

    /// Streams the header, without what a derived class adds.
    pub(super) fn write(&self, out: &mut Buffer) {
        out.u32(self.stored_bytes);
        out.u16(4);
        out.u32(self.plain_bytes);
        out.u32(DATE);
        out.u16(self.length() as u16);
        out.u16(1);
        out.u32(self.seek);
        out.u32(self.parent);
        out.string(self.class);
        out.string(&self.name);
        out.string(&self.title);
    }
}
