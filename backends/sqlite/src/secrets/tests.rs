//! Secrets of the environment and of the file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use mef_ports::{Secret, SecretRef, SecretVersion, Secrets as _, SecretsError};
use tempfile::TempDir;

use super::file::{add_line, parse_text, replace_line};
use super::local::{Environment, LocalSecrets};

fn reference(source: &str, name: &str) -> SecretRef {
    SecretRef { source: source.to_owned(), name: name.to_owned() }
}

fn token() -> SecretRef {
    reference("okta", "api-token")
}

fn file(text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.env");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

async fn get(secrets: &LocalSecrets) -> SecretVersion {
    secrets.get(&token()).await.unwrap()
}

/// The error with all that lies under it, as a log would hold it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut under = error.source();
    while let Some(error) = under {
        text += &format!(" {error}");
        under = error.source();
    }
    text
}

#[tokio::test]
async fn the_variable_is_named_after_source_and_secret() {
    let secrets = LocalSecrets::from_pairs([
        ("MEF_SECRET_OKTA_API_TOKEN", "1"),
        ("MEF_SECRET_A_B_C__D", "2"),
    ]);
    let found = get(&secrets).await;
    assert_eq!((found.value.expose(), found.version.as_str()), ("1", "environment"));
    assert_eq!(found.since, None);
    assert_eq!(secrets.get(&reference("a.b", "c-ød")).await.unwrap().value.expose(), "2");
}

#[tokio::test]
async fn the_environment_wins_over_the_file() {
    let (_folder, path) = file("MEF_SECRET_OKTA_API_TOKEN=file\nMEF_SECRET_OKTA_OTHER=other\n");
    let name = "MEF_SECRET_OKTA_API_TOKEN".to_owned();
    let pairs = BTreeMap::from([(name, "environment".to_owned())]);
    let secrets =
        LocalSecrets { environment: Environment::Pairs(pairs), ..LocalSecrets::of_a_test(path) };
    assert_eq!(get(&secrets).await.value.expose(), "environment");
    let other = secrets.get(&reference("okta", "other")).await.unwrap();
    assert_eq!(other.value.expose(), "other");
}

/// It holds what every test process has.
#[tokio::test]
async fn the_environment_of_the_process_is_read() {
    #[expect(clippy::disallowed_methods, reason = "it is compared with what is found")]
    let path = std::env::var("PATH").unwrap();
    let found = LocalSecrets::new(None).find_in_environment("PATH").unwrap().unwrap();
    assert_eq!(found.value.expose(), path);
}

#[tokio::test]
async fn lines_may_be_quoted_commented_and_exported() {
    for (text, value) in [
        ("MEF_SECRET_OKTA_API_TOKEN=a=b#c", "a=b#c"),
        ("# a comment\n\n  MEF_SECRET_OKTA_API_TOKEN = \"a b \"  \r\n", "a b "),
        ("export MEF_SECRET_OKTA_API_TOKEN='it''s'\n", "it''s"),
        ("MEF_SECRET_OKTA_API_TOKEN=\"\n", "\""),
        ("MEF_SECRET_OKTA_API_TOKEN=\"a'\n", "\"a'"),
        ("\u{feff}MEF_SECRET_OKTA_API_TOKEN=first line", "first line"),
        ("MEF_SECRET_OKTA_API_TOKEN=old\nMEF_SECRET_OKTA_API_TOKEN=new\n", "new"),
    ] {
        let (_folder, path) = file(text);
        let found = get(&LocalSecrets::of_a_test(path)).await;
        assert_eq!(found.value.expose(), value, "{text:?}");
    }
}

#[tokio::test]
async fn the_version_is_the_line_and_the_time_is_the_file_s() {
    let (_folder, path) = file("# one\n# two\nMEF_SECRET_OKTA_API_TOKEN=x\n");
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
    let found = get(&LocalSecrets::of_a_test(path)).await;
    assert_eq!(found.version, "file:3");
    assert_eq!(found.since.unwrap().to_string(), "2026-11-24T10:00:00Z");
}

#[tokio::test]
async fn a_changed_file_is_read_again() {
    let (_folder, path) = file("MEF_SECRET_OKTA_API_TOKEN=old\n");
    let secrets = LocalSecrets::of_a_test(path.clone());
    assert_eq!(get(&secrets).await.value.expose(), "old");
    std::fs::write(&path, "MEF_SECRET_OKTA_API_TOKEN=new\n").unwrap();
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    assert_eq!(get(&secrets).await.value.expose(), "new");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(secrets.get(&token()).await, Err(SecretsError::Missing { .. })));
}

/// As `cp -p` and a link that is swapped do.
#[cfg(unix)]
#[tokio::test]
async fn a_changed_file_of_the_same_time_and_size_is_read_again() {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_514_400);
    let (_folder, path) = file("MEF_SECRET_OKTA_API_TOKEN=old\n");
    let (_other, copy) = file("MEF_SECRET_OKTA_API_TOKEN=new\n");
    for path in [&path, &copy] {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    }
    let link = path.with_extension("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let (direct, linked) =
        (LocalSecrets::of_a_test(path.clone()), LocalSecrets::of_a_test(link.clone()));
    assert_eq!(get(&direct).await.value.expose(), "old");
    assert_eq!(get(&linked).await.value.expose(), "old");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&copy, &link).unwrap();
    assert_eq!(get(&linked).await.value.expose(), "new");
    std::fs::write(&path, "MEF_SECRET_OKTA_API_TOKEN=new\n").unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
    assert_eq!(get(&direct).await.value.expose(), "new");
}

