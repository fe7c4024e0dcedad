//! What every store must do, whatever is behind it.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::{Key, Md5, Store};

fn key(text: &str) -> Key {
    text.parse().expect("a key of the suite")
}

/// Runs the whole suite on a store; panics, naming what failed, when the contract is broken.
pub async fn check(store: &dyn Store) {
    check_small(store).await;
    puts_are_whole_or_nothing(store).await;
    large_files_move_in(store).await;
    listings_are_whole(store).await;
    nobody_is_overwritten_unseen(store).await;
}

/// The part of the suite that asks for answers of a few hundred bytes only, for a store whose
/// line does not carry more.
pub async fn check_small(store: &dyn Store) {
    visible_after_put(store).await;
    one_winner_where_absent(store).await;
    one_winner_of_a_version(store).await;
    ranges_are_of_the_object(store).await;
    files_move_in(store).await;
    a_link_keeps_what_was_there(store).await;
    listing_is_sorted_and_confined(store).await;
    folders_are_those_below_the_root(store).await;
    deleting_is_idempotent(store).await;
}

async fn visible_after_put(store: &dyn Store) {
    let key = key("stage/part-1.parquet");
    assert_eq!(
        store.get(&key).await.expect("get"),
        None,
        "nothing is there at first"
    );
    store.put(&key, b"first".to_vec()).await.expect("put");
    assert_eq!(store.get(&key).await.expect("get"), Some(b"first".to_vec()));
    store.put(&key, b"second".to_vec()).await.expect("put");
    assert_eq!(
        store.get(&key).await.expect("get"),
        Some(b"second".to_vec()),
        "the last put wins"
    );
    store.put(&key, Vec::new()).await.expect("put");
    assert_eq!(
        store.get(&key).await.expect("get"),
        Some(Vec::new()),
        "an empty object is one"
    );
}

/// What is listed of an object is of the bytes that it has, and of those that a later put gave it.
async fn listed_md5_is_that_of_the_bytes(store: &dyn Store) {
    let (folder, key) = (key("listed"), key("listed/_done/1"));
    for bytes in [&b"first"[..], b"second", b""] {
        store.put(&key, bytes.to_vec()).await.expect("put");
        let listed = store.list(&folder).await.expect("list");
        let listed: Vec<_> = listed.iter().map(|object| object.md5).collect();
        let expected = store.lists_md5().then(|| Md5::of(bytes));
        assert_eq!(listed, [expected]);
    }
    store.delete(&key).await.expect("delete");
}

async fn a_link_keeps_what_was_there(store: &dyn Store) {
    let (key, file) = (key("stage/part-9.parquet"), store.scratch().join("link"));
    assert!(!store.link(&key, &file), "nothing is there to link");
    store.put(&key, b"first".to_vec()).await.expect("put");
    if !store.link(&key, &file) {
        return store.delete(&key).await.expect("delete");
    }
    assert!(!store.link(&key, &file), "the name is taken");
    store.put(&key, b"second".to_vec()).await.expect("put");
    assert_eq!(std::fs::read(&file).expect("the link"), b"first");
    std::fs::remove_file(&file).expect("the link goes");
    assert_eq!(
        store.get(&key).await.expect("get"),
        Some(b"second".to_vec())
    );
    store.delete(&key).await.expect("delete");
}

async fn one_winner_where_absent(store: &dyn Store) {
    let key = key("stage/_done/1");
    assert!(
        store.put_if_absent(&key, b"a".to_vec()).await.expect("put"),
        "nobody was there"
    );
    assert!(
        !store.put_if_absent(&key, b"b".to_vec()).await.expect("put"),
        "somebody was"
    );
    assert_eq!(
        store.get(&key).await.expect("get"),
        Some(b"a".to_vec()),
        "the first one stays"
    );
}

