//! What the campaign was told, by whom, and whether they might: nobody undoes what they have not seen.

use lumimill::orders::Order;
use lumimill_common::control::{Control, ControlState};

/// What a person does to a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Submit,
    Resubmit,
    Order(Order),
}

/// A command at work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    /// How much had been told when it first looked.
    pub(crate) seen: Option<usize>,
}

#[derive(Debug)]
struct Told {
    command: Option<u64>,
    control: Control,
}

/// Everything that a campaign was told, in order.
#[derive(Debug, Default)]
pub(crate) struct ControlLog(Vec<Told>);

impl ControlLog {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn wrote(&self, command: u64) -> bool {
        self.0.iter().any(|told| told.command == Some(command))
    }

    pub(crate) fn is_last(&self, command: u64) -> bool {
        let last = self.0.last();
        last.is_some_and(|told| told.command == Some(command))
    }

    /// Adds what was told, by a person's command or by a coordinator; says what is wrong with it.
    pub(crate) fn add(&mut self, command: Option<Command>, control: &Control) -> Vec<String> {
        let before = self.0.last().map(|told| &told.control);
        let mut wrong = match command {
            None => coordinator(before, control),
            Some(command) => self.person(command, before, control),
        };
        if let Some(command) = command {
            let what = format!("{command:?}: {before:?} became {control:?}");
            wrong
                .iter_mut()
                .for_each(|why| why.push_str(&format!(" ({what})")));
        }
        self.0.push(Told {
            command: command.map(|command| command.number),
            control: control.clone(),
        });
        wrong
    }

    fn person(&self, command: Command, before: Option<&Control>, control: &Control) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut check = |is_right: bool, why: &str| {
            if !is_right {
                wrong.push(why.to_owned());
            }
        };
        if let (Kind::Submit | Kind::Resubmit, Some(seen)) = (command.kind, command.seen) {
            let is_others = |told: &&Told| told.command != Some(command.number);
            let unseen = self.0.get(seen..).unwrap_or_default();
            let last = unseen.iter().rfind(is_others);
            let known = seen.checked_sub(1).and_then(|at| self.0.get(at));
            // Whoever ran it again since, or runs it now, has seen that it was cancelled.
            let is_cancelled = |told: &Told| told.control.state == ControlState::Cancelled;
            check(
                !last.is_some_and(is_cancelled) || known.is_some_and(is_cancelled),
                "it revived what was cancelled meanwhile",
            );
            // What others did and undid again is as it was seen.
            check(
                last.is_none_or(|last| known.is_some_and(|it| alike(&it.control, &last.control))),
                "it undid a plan that it had not seen",
            );
        }
        let state = before.map(|before| before.state);
        let is_paused = control.state == ControlState::Paused;
        match command.kind {
            Kind::Submit | Kind::Resubmit => check(
                is_paused == (state == Some(ControlState::Paused)),
                "a pause did not stay, or was made up",
            ),
            Kind::Order(Order::Resume) => check(
                state == Some(ControlState::Paused),
                "it resumed what was not paused",
            ),
            Kind::Order(_) => check(
                state != Some(ControlState::Cancelled),
                "what is cancelled was told something",
            ),
        }
        if command.kind != Kind::Submit {
            let stays = before.is_some_and(|before| before.pool == control.pool);
            check(stays, "it moved the campaign to another pool");
        }
        if let Kind::Order(_) = command.kind {
            let is_same = before.is_some_and(|before| alike(before, control));
            check(is_same, "an order changed the plan");
        }
        wrong
    }
}

fn alike(a: &Control, b: &Control) -> bool {
    (&a.plan, &a.pool, &a.more_pools) == (&b.plan, &b.pool, &b.more_pools)
}

/// What a coordinator may do: put a plan in force without what was given up.
fn coordinator(before: Option<&Control>, control: &Control) -> Vec<String> {
    let is_right = before.is_some_and(|before| {
        let without = Control {
            plan: control.plan.clone(),
            ..before.clone()
        };
        without == *control && before.state == ControlState::Running
    });
    match is_right {
        true => Vec::new(),
        false => vec![format!("a coordinator made {control:?} of {before:?}")],
    }
}
