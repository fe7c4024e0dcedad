//! What a campaign was told: read with its version, and written only where nobody else told it
//! something meanwhile.

use lumimill_common::control::{Control, control_key};
use lumimill_common::form;
use lumimill_common::store::Version;

use super::Output;
use crate::stored::record;

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
        let bytes = self.store.get(&key).await?;
        let read = |bytes: Vec<u8>| record(self.store.as_ref(), &key, &bytes);
        bytes.map(read).transpose()
    }

    /// The same, to be told something else.
    pub async fn told(&self) -> anyhow::Result<Option<Told>> {
        let key = control_key();
        let Some((bytes, version)) = self.store.get_version(&key).await? else {
            return Ok(None);
        };
        let control = record(self.store.as_ref(), &key, &bytes)?;
        Ok(Some(Told { control, version }))
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