async fn one_winner_of_a_version(store: &dyn Store) {
    let key = key("stage/_told");
    let none = store.get_version(&key).await.expect("get");
    assert_eq!(none, None, "nothing is there at first");
    store.put(&key, b"a".to_vec()).await.expect("put");
    let found = store.get_version(&key).await.expect("get");
    let (bytes, first) = found.expect("it was put");
    assert_eq!(bytes, b"a");
    let put = store.put_if_version(&key, b"b".to_vec(), &first).await;
    assert!(put.expect("put"), "it is the one that was read");
    let put = store.put_if_version(&key, b"c".to_vec(), &first).await;
    assert!(!put.expect("put"), "it is another one by now");
    let found = store.get_version(&key).await.expect("get");
    let (bytes, second) = found.expect("it was put");
    assert_eq!(bytes, b"b", "the second writer did nothing");
    store.delete(&key).await.expect("delete");
    let put = store.put_if_version(&key, b"d".to_vec(), &second).await;
    assert!(!put.expect("put"), "it is gone");
    assert_eq!(store.get(&key).await.expect("get"), None);
}

/// Several add their words to one object at once, each to what it read: none is lost, and none
/// is there twice.
async fn nobody_is_overwritten_unseen(store: &dyn Store) {
    const WRITERS: usize = 4;
    const WORDS: usize = 5;
    let key = key("stage/_added");
    store.put(&key, Vec::new()).await.expect("put");
    let (runtime, key) = (&Handle::current(), &key);
    let words = |writer: usize| (0..WORDS).map(move |word| format!("{writer}.{word} "));
    std::thread::scope(|threads| {
        for writer in 0..WRITERS {
            threads.spawn(move || {
                for word in words(writer) {
                    while !runtime.block_on(added(store, key, &word)) {}
                }
            });
        }
    });
    let text = store.get(key).await.expect("get").expect("it was put");
    let text = String::from_utf8(text).expect("words");
    for word in (0..WRITERS).flat_map(words) {
        assert_eq!(text.matches(&word).count(), 1, "{word:?} in {text:?}");
    }
}

/// Adds a word to what is there; `false` when somebody else was faster.
async fn added(store: &dyn Store, key: &Key, word: &str) -> bool {
    let found = store.get_version(key).await.expect("get");
    let (bytes, version) = found.expect("it was put");
    let mut text = String::from_utf8(bytes).expect("words");
    // The answer that it was written may have been lost, and somebody else have added to it.
    if text.contains(word) {
        return true;
    }
    text.push_str(word);
    let put = store.put_if_version(key, text.into_bytes(), &version);
    put.await.expect("put")
}

/// One writes two bodies in turn while another reads: what is read is one of them. Each has a
/// thread of its own, as a store may never let go of the one it is on; a store that needs the runtime must
/// find one with threads.
async fn puts_are_whole_or_nothing(store: &dyn Store) {
    let key = key("stage/_done/2");
    let bodies = [vec![b'a'; 100_000], vec![b'b'; 60_000]];
    store.put(&key, bodies[0].clone()).await.expect("put");
    let (runtime, key, bodies) = (&Handle::current(), &key, &bodies);
    std::thread::scope(|threads| {
        let reader = threads.spawn(|| changes_seen(runtime, store, key, bodies));
        let write = move || {
            let mut bodies = bodies.iter().cycle().skip(1);
            while !reader.is_finished() {
                let body = bodies.next().cloned().unwrap_or_default();
                let put = runtime.block_on(store.put(key, body));
                put.expect("put");
            }
        };
        let written = threads.spawn(write).join();
        written.expect("the writer");
    });
}

/// Reads until it has seen a few changes from one body to the other.
fn changes_seen(runtime: &Handle, store: &dyn Store, key: &Key, bodies: &[Vec<u8>]) {
    const CHANGES: usize = 4;
    const PATIENCE: Duration = Duration::from_secs(120);
    let begun = Instant::now();
    let (mut last, mut changes) = (None, 0);
    while changes < CHANGES {
        assert!(begun.elapsed() < PATIENCE, "{changes} changes were seen");
        let found = runtime.block_on(store.get(key)).expect("get");
        let found = found.expect("it is there all the time");
        let body = bodies.iter().position(|body| *body == found);
        let body = body.unwrap_or_else(|| panic!("neither body, {} bytes", found.len()));
        changes += usize::from(last.is_some_and(|last| last != body));
        last = Some(body);
    }
}

