//! Compression of a record into ROOT's blocks: at most 16 MiB − 1 each, every one behind a
//! 9-byte header of algorithm, method, compressed size and plain size.

use super::WriteError;
use std::hash::Hasher;

/// The largest plain size that the 3-byte field of a block header holds.
const BLOCK: usize = 0xFF_FFFF;

/// Algorithm and level of a branch or record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Stored as it is.
    None,
    /// ZLIB at level 1 to 9.
    Zlib(u8),
    /// XZ at level 1 to 9.
    Lzma(u8),
    /// LZ4 blocks behind their xxHash64; the level is only recorded.
    Lz4(u8),
    /// ZSTD at level 1 to 9.
    Zstd(u8),
}

impl Compression {
    /// ROOT's compression setting, 100 × algorithm + level, as `TBranch::fCompress` holds it.
    #[must_use]
    pub fn setting(self) -> i32 {
        match self {
            Self::None => 0,
            Self::Zlib(level) => 100 + i32::from(level.clamp(1, 9)),
            Self::Lzma(level) => 200 + i32::from(level.clamp(1, 9)),
            Self::Lz4(level) => 400 + i32::from(level.clamp(1, 9)),
            Self::Zstd(level) => 500 + i32::from(level.clamp(1, 9)),
        }
    }

    /// The blocks of `plain`, or `None` when storing it takes no more room.
    pub(super) fn compress(self, plain: &[u8]) -> Result<Option<Vec<u8>>, WriteError> {
        if self == Self::None || plain.is_empty() {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(plain.len() / 2);
        for block in plain.chunks(BLOCK) {
            let packed = self.block(block)?;
            if packed.len() > BLOCK {
                return Ok(None);
            }
            out.extend_from_slice(self.magic());
            out.extend_from_slice(&three_bytes(packed.len()));
            out.extend_from_slice(&three_bytes(block.len()));
            out.extend_from_slice(&packed);
        }
        Ok((out.len() < plain.len()).then_some(out))
    }

    fn block(self, plain: &[u8]) -> Result<Vec<u8>, WriteError> {
        match self {
            Self::None => Ok(plain.to_vec()),
            Self::Zlib(level) => zlib(plain, level),
            Self::Lzma(level) => {
                let mut packed = Vec::new();
                let mut encoder =
                    liblzma::read::XzEncoder::new(plain, u32::from(level.clamp(1, 9)));
                std::io::Read::read_to_end(&mut encoder, &mut packed)
                    .map_err(|e| failure("LZMA", plain, &e))?;
                Ok(packed)
            }
            Self::Lz4(_) => {
                let packed = lz4_flex::block::compress(plain);
                let mut hash = twox_hash::XxHash64::with_seed(0);
                hash.write(&packed);
                Ok([&hash.finish().to_be_bytes()[..], &packed].concat())
            }
            Self::Zstd(level) => zstd::bulk::compress(plain, i32::from(level.clamp(1, 9)))
                .map_err(|e| failure("ZSTD", plain, &e)),
        }
    }

    fn magic(self) -> &'static [u8; 3] {
        match self {
            Self::None => b"\0\0\0",
            Self::Zlib(_) => b"ZL\x08",
            Self::Lzma(_) => b"XZ\0",
            Self::Lz4(_) => b"L4\x01",
            Self::Zstd(_) => b"ZS\x01",
        }
    }
}

fn zlib(plain: &[u8], level: u8) -> Result<Vec<u8>, WriteError> {
    let level = libdeflater::CompressionLvl::new(i32::from(level.clamp(1, 9)))
        .map_err(|_| failure("ZLIB", plain, &"no such level"))?;
    let mut compressor = libdeflater::Compressor::new(level);
    let mut packed = vec![0; compressor.zlib_compress_bound(plain.len())];
    let length = compressor
        .zlib_compress(plain, &mut packed)
        .map_err(|e| failure("ZLIB", plain, &e))?;
    packed.truncate(length);
    Ok(packed)
}

fn three_bytes(length: usize) -> [u8; 3] {
    let [a, b, c, ..] = (length as u64).to_le_bytes();
    [a, b, c]
}

fn failure(codec: &'static str, plain: &[u8], reason: &dyn std::fmt::Display) -> WriteError {
    WriteError::Compress {
        codec,
        bytes: plain.len(),
        reason: reason.to_string(),
    }
}
