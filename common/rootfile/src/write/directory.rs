//! Directories of a file: what their records say.

use super::buffer::Buffer;
use super::key::{DATE, Key};

/// Where the first record, the root directory, begins.
pub(super) const BEGIN: u32 = 100;

/// A directory below the root directory.
#[derive(Debug)]
pub(super) struct SubDirectory {
    pub(super) name: String,
    /// Where its record begins.
    pub(super) seek: u32,
    /// Keys that it lists.
    pub(super) listed: Vec<Key>,
}

/// What a directory's record says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) keys_bytes: u32,
    pub(super) keys_seek: u32,
    /// Bytes of the key and the names before these fields.
    pub(super) name_length: u32,
    pub(super) seek: u32,
    pub(super) parent: u32,
}

impl Fields {
    pub(super) fn write(&self, out: &mut Buffer, uuid: &[u8; 16]) {
        out.u16(5);
        out.u32(DATE);
        out.u32(DATE);
        out.u32(self.keys_bytes);
        out.u32(self.name_length);
        out.u32(self.seek);
        out.u32(self.parent);
        out.u32(self.keys_seek);
        out.u16(1);
        out.raw(uuid);
        // Room that ROOT keeps for the 64-bit form of the three positions.
        out.raw(&[0; 12]);
    }

    pub(super) fn bytes(&self, uuid: &[u8; 16]) -> Vec<u8> {
        let mut out = Buffer::new(0);
        self.write(&mut out, uuid);
        out.into_bytes()
    }
}
