//! The same where no processor has AVX2: there is none to be found.

use std::convert::Infallible;

use super::chunk_rows::BLOCKS;
use super::columns::Prepared;
use super::marks::{Rows, Tests};
use super::slices::{Line, Places, Slices};
use crate::score::features::LANES;

/// There is no value of it.
#[derive(Debug, Clone, Copy)]
pub(in crate::score::trees) struct Avx2(Infallible);

/// There is no value of it.
#[derive(Debug, Clone)]
pub(in crate::score::trees) struct Lookup(Infallible);

impl Avx2 {
    pub(in crate::score::trees) fn detect() -> Option<Self> {
        None
    }

    pub(super) fn marks<const WORDS: usize>(self, _: &Tests, _: &Prepared) -> Vec<Rows<WORDS>> {
        match self.0 {}
    }

    pub(super) fn find<const WORDS: usize>(
        self,
        _: &Slices,
        _: &[Rows<WORDS>],
        _: &mut Places<WORDS>,
        _: (usize, &mut [Line; BLOCKS]),
    ) {
        match self.0 {}
    }

    pub(in crate::score::trees) fn lookup(self, _: &[f32]) -> Option<Lookup> {
        match self.0 {}
    }
}

impl Lookup {
    pub(in crate::score::trees) fn add(&self, _: &Line, _: &mut [f32; LANES]) {
        match self.0 {}
    }
}
