//! The identity of a collision: run, lumi section and event number.
//!
//! Newtypes, so that a lumi section is never taken for a run. Any value is allowed here:
//! simulation uses run 1 and private samples even lumi section 0; what a certification may
//! name is the business of [`crate::lumi_mask`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// A run: an uninterrupted period of data taking with one configuration.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Run(u32);

impl Run {
    /// The run of this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A lumi section (luminosity block) of a run: about 23 s at CMS, the unit of certification.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LumiSection(u32);

impl LumiSection {
    /// The lumi section of this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number within the run.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for LumiSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of an event within its run; unique there in collision data.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct EventNumber(u64);

impl EventNumber {
    /// The event of this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number within the run.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for EventNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
