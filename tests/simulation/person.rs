//! People, who do what people do: the commands' own code, behind a link that may break, in processes
//! that may be killed.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lumimill::campaign_file::Mistakes;
use lumimill::due::{Edit, Wanted};
use lumimill::edited::edited;
use lumimill::jobs::JobsOf;
use lumimill::orders::{Order, Overtaken, Replaced, give};
use lumimill::output::Output;
use lumimill::{resubmit, submit};
use lumimill_common::campaign::CampaignName;
use lumimill_common::queue::QueueError;
use lumimill_common::shard::Shard;
use tokio::time::{sleep, timeout};

use crate::control_log::{Command, Kind};
use crate::inputs::{Inputs, NAME};
use crate::link::Link;
use crate::random::Random;
use crate::world::{World, lock};

/// Something that a person wants of a campaign.
#[derive(Debug, Clone)]
pub(crate) enum Errand {
    Submit {
        version: usize,
        replace: bool,
        pool: &'static str,
    },
    Resubmit {
        wanted: Wanted,
        edit: Edit,
        pool: Option<&'static str>,
    },
    Order(Order),
}

/// What a command says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    /// Nothing was changed.
    Refused,
    /// It was done, and somebody else did something else meanwhile.
    Late,
    /// The command was killed, or store or broker did not answer.
    Unknown,
}

/// No command takes so long.
const FOR_EVER: Duration = Duration::from_secs(3600);

impl Errand {
    pub(crate) fn any(random: &Random, versions: usize) -> Self {
        let pool = *random.pick(&["cpu", "cpu", "highmem"]);
        match random.below(12) {
            0..4 => Self::Submit {
                version: random.below(versions as u64) as usize,
                replace: random.chance(700),
                pool,
            },
            4..8 => Self::resubmission(random),
            8 => Self::Order(Order::Pause),
            9 => Self::Order(Order::Resume),
            _ => Self::Order(Order::Cancel),
        }
    }

    fn resubmission(random: &Random) -> Self {
        let wanted = [
            Wanted::All,
            Wanted::Failed,
            Wanted::Failed,
            Wanted::Dead,
            Wanted::Missing,
            Wanted::Dropped,
        ];
        let wanted = random.pick(&wanted).clone();
        let parts = NonZeroU32::MIN.saturating_add(1);
        let edit = match (random.below(3), &wanted) {
            (0, _) => Edit::Split(parts),
            (1, Wanted::Failed | Wanted::Dead) => Edit::Accept,
            _ => Edit::None,
        };
        let pool = match (random.chance(300), edit) {
            (_, Edit::Accept) | (false, _) => None,
            (true, _) => Some("highmem"),
        };
        Self::Resubmit { wanted, edit, pool }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Submit { .. } => Kind::Submit,
            Self::Resubmit { .. } => Kind::Resubmit,
            Self::Order(order) => Kind::Order(*order),
        }
    }
}

/// Does an errand, again and again until there is an answer: what was killed half way is safe to
/// repeat.
pub(crate) async fn see_to(
    world: &Arc<World>,
    who: &str,
    inputs: &Inputs,
    errand: &Errand,
) -> Answer {
    for _ in 0..20 {
        let answer = try_once(world, who, inputs, errand).await;
        if answer != Answer::Unknown {
            return answer;
        }
        sleep(world.random.millis(500..8000)).await;
    }
    world.wrong(format!("{who} gets no answer: {errand:?}"));
    Answer::Unknown
}

