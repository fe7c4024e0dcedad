//! What every store must do, whatever is behind it.

use super::{Key, Store};

fn key(text: &str) -> Key {
    text.parse().expect("a key of the suite")
}

/// Runs the whole suite on a store; panics, naming what failed, when the contract is broken.
pub async fn check(store: &dyn Store) {
    visible_after_put(store).await;
    one_winner_where_absent(store).await;
    files_move_in(store).await;
    listing_is_sorted_and_confined(store).await;
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

async fn deleting_is_idempotent(store: &dyn Store) {
    let key = key("listed/a");
    for _ in 0..2 {
        store.delete(&key).await.expect("delete");
        assert_eq!(store.get(&key).await.expect("get"), None);
    }
}
