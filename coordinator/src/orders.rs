//! What people tell a submitted campaign: to run, to wait, to go on, to stop. Several may tell it
//! something at one moment: each sees what the one before told, or is told that they were late.

use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{Control, ControlState};
use lumimill_common::store::Store;

use crate::output::{Output, Told};
use crate::roster::{active, over, set_active, set_ended, set_ending, set_going_on};

/// Somebody else told the campaign something meanwhile.
#[derive(Debug, thiserror::Error)]
#[error(
    "campaign {campaign}: somebody else {what} at the same moment, and so nothing was changed; look \
     with lumimill status, and do it again if it is still wanted"
)]
pub struct Overtaken {
    campaign: CampaignName,
    what: &'static str,
}

/// Puts a plan in force as it was told `before`, and lists the campaign as active. A pause stays;
/// one that was cancelled runs again.
///
/// # Errors
/// [`Overtaken`], and nothing is changed, when somebody else put a plan in force or cancelled it
/// meanwhile.
pub async fn put_in_force(
    output: &Output,
    root: &dyn Store,
    campaign: &CampaignName,
    before: Option<Told>,
    mut control: Control,
) -> anyhow::Result<Control> {
    let mut before = before;
    loop {
        let state = before.as_ref().map(|told| told.control.state);
        control.state = match state {
            Some(ControlState::Paused) => ControlState::Paused,
            _ => ControlState::Running,
        };
        if output.tell(before.as_ref(), &control).await? {
            set_active(root, campaign).await?;
            return Ok(control);
        }
        let now = output.told().await?;
        let what = late(before.as_ref(), now.as_ref());
        if let Some(what) = what {
            let campaign = campaign.clone();
            return Err(Overtaken { campaign, what }.into());
        }
        before = now;
    }
}

/// Another plan was put in force while shards were sent again.
#[derive(Debug, thiserror::Error)]
#[error(
    "campaign {0}: another plan was put in force at the same moment, by somebody who submitted it or \
     sent parts of it again, or as shards that were given up were accepted: look with lumimill \
     status, and do it again if it is still wanted"
)]
pub struct Replaced(CampaignName);

/// That a plan whose jobs were just published is still in force, so that they are done.
///
/// # Errors
/// [`Replaced`] when it is not.
pub(crate) async fn still_in_force(
    output: &Output,
    campaign: &CampaignName,
    control: &Control,
) -> anyhow::Result<()> {
    let now = output.control().await?;
    match now.is_some_and(|now| now.plan == control.plan) {
        true => Ok(()),
        false => Err(Replaced(campaign.clone()).into()),
    }
}

/// What somebody else did that is more than a pause or its end.
fn late(before: Option<&Told>, now: Option<&Told>) -> Option<&'static str> {
    const SUBMITTED: &str = "submitted it or sent parts of it again";
    let (before, now) = match (before, now) {
        (_, None) => return Some("removed it"),
        (None, Some(_)) => return Some(SUBMITTED),
        (Some(before), Some(now)) => (&before.control, &now.control),
    };
    let alike = Control {
        state: before.state,
        ..now.clone()
    };
    if alike != *before {
        return Some(SUBMITTED);
    }
    (now.state == ControlState::Cancelled && before.state != now.state).then_some("cancelled it")
}

/// What a submitted campaign can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Its jobs are dropped.
    Cancel,
    /// Its jobs wait.
    Pause,
    /// What waits goes on.
    Resume,
}

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// It was so before; nothing was changed.
    WasSo,
    /// The campaign was not submitted.
    NotSubmitted,
    /// The campaign is at its end; nothing was changed.
    AtItsEnd,
    /// The campaign is cancelled; nothing was changed.
    IsCancelled,
}

/// Tells a campaign something, whatever others tell it meanwhile.
pub async fn give(
    output: &Output,
    root: &dyn Store,
    campaign: &CampaignName,
    order: Order,
) -> anyhow::Result<Answer> {
    let state = loop {
        let Some(told) = output.told().await? else {
            return Ok(Answer::NotSubmitted);
        };
        let is_at_its_end = is_at_its_end(root, campaign).await?;
        let (state, answer) = match next(told.control.state, order, is_at_its_end) {
            Ok(state) => (state, None),
            // What is submitted next is not to begin paused.
            Err(answer @ Answer::AtItsEnd)
                if (told.control.state, order) == (ControlState::Paused, Order::Resume) =>
            {
                (ControlState::Running, Some(answer))
            }
            Err(answer) => return Ok(answer),
        };
        let control = Control {
            state,
            ..told.control.clone()
        };
        if output.tell(Some(&told), &control).await? {
            match answer {
                Some(answer) => return Ok(answer),
                None => break state,
            }
        }
    };
    match state {
        ControlState::Cancelled => end_cancelled(output, root, campaign).await?,
        ControlState::Running => set_active(root, campaign).await?,
        ControlState::Paused => {}
    }
    Ok(Answer::Done)
}

/// The state that an order leads to from another one.
fn next(state: ControlState, order: Order, is_at_its_end: bool) -> Result<ControlState, Answer> {
    use ControlState::{Cancelled, Paused, Running};
    match (state, order) {
        (Cancelled, Order::Cancel) => Err(Answer::WasSo),
        (Cancelled, _) => Err(Answer::IsCancelled),
        _ if is_at_its_end => Err(Answer::AtItsEnd),
        (_, Order::Cancel) => Ok(Cancelled),
        (Running, Order::Pause) => Ok(Paused),
        (Paused, Order::Resume) => Ok(Running),
        (Paused, Order::Pause) | (Running, Order::Resume) => Err(Answer::WasSo),
    }
}

/// Whether a campaign is at its end, and nobody looks at it.
pub(crate) async fn is_at_its_end(
    root: &dyn Store,
    campaign: &CampaignName,
) -> anyhow::Result<bool> {
    let is_listed = over(root).await?.contains(campaign);
    Ok(is_listed && !active(root).await?.contains(campaign))
}

/// Lists a cancelled campaign as ended, unless it was submitted again meanwhile.
async fn end_cancelled(
    output: &Output,
    root: &dyn Store,
    campaign: &CampaignName,
) -> anyhow::Result<()> {
    let ending = set_ending(root, campaign).await?;
    let control = output.control().await?;
    match control.map(|control| control.state) {
        Some(ControlState::Running | ControlState::Paused) => set_going_on(root, campaign).await,
        Some(ControlState::Cancelled) | None => set_ended(root, campaign, ending).await,
    }
}

#[cfg(test)]
mod tests;