async fn try_once(world: &Arc<World>, who: &str, inputs: &Inputs, errand: &Errand) -> Answer {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let link = Link::new(world, who);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    *lock(&link.command) = Some(Command {
        number,
        kind: errand.kind(),
        seen: None,
    });
    world.note(who, format_args!("{errand:?}"));
    let is_killed = world.random.chance(world.faults().queue * 3);
    let patience = world.random.millis(20..2500);
    let doing = Box::pin(done(&link, inputs, errand));
    let patience = if is_killed { patience } else { FOR_EVER };
    let Ok(done) = timeout(patience, doing).await else {
        if !is_killed {
            world.wrong(format!("{who}: {errand:?} does not end"));
        }
        world.note(who, "killed");
        link.kill();
        return Answer::Unknown;
    };
    link.kill();
    let answer = answer(&done);
    match done {
        Ok(said) => world.note(who, format_args!("{said}")),
        Err(error) => {
            let error = format!("{error:#}").replace('\n', " ");
            world.note(who, format_args!("{answer:?}: {error}"));
        }
    }
    let told = lock(&world.control_log);
    let wrong = match answer {
        Answer::Refused => told.wrote(number),
        Answer::Late => told.is_last(number),
        Answer::Done | Answer::Unknown => false,
    };
    drop(told);
    if wrong {
        world.wrong(format!(
            "{who} was refused, and what it did is in force: {errand:?}"
        ));
    }
    answer
}

fn answer(done: &anyhow::Result<String>) -> Answer {
    match done {
        Ok(_) => Answer::Done,
        Err(error) if error.is::<Overtaken>() || error.is::<Mistakes>() => Answer::Refused,
        Err(error) if error.is::<Replaced>() => Answer::Late,
        Err(_) => Answer::Unknown,
    }
}

async fn done(link: &Arc<Link>, inputs: &Inputs, errand: &Errand) -> anyhow::Result<String> {
    let site = link.site();
    let output = Output::share(&site.join(NAME)?).await?;
    let root = site.open()?;
    let campaign: CampaignName = NAME.parse()?;
    let publish =
        async |jobs_of: JobsOf<'_>, shards: &[&Shard]| publish(link, jobs_of, shards).await;
    match errand {
        Errand::Submit {
            version,
            replace,
            pool,
        } => {
            let version = &inputs.versions[*version];
            let file = &version.checked.file;
            let told = submit::told(&output).await?;
            let plan = version.checked.plan.clone();
            let plan = edited(plan, &file.base, &output).await?.plan;
            let asked = submit::Asked {
                path: &version.file,
                file,
                pool,
                replace: *replace,
            };
            let ready = submit::Ready::look(asked, told, plan, &output).await?;
            let submitted = ready.submit(asked, &output, root.as_ref(), &publish);
            let due = submitted.await?.due;
            Ok(format!(
                "submitted {:?}, {} due",
                version.name,
                due.shards.len()
            ))
        }
        Errand::Resubmit { wanted, edit, pool } => {
            let asked = resubmit::Asked {
                wanted,
                edit: *edit,
                pool: *pool,
            };
            let Some(ready) = resubmit::Ready::look(asked, &output).await? else {
                return Ok(String::from("nothing was submitted"));
            };
            if ready.due.is_nothing() {
                ready.leave(&campaign, &output, root.as_ref()).await?;
                return Ok(String::from("nothing is left to do"));
            }
            let publishing = ready.resubmit(&campaign, &output, root.as_ref(), &publish);
            publishing.await?;
            Ok(format!("{} due again", ready.due.shards.len()))
        }
        Errand::Order(order) => {
            let answer = give(&output, root.as_ref(), &campaign, *order).await?;
            Ok(format!("{answer:?}"))
        }
    }
}

/// As the command does: patiently.
async fn publish(link: &Arc<Link>, jobs_of: JobsOf<'_>, shards: &[&Shard]) -> anyhow::Result<()> {
    let mut tries = 0;
    loop {
        let queue = link.connect().await;
        match jobs_of
            .publish(queue.as_ref(), shards.iter().copied())
            .await
        {
            Ok(_) => return Ok(()),
            Err(QueueError { lasting: false, .. }) if tries < 100 => {}
            Err(error) => return Err(error.into()),
        }
        tries += 1;
        sleep(link.world.random.millis(300..3000)).await;
    }
}