async fn ranges_are_of_the_object(store: &dyn Store) {
    let key = key("stage/ranged");
    assert_eq!(store.get_range(&key, 0..4).await.expect("get"), None);
    store.put(&key, b"0123456789".to_vec()).await.expect("put");
    for (range, expected) in [
        (0..4, "0123"),
        (3..7, "3456"),
        (0..10, "0123456789"),
        (8..20, "89"),
        (10..12, ""),
        (40..50, ""),
        (5..5, ""),
    ] {
        let found = store.get_range(&key, range.clone()).await.expect("get");
        assert_eq!(found.as_deref(), Some(expected.as_bytes()), "{range:?}");
    }
}

/// Large enough to be sent in parts where a store does that.
async fn large_files_move_in(store: &dyn Store) {
    let key = key("stage/part-3.parquet");
    let bytes: Vec<u8> = (0..9_000_003u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let file = store.scratch().join("part-3");
    std::fs::write(&file, &bytes).expect("scratch file");
    store.put_file(&key, &file).await.expect("put_file");
    assert!(!file.exists(), "the file moved");
    assert!(
        store.get(&key).await.expect("get") == Some(bytes),
        "byte for byte"
    );
}

async fn files_move_in(store: &dyn Store) {
    let key = key("stage/part-2.parquet");
    let file = store.scratch().join("part-2");
    std::fs::create_dir_all(store.scratch()).expect("scratch folder");
    std::fs::write(&file, b"from a file").expect("scratch file");
    store.put_file(&key, &file).await.expect("put_file");
    assert_eq!(
        store.get(&key).await.expect("get"),
        Some(b"from a file".to_vec())
    );
}

async fn listing_is_sorted_and_confined(store: &dyn Store) {
    listed_md5_is_that_of_the_bytes(store).await;
    for name in ["b", "a", "c/d"] {
        store
            .put(&key(&format!("listed/{name}")), name.into())
            .await
            .expect("put");
    }
    store
        .put(&key("listed-too"), Vec::new())
        .await
        .expect("put");
    let found = store.list(&key("listed")).await.expect("list");
    let found: Vec<_> = found
        .iter()
        .map(|object| (object.key.as_str(), object.size))
        .collect();
    assert_eq!(found, [("listed/a", 1), ("listed/b", 1), ("listed/c/d", 3)]);
    assert!(store.list(&key("nothing")).await.expect("list").is_empty());
}

async fn folders_are_those_below_the_root(store: &dyn Store) {
    for name in ["plan", "former/_done/1", "former/part-1", "other/x/y"] {
        store.put(&key(name), Vec::new()).await.expect("put");
    }
    let found = store.folders().await.expect("folders");
    assert!(found.is_sorted(), "{found:?}");
    let ours = |name: &&String| ["former", "other", "plan", "x"].contains(&name.as_str());
    let ours: Vec<_> = found.iter().filter(ours).collect();
    assert_eq!(ours, ["former", "other"]);
}

async fn listings_are_whole(store: &dyn Store) {
    let mut expected = Vec::new();
    for number in 0..40 {
        let name = format!("many/{number:02}");
        store.put(&key(&name), Vec::new()).await.expect("put");
        expected.push(name);
    }
    let found = store.list(&key("many")).await.expect("list");
    let found: Vec<_> = found.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(found, expected, "however many come with one answer");
    // Names as in the folder of a stage.
    let folders = ["_done/", "_failed/", "later/", "part-"].into_iter();
    let names = |folder: &'static str| (0..16).map(move |number| format!("{folder}{number:x}b"));
    let expected: Vec<String> = folders.flat_map(names).collect();
    for name in &expected {
        let key = key(&format!("staged/{name}"));
        store.put(&key, Vec::new()).await.expect("put");
    }
    let found = store.list(&key("staged")).await.expect("list");
    let found = found.iter().map(|object| object.key.as_str());
    let found: Vec<_> = found.filter_map(|it| it.strip_prefix("staged/")).collect();
    assert_eq!(found, expected, "however they are named");
}

async fn deleting_is_idempotent(store: &dyn Store) {
    let key = key("listed/a");
    for _ in 0..2 {
        store.delete(&key).await.expect("delete");
        assert_eq!(store.get(&key).await.expect("get"), None);
    }
}
