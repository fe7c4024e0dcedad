use super::*;
use crate::store::conformance;

// Whoever waits for a turn needs a runtime with threads, as that of the programs is.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::create(folder.path().join("campaign")).unwrap();
    conformance::check(&store).await;
}

#[tokio::test]
async fn what_is_no_object_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::create(folder.path()).unwrap();
    let key = |text: &str| -> Key { text.parse().unwrap() };
    let control = folder.path().join("_control.json");
    File::create(&control).unwrap().set_len(10 << 30).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("plan.parquet"))
        .status()
        .unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("campaign.toml")).unwrap();
    for (name, words) in [
        (
            "_control.json",
            "it has 10737418240 bytes, a control record has at most 65536",
        ),
        ("plan.parquet", "not a regular file"),
        ("campaign.toml", "not a regular file"),
    ] {
        let error = store.get(&key(name)).await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert_eq!(error.is_large(), name == "_control.json", "{error}");
        assert!(error.to_string().contains(words), "{error}");
        let part = store.get_range(&key(name), 0..16).await;
        assert_eq!(part.is_ok(), name == "_control.json", "{name}");
    }
}

/// Whatever somebody put into the place of an object is named, with what to do.
#[tokio::test]
async fn what_is_in_the_way_of_an_object_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::create(folder.path()).unwrap();
    let key = |text: &str| -> Key { text.parse().unwrap() };
    let at = |text: &str| folder.path().join(text);
    fs::create_dir_all(at("s/empty")).unwrap();
    fs::create_dir_all(at("s/full/inside")).unwrap();
    fs::write(at("s/_done"), "x").unwrap();
    std::os::unix::fs::symlink("nowhere", at("s/link")).unwrap();
    for (name, words) in [
        (
            "s/full",
            "a folder with something in it, expected a file: move it away",
        ),
        (
            "s/_done/1",
            "s/_done is a file, expected a folder: move it away",
        ),
        ("s/link/1", "s/link is a link that leads nowhere"),
    ] {
        let put = store.put(&key(name), Vec::new()).await.unwrap_err();
        assert!(
            !put.is_transient() && put.to_string().contains(words),
            "{put}"
        );
        let said = store.obstacle(&key(name)).await.unwrap();
        assert!(said.is_some_and(|said| said.contains(words)), "{name}");
    }
    let read = store.get(&key("s/full")).await.unwrap_err();
    assert!(read.to_string().contains("move it away"), "{read}");
    let listed = store.list(&key("s/_done")).await.unwrap_err();
    assert!(listed.to_string().contains("expected a folder"), "{listed}");
    // What is replaced is in nobody's way.
    for name in ["s/empty", "s/link", "s/new/1"] {
        assert_eq!(store.obstacle(&key(name)).await.unwrap(), None, "{name}");
        assert_eq!(store.get(&key(name)).await.unwrap(), None, "{name}");
        store.delete(&key(name)).await.unwrap();
        store.put(&key(name), Vec::new()).await.unwrap();
    }
}

#[tokio::test]
async fn links_are_listed_as_what_they_lead_to() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::create(folder.path()).unwrap();
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, folder.path().join(from)).unwrap();
    };
    for name in ["elsewhere/file", "elsewhere/folder/1", "s/0"] {
        store.put(&name.parse().unwrap(), vec![0; 7]).await.unwrap();
    }
    link("../elsewhere/file", "s/file");
    link("../elsewhere/folder", "s/folder");
    link("nowhere", "s/gone");
    link("..", "s/up");
    let listed = store.list(&"s".parse().unwrap()).await.unwrap();
    let names: Vec<_> = listed.iter().map(|it| (it.key.as_str(), it.size)).collect();
    assert!(names.contains(&("s/file", 7)), "{names:?}");
    assert!(names.contains(&("s/folder/1", 7)), "{names:?}");
    assert!(
        !names.iter().any(|(name, _)| *name == "s/gone"),
        "{names:?}"
    );
    assert!(
        names.len() < 20,
        "a link to above is not followed for ever: {names:?}"
    );
}

#[test]
fn scratch_is_cleared_while_others_open_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::create(folder.path()).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // It may come between the removal of a folder and that of the one above it.
                let _ = LocalStore::create(folder.path());
            }
        });
        let cleared: Vec<_> = (0..300).map(|_| store.clear_scratch()).collect();
        is_over.store(true, Ordering::Relaxed);
        for cleared in cleared {
            cleared.unwrap();
        }
    });
}

#[tokio::test]
async fn nothing_is_written_or_removed_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let store = LocalStore::create(folder.path()).unwrap();
    fs::write(other.path().join("1"), "precious").unwrap();
    fs::create_dir(folder.path().join("t")).unwrap();
    for link in ["s", "t/_done"] {
        std::os::unix::fs::symlink(other.path(), folder.path().join(link)).unwrap();
        let key: Key = format!("{link}/1").parse().unwrap();
        assert!(store.get(&key).await.unwrap().is_some());
        let version = version(b"precious");
        let replaced = store.put_if_version(&key, Vec::new(), &version).await;
        for done in [
            store.delete(&key).await,
            store.put(&key, Vec::new()).await,
            store.put_if_absent(&key, Vec::new()).await.map(|_| ()),
            replaced.map(|_| ()),
        ] {
            let error = done.unwrap_err();
            assert!(!error.is_transient(), "{error}");
            let words = "is a link to another folder";
            assert!(error.to_string().contains(words), "{error}");
        }
        let said = store.obstacle(&key).await.unwrap();
        assert!(said.is_some_and(|said| said.contains("a link to another folder")));
    }
    assert_eq!(fs::read(other.path().join("1")).unwrap(), b"precious");
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_store_whose_folder_is_a_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken");
    fs::write(&path, "x").unwrap();
    let error = LocalStore::create(path.join("campaign")).unwrap_err();
    assert!(!error.is_transient(), "{error}");
    assert!(error.to_string().contains("taken"), "{error}");
}
