//! What is done 32 rows at a time by the instructions of AVX2, where the processor has them.
//!
//! Nothing here rounds otherwise than plain code does: comparisons and bits are exact, and weights
//! are added one by one, in the order of the trees. The instructions of AVX-512 are not used: they
//! lower the clock, and were three to five times slower.
#![expect(
    unsafe_code,
    reason = "calling what is compiled for AVX2 once the processor was asked, and loads and stores of whole arrays"
)]

use std::arch::x86_64::*;

use super::chunk_rows::BLOCKS;
use super::columns::Prepared;
use super::marks::{Rows, Tests};
use super::slices::{Line, Places, Slices};
use crate::score::features::LANES;

/// Leaves of a tree whose weights are looked up here.
const LOOKUP_LIMIT: usize = 64;
/// Numbers in a table: what one instruction looks up.
const TABLE: usize = 16;

/// Says that the processor has the instructions.
#[derive(Debug, Clone, Copy)]
pub(in crate::score::trees) struct Avx2(());

/// The weights of a tree's leaves, in tables of 16 by their bytes.
#[derive(Debug, Clone)]
pub(in crate::score::trees) struct Lookup {
    avx2: Avx2,
    tables: Vec<[[u8; TABLE]; 4]>,
}

impl Avx2 {
    pub(in crate::score::trees) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    /// For each test the rows of a chunk that pass it.
    pub(super) fn marks<const WORDS: usize>(
        self,
        tests: &Tests,
        prepared: &Prepared,
    ) -> Vec<Rows<WORDS>> {
        // SAFETY: `self` is made only where the processor has AVX2.
        unsafe { marks(tests, prepared) }
    }

    /// The leaves of the first blocks of a chunk.
    pub(super) fn find<const WORDS: usize>(
        self,
        slices: &Slices,
        marks: &[Rows<WORDS>],
        places: &mut Places<WORDS>,
        (blocks, exits): (usize, &mut [Line; BLOCKS]),
    ) {
        // SAFETY: `self` is made only where the processor has AVX2.
        unsafe { find(slices, marks, places, (blocks, exits)) }
    }

    /// Tables of the weights of a tree, where it has few leaves.
    pub(in crate::score::trees) fn lookup(self, weights: &[f32]) -> Option<Lookup> {
        let table = |weights: &[f32]| {
            let mut table = [[0; TABLE]; 4];
            for (place, weight) in weights.iter().enumerate() {
                for (bytes, byte) in table.iter_mut().zip(weight.to_le_bytes()) {
                    bytes[place] = byte;
                }
            }
            table
        };
        (weights.len() <= LOOKUP_LIMIT).then(|| Lookup {
            avx2: self,
            tables: weights.chunks(TABLE).map(table).collect(),
        })
    }
}

impl Lookup {
    /// Adds the weights of the leaves that the rows of a block reached.
    #[inline(always)]
    pub(in crate::score::trees) fn add(&self, exits: &Line, sums: &mut [f32; LANES]) {
        let Avx2(()) = self.avx2;
        // SAFETY: an `Avx2` is made only where the processor has AVX2.
        unsafe { add(&self.tables, exits, sums) }
    }
}

#[target_feature(enable = "avx2")]
fn marks<const WORDS: usize>(tests: &Tests, prepared: &Prepared) -> Vec<Rows<WORDS>> {
    tests.marks(prepared)
}

#[target_feature(enable = "avx2")]
fn find<const WORDS: usize>(
    slices: &Slices,
    marks: &[Rows<WORDS>],
    places: &mut Places<WORDS>,
    (blocks, exits): (usize, &mut [Line; BLOCKS]),
) {
    let (bits, used) = slices.numbers(marks, places);
    let bits = bits.get(..used).unwrap_or_default();
    // Each byte of four goes to the eight rows whose bits it has, and each row looks at its own.
    let bytes = _mm256_setr_epi64x(
        0,
        0x0101_0101_0101_0101,
        0x0202_0202_0202_0202,
        0x0303_0303_0303_0303,
    );
    let own = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64.cast_signed());
    for (block, exit) in exits.iter_mut().enumerate().take(blocks) {
        let mut number = _mm256_setzero_si256();
        for bits in bits.iter().rev() {
            let word = bits.get(block / 2).copied().unwrap_or_default();
            let half = (word >> (32 * (block % 2))) as u32;
            let rows = _mm256_shuffle_epi8(_mm256_set1_epi32(half.cast_signed()), bytes);
            let set = _mm256_cmpeq_epi8(_mm256_and_si256(rows, own), own);
            // A byte that is set is -1.
            number = _mm256_sub_epi8(_mm256_add_epi8(number, number), set);
        }
        store(exit, number);
    }
}

#[target_feature(enable = "avx2")]
fn add(tables: &[[[u8; TABLE]; 4]], exits: &Line, sums: &mut [f32; LANES]) {
    // So that taking bytes apart, which is done in either half, leaves rows in their order.
    let order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    let mut place = _mm256_permutevar8x32_epi32(load(exits), order);
    let mut bytes = [_mm256_setzero_si256(); 4];
    for table in tables {
        // A place beyond the table has its highest bit set, which looks up 0.
        let within = _mm256_adds_epu8(place, _mm256_set1_epi8(0x70));
        for (byte, table) in bytes.iter_mut().zip(table) {
            *byte = _mm256_or_si256(*byte, _mm256_shuffle_epi8(twice(table), within));
        }
        place = _mm256_sub_epi8(place, _mm256_set1_epi8(TABLE as i8));
    }
    let [first, second, third, fourth] = bytes;
    let pairs = [
        (
            _mm256_unpacklo_epi8(first, second),
            _mm256_unpacklo_epi8(third, fourth),
        ),
        (
            _mm256_unpackhi_epi8(first, second),
            _mm256_unpackhi_epi8(third, fourth),
        ),
    ];
    let (eights, _) = sums.as_chunks_mut::<8>();
    for (pair, (low, high)) in eights.chunks_exact_mut(2).zip(pairs) {
        let weights = [
            _mm256_unpacklo_epi16(low, high),
            _mm256_unpackhi_epi16(low, high),
        ];
        for (sums, weights) in pair.iter_mut().zip(weights) {
            add_eight(sums, _mm256_castsi256_ps(weights));
        }
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn add_eight(sums: &mut [f32; 8], weights: __m256) {
    let place = sums.as_mut_ptr();
    // SAFETY: `sums` has eight numbers, and these instructions ask for no alignment.
    unsafe { _mm256_storeu_ps(place, _mm256_add_ps(_mm256_loadu_ps(place), weights)) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(line: &Line) -> __m256i {
    // SAFETY: a line has 32 bytes and begins at a multiple of 32.
    unsafe { _mm256_load_si256(std::ptr::from_ref(line).cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(line: &mut Line, value: __m256i) {
    // SAFETY: a line has 32 bytes and begins at a multiple of 32.
    unsafe { _mm256_store_si256(std::ptr::from_mut(line).cast(), value) }
}

/// The same 16 bytes in either half.
#[target_feature(enable = "avx2")]
#[inline]
fn twice(bytes: &[u8; TABLE]) -> __m256i {
    // SAFETY: there are 16 bytes, and the instruction asks for no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}
