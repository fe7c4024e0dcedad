//! What a campaign was told: read with its version, and written only where nobody else told it
//! something meanwhile.

use std::collections::BTreeSet;

use lumimill_common::control::{Control, ControlState, control_key};
use lumimill_common::form;
use lumimill_common::store::Version;

use super::Output;
use crate::stored::{Unusable, bytes, large, record};

/// What sets a control record right.
const REMEDY: &str = "lumimill submit with the campaign file writes it anew; remove it where the \
                      campaign is with no pool";

/// What a campaign was told, as somebody read it.
#[derive(Debug, Clone)]
pub struct Told {
    /// What it was told.
    pub control: Control,
    version: Version,
}

impl Output {
    /// What the campaign was told to do, where it was submitted.
    pub async fn control(&self) -> anyhow::Result<Option<Control>> {
        let key = control_key();
        let bytes = bytes(self.store.as_ref(), &key, REMEDY).await?;
        let read = |bytes: Vec<u8>| record(self.store.as_ref(), &key, &bytes, REMEDY);
        bytes.map(read).transpose()
    }

    /// The same, to be told something else.
    pub async fn told(&self) -> anyhow::Result<Option<Told>> {
        let (store, key) = (self.store.as_ref(), control_key());
        let found = match store.get_version(&key).await {
            Err(error) if error.is_large() => {
                return Err(large(store, &key, &error, REMEDY).into());
            }
            found => found?,
        };
        let Some((bytes, version)) = found else {
            return Ok(None);
        };
        let control = record(store, &key, &bytes, REMEDY)?;
        Ok(Some(Told { control, version }))
    }

    /// The same, to be submitted anew: a record that is damaged says nothing, and is replaced.
    pub(crate) async fn told_or_damaged(&self) -> anyhow::Result<Option<Told>> {
        let damaged = match self.told().await {
            Err(error) if error.is::<Unusable>() => error,
            told => return told,
        };
        eprintln!("note: {damaged:#}");
        let (store, key) = (self.store.as_ref(), control_key());
        let found = match store.get_version(&key).await {
            // Nobody of ours wrote it, and it has no version that could be read.
            Err(error) if error.is_large() => {
                store.delete(&key).await?;
                None
            }
            found => found?,
        };
        Ok(found.map(|(_, version)| Told {
            control: Control {
                plan: String::new(),
                state: ControlState::Running,
                pool: String::new(),
                more_pools: BTreeSet::new(),
                base: String::new(),
            },
            version,
        }))
    }

    /// Tells the campaign what to do; `false`, and nothing is changed, when somebody else told it
    /// something since it was told this.
    pub async fn tell(&self, before: Option<&Told>, control: &Control) -> anyhow::Result<bool> {
        let (key, bytes) = (control_key(), form::write(control)?);
        Ok(match before {
            Some(told) => {
                let put = self.store.put_if_version(&key, bytes, &told.version);
                put.await?
            }
            None => self.store.put_if_absent(&key, bytes).await?,
        })
    }
}
