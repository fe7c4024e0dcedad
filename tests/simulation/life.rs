//! One seed, from the first submission to the last look.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use lumimill_common::queue::{Queue, Settle, jobs};
use lumimill_common::store::Store;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Lived;
use crate::actors::{Actor, Role};
use crate::end::End;
use crate::inputs::Inputs;
use crate::old_fault::OldFault;
use crate::person::{Errand, see_to};
use crate::spoilt_pack::spoil_a_pack;
use crate::world::World;

/// Time from one moment at which machines and networks may fail to the next.
const STEP: Duration = Duration::from_millis(500);

/// Lives one seed, with a fault of old in it, if there is to be one.
pub(crate) fn live(seed: u64, inputs: &Arc<Inputs>, fault: Option<OldFault>) -> Lived {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let entered = runtime.enter();
    let world = Arc::new(World::new(seed, &inputs.scratch, fault));
    drop(entered);
    let people = LocalSet::new();
    let living = AssertUnwindSafe(|| people.block_on(&runtime, lived(&world, inputs)));
    if let Err(panic) = catch_unwind(living) {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        world.wrong(format!("panic: {}", text.unwrap_or_default()));
    }
    drop((people, runtime));
    Lived {
        seed,
        wrong: world.all_wrong(),
        history: world.history(),
    }
}

async fn lived(world: &Arc<World>, inputs: &Arc<Inputs>) {
    let random = &world.random;
    let mut actors = Vec::new();
    let mut start = |name: String, role: Role| actors.push(Actor::start(world, name, role));
    for number in 0..1 + random.below(2) {
        start(format!("coordinator-{number}"), Role::Coordinator);
    }
    for number in 0..1 + random.below(3) {
        let slots = 1 + random.below(2) as u16;
        start(
            format!("worker-{number}"),
            Role::Worker { pool: "cpu", slots },
        );
    }
    let highmem = Role::Worker {
        pool: "highmem",
        slots: 1,
    };
    start(String::from("highmem"), highmem);
    world.note(
        "world",
        format_args!("{:?}, {} actors", world.faults(), actors.len()),
    );
    let time = random.millis(5000..24_000);
    let moments = (0..1 + random.below(4)).map(|_| random.millis(0..time.as_millis() as u64));
    let moments: Vec<Duration> = moments.collect();
    let mut people = Vec::new();
    for number in 0..1 + random.below(3) {
        let errands = errands(world, inputs, number, &moments);
        let (world, inputs) = (world.clone(), inputs.clone());
        people.push(tokio::task::spawn_local(async move {
            let who = format!("person-{number}");
            for (at, errand) in errands {
                sleep_until(at).await;
                see_to(&world, &who, &inputs, &errand).await;
            }
        }));
    }
    trouble(world, &mut actors, Instant::now() + time).await;
    world.calm();
    for actor in &mut actors {
        if actor.is_over() || actor.is_leaving() {
            actor.restart(world);
        }
    }
    for person in people {
        if person.await.is_err() {
            world.wrong("a command panicked");
        }
    }
    match End::of(world, inputs) {
        Ok(end) => end.see().await,
        Err(error) => world.wrong(format!("{error:#}")),
    }
    for actor in &actors {
        if actor.is_over() {
            world.wrong(format!("{} died while nothing went wrong", actor.name));
        }
    }
    match left(world).await {
        Ok(left) => world.note("left", left),
        Err(error) => world.wrong(format!("{error:#}")),
    }
}

/// What a life leaves: whoever lives it again leaves the same, and asked chance as often.
async fn left(world: &World) -> anyhow::Result<String> {
    let mut objects = 0;
    let mut hasher = blake3::Hasher::new();
    for folder in world.store.folders().await? {
        for object in world.store.list(&folder.parse()?).await? {
            objects += 1;
            hasher.update(object.key.as_str().as_bytes());
            // Other objects name the folder of the input, or the time of day.
            if object.key.file_name().starts_with("part-") {
                hasher.update(&world.store.get(&object.key).await?.unwrap_or_default());
            }
        }
    }
    let (hash, next) = (hasher.finalize(), world.random.below(u64::MAX));
    Ok(format!("{objects} objects, {hash}, chance {next:x}"))
}

/// What a person is about to do, and when: at one of a few moments, when others do something, too.
fn errands(
    world: &World,
    inputs: &Inputs,
    number: u64,
    moments: &[Duration],
) -> Vec<(Instant, Errand)> {
    let random = &world.random;
    let mut errands = Vec::new();
    if number == 0 {
        let first = Errand::Submit {
            version: 0,
            replace: false,
            pool: "cpu",
        };
        errands.push((Instant::now(), first));
    }
    for _ in 0..random.below(4) {
        let moment = *random.pick(moments);
        let apart = match random.chance(500) {
            true => Duration::ZERO,
            false => random.millis(0..2000),
        };
        let errand = Errand::any(random, inputs.versions.len());
        errands.push((Instant::now() + moment + apart, errand));
    }
    errands.sort_by_key(|(at, _)| *at);
    errands
}

/// Until a time, lets happen what happens to machines and networks.
async fn trouble(world: &Arc<World>, actors: &mut [Actor], until: Instant) {
    let random = &world.random;
    let rates = [0, 20, 60].map(|most| random.below(most + 1));
    let rate = *random.pick(&rates);
    while Instant::now() < until {
        sleep(STEP).await;
        for actor in actors.iter_mut() {
            if actor.is_over() && actor.again.is_none() {
                actor.again = Some(Instant::now() + random.millis(300..8000));
            }
            if actor.again.is_some_and(|again| again <= Instant::now()) {
                actor.restart(world);
            }
            if actor.again.is_none() && random.chance(rate) {
                happens_to(world, actor);
            }
        }
        if random.chance(rate / 4) {
            let time = random.millis(500..10_000);
            world.note("store", format_args!("out for {time:?}"));
            world.outage(Instant::now() + time);
        }
        if random.chance(rate / 8) {
            lose_jobs(world).await;
        }
        if random.chance(rate)
            && let Err(error) = spoil_a_pack(world).await
        {
            world.wrong(format!("{error:#}"));
        }
    }
}

fn happens_to(world: &World, actor: &Actor) {
    let random = &world.random;
    match random.below(4) {
        0 => {
            world.note(&actor.link.name, "killed");
            actor.kill();
        }
        1 => {
            world.note(&actor.link.name, "asked to end");
            actor.quit();
        }
        2 => {
            world.note(&actor.link.name, "loses its connection to the broker");
            actor.link.cut();
        }
        _ => {
            let time = random.millis(500..15_000);
            world.note(
                &actor.link.name,
                format_args!("does not reach the store for {time:?}"),
            );
            actor.link.cut_off(Instant::now() + time);
        }
    }
}

/// The broker loses its disk.
async fn lose_jobs(world: &World) {
    world.note("broker", "lost all jobs that waited");
    for pool in ["cpu", "highmem"] {
        let queue = jobs(pool);
        while world.queue.depth(&queue).await.is_ok_and(|depth| depth > 0) {
            let Ok(mut consumer) = world.queue.consume(&queue, 1).await else {
                return;
            };
            if let Ok(delivery) = consumer.next().await {
                let _ = delivery.settle(Settle::Done).await;
            }
        }
    }
}