/// Whoever knows that it is nothing but white space could sign with it.
#[tokio::test]
async fn a_blank_secret_is_missing() {
    for blank in ["\n", " ", "\u{a0}\r\n"] {
        let secrets = LocalSecrets::from_pairs([("MEF_SECRET_OKTA_API_TOKEN", blank)]);
        assert!(
            matches!(secrets.get(&token()).await, Err(SecretsError::Missing { .. })),
            "{blank:?}"
        );
    }
    let (_folder, path) = file("MEF_SECRET_OKTA_API_TOKEN=\" \"\n");
    let found = LocalSecrets::of_a_test(path).get(&token()).await;
    assert!(matches!(found, Err(SecretsError::Missing { .. })));
}

#[tokio::test]
async fn what_is_missing_says_which_variable_and_which_line() {
    let (_folder, path) = file("MEF_SECRET_OKTA_API_TOKEN=\"\"\n");
    let error = LocalSecrets::of_a_test(path.clone()).get(&token()).await.unwrap_err();
    let path = path.display();
    assert_eq!(
        error.to_string(),
        format!(
            "the secret `okta/api-token` is not set: set the environment variable \
             MEF_SECRET_OKTA_API_TOKEN, or write the line `MEF_SECRET_OKTA_API_TOKEN=…` into {path}"
        )
    );
}

#[tokio::test]
async fn an_empty_variable_is_missing() {
    let secrets = LocalSecrets::from_pairs([("MEF_SECRET_OKTA_API_TOKEN", "")]);
    let found = secrets.get(&token()).await;
    assert!(matches!(found, Err(SecretsError::Missing { .. })), "{found:?}");
}

/// A key in several lines is the usual reason, and its lines are the key.
#[tokio::test]
async fn a_broken_line_is_named_and_not_shown() {
    let (_folder, path) = file("MEF_SECRET_OKTA_API_TOKEN=\"s3cr3t\nmore-s3cr3t\"\n");
    let error = LocalSecrets::of_a_test(path).get(&token()).await.unwrap_err();
    let text = whole(&error);
    assert!(text.contains("secrets.env:2: not a line"), "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_no_missing_secret() {
    let (folder, path) = file(b"MEF_SECRET_OKTA_API_TOKEN=s3cr3t\xff\n");
    let below = path.join("secrets.env");
    for unreadable in [path, below, folder.path().to_owned()] {
        let error = LocalSecrets::of_a_test(unreadable.clone()).get(&token()).await.unwrap_err();
        assert!(matches!(error, SecretsError::Store(_)), "{error:?}");
        let text = whole(&error);
        assert!(text.contains(&*unreadable.to_string_lossy()), "{text}");
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}

#[tokio::test]
async fn a_replaced_secret_leaves_the_rest_of_the_file_as_it_is() {
    let text = "# of the vendor\nMEF_SECRET_OKTA_API_TOKEN=old\nOTHER='a b'\n\nMEF_SECRET_OKTA_API_TOKEN=\"last\"";
    let (_folder, path) = file(text);
    let secrets = LocalSecrets::of_a_test(path.clone());
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "last");
    secrets.replace(&token(), &Secret::new("new=/+")).await.unwrap();
    assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "new=/+");
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "# of the vendor\nMEF_SECRET_OKTA_API_TOKEN=old\nOTHER='a b'\n\nMEF_SECRET_OKTA_API_TOKEN=new=/+\n"
    );
    // What a line cannot hold is not stored, and not shown.
    for value in ["s3cr3t\nOTHER=x", " s3cr3t", "\"s3cr3t\""] {
        let error = secrets.replace(&token(), &Secret::new(value)).await.unwrap_err();
        assert!(!whole(&error).contains("s3cr3t"), "{error}");
        assert_eq!(secrets.get(&token()).await.unwrap().value.expose(), "new=/+");
    }
}

/// The next process would have the old one again.
#[tokio::test]
async fn a_secret_of_the_environment_is_not_replaced() {
    let secrets = LocalSecrets::from_pairs([("MEF_SECRET_OKTA_API_TOKEN", "old")]);
    let error = secrets.replace(&token(), &Secret::new("n3w-value")).await.unwrap_err();
    let text = whole(&error);
    assert!(text.contains("MEF_SECRET_OKTA_API_TOKEN") && text.contains("secrets file"), "{text}");
    assert!(!text.contains("n3w-value"), "{text}");
}

/// Each change is made of the file as the one before it left it.
#[cfg(unix)]
#[test]
fn changes_at_once_lose_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path) = file("KEPT=1\n");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::thread::scope(|threads| {
        for number in 0..8 {
            let path = &path;
            threads.spawn(move || {
                for turn in 0..10 {
                    replace_line(path, &format!("R{number}"), &format!("{turn}")).unwrap();
                }
                assert!(add_line(path, &format!("A{number}"), "x").unwrap());
            });
        }
    });
    let lines = parse_text(&path, &std::fs::read_to_string(&path).unwrap()).unwrap();
    for number in 0..8 {
        assert_eq!(lines[&format!("R{number}")].1.expose(), "9");
        assert_eq!(lines[&format!("A{number}")].1.expose(), "x");
    }
    assert_eq!(lines.len(), 17);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}
