//! `mef render`: what it makes of source files, and that it is the same every time.

use std::path::Path;

use crate::support::{Folder, HOOK, HOOK_SCHEMA, stderr};

const TEMPLATE: &str = "Parameters:
  # mef render: parameters
Mappings:
  # mef render: mappings
Conditions:
  # mef render: conditions
Resources:
  # mef render: resources
Outputs:
  # mef render: outputs
";

const PULLED: &str = "
source: audit-log
poll:
  schedule: rate(1 day)
  auth: { bearer: \"{secret.api_token}\" }
  request: { get: \"https://api.example.com/log\", query: { since: \"{window.start|rfc3339}\" } }
  records: \"\"
  cursor: { time: at, end_lag: 2m }
event: { map: { summary: audit } }
";

const BY_TOKEN: &str = "
source: 1pass_word
poll:
  schedule: rate(5 minutes)
  auth: { bearer: \"{secret.api_token}\" }
  request: { get: \"https://api.example.com/log\", query: { cursor: \"{cursor.token}\" } }
  next: { token: { from: next, query: cursor } }
  records: items
  cursor: { token: next }
event: { map: { summary: item } }
";

fn repository() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/..").to_owned()
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("app.yml", TEMPLATE);
    folder.write("sources/hook/source.yml", HOOK).write("sources/hook/schema.json", HOOK_SCHEMA);
    folder.write("sources/hook/tests/x.request.json", "{}");
    folder.write("sources/audit.source.yml", PULLED);
    folder
}

fn render(folder: &Folder, out: &str) -> String {
    folder.lines(&["render", "sources", "--template", "app.yml", "--out", out]);
    std::fs::read_to_string(folder.path(out).join("template.yml")).unwrap()
}

/// The files below a folder, by name.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found.sort();
    found
}

#[test]
fn a_source_becomes_a_schedule_its_secrets_alarms_and_a_url() {
    insta::assert_snapshot!(render(&folder(), "out"));
}

#[test]
fn a_cursor_by_token_has_no_lag_and_alarms_when_every_run_fails() {
    let folder = folder();
    folder.write("sources/token/source.yml", BY_TOKEN);
    let template = render(&folder, "out");
    assert!(template.contains("  Failing1passWordX"), "{template}");
    assert!(!template.contains("  Lag1passWordX"), "{template}");
}

#[test]
fn only_the_handler_may_store_what_a_sender_brings() {
    let folder = folder();
    let rule = "\n  handshake: [ { when: { method: POST, present: [header.x-hook-secret] }, auth: none, respond: { builtin: stored_secret, header: X-Hook-Secret, secret: hook_secret, enrol_until: 2026-12-31T00:00:00Z } } ]\n";
    let verify = "  verify: [ { hmac: { hash: sha256, secrets: [hook_secret], text: \"{body}\", signature: { from: header.x-s, encoding: hex } } } ]";
    assert!(!render(&folder, "out").contains("StoreSecrets"));
    folder.write("sources/asked/source.yml", &format!("source: asked\nwebhook:\n{verify}{rule}"));
    let template = render(&folder, "out");
    let (_, stored) = template.split_once("StoredSecrets1:").unwrap();
    let (stored, _) = stored.split_once("PollSecrets1:").unwrap();
    assert!(stored.contains("Roles: [!Ref HandlerRole]"), "{stored}");
    assert!(stored.contains("Action: ssm:PutParameter"), "{stored}");
    assert_eq!(stored.matches("arn:").count(), 1, "{stored}");
    assert!(stored.contains("/asked/${Stage}/hook_secret"), "{stored}");
}

#[test]
fn the_package_has_the_sources_with_their_schemas_and_nothing_else() {
    let folder = folder();
    render(&folder, "out");
    let packaged = |folder: &Folder| {
        let package = folder.path("out/package");
        let cut = format!("{}/", package.display());
        files(&package).iter().map(|name| name.replace(&cut, "")).collect::<Vec<_>>()
    };
    let all =
        ["sources/audit-log/source.yml", "sources/hook/schema.json", "sources/hook/source.yml"];
    assert_eq!(packaged(&folder), all);
    // What is no longer a source is no longer deployed; a binary that was put there stays.
    folder.write("out/package/bootstrap", "binary");
    std::fs::remove_dir_all(folder.path("sources/hook")).unwrap();
    render(&folder, "out");
    assert_eq!(packaged(&folder), ["bootstrap", "sources/audit-log/source.yml"]);
}

#[test]
fn the_real_template_is_filled_in_and_the_same_twice() {
    let folder = Folder::new();
    let (root, examples) = (repository(), format!("{}/config-examples", repository()));
    let template = format!("{root}/infra/app.yml");
    let render = |out: &str| {
        folder.lines(&["render", &examples, "--template", &template, "--out", out]);
        let rendered = std::fs::read_to_string(folder.path(out).join("template.yml")).unwrap();
        let prefix = format!("{}/", folder.path(out).display());
        let files = files(&folder.path(out));
        let files: Vec<_> = files
            .iter()
            .map(|name| (name.replace(&prefix, ""), std::fs::read(name).unwrap()))
            .collect();
        (rendered, files)
    };
    let first = render("a");
    assert!(!first.0.contains("# mef render:"), "a marker is left");
    for part in ["  ScheduleOkta:", "  WebhookUrlGithub:", "/okta/${Stage}/api_token\""] {
        assert!(first.0.contains(part), "{part}");
    }
    assert!(first == render("b"));
}

#[test]
fn a_broken_source_file_or_template_is_said_and_nothing_is_written() {
    let folder = folder();
    folder.write("broken.yml", "Resources:\n");
    let output = folder.mef(&["render", "sources", "--template", "broken.yml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("no line `# mef render: parameters`"), "{}", stderr(&output));
    folder.write("sources/hook/source.yml", &HOOK.replace("delivery_id", "delivery_ids"));
    let output = folder.mef(&["render", "sources", "--template", "app.yml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("source.yml:5:3"), "{}", stderr(&output));
    assert!(!folder.path("out").exists());
}

/// A REST API would hand over the query in other words.
#[test]
fn a_source_that_signs_its_url_is_named() {
    let folder = folder();
    let signed = "source: signed\nwebhook:\n  public_url: https://hooks.example.com/signed\n  verify:\n    - hmac: { hash: sha256, secrets: [key], text: \"{url}{body}\", signature: { from: header.X-Sig, encoding: hex } }\n";
    folder.write("sources/signed/source.yml", signed);
    let said = said(&folder, &[]);
    assert!(said.contains("with ApiType=REST: `signed` signs the URL"), "{said}");
    assert!(!said.contains("`hook` signs"), "{said}");
    let said = |api| self::said(&folder, &["--api-type", api]);
    assert!(said("REST").contains("warning: `signed` signs the URL"), "{}", said("REST"));
    for api in ["HTTP", "URL"] {
        assert!(!said(api).contains("signs the URL"), "{}", said(api));
    }
}

/// Its URL is made with it, and the functions start before.
#[test]
fn a_source_that_asks_where_a_function_url_is_is_named() {
    let folder = folder();
    let placed = "source: placed\nwebhook: { unauthenticated: \"a test\", public_url: \"{endpoint}/placed\" }\n";
    folder.write("sources/placed/source.yml", placed);
    let said = |api| self::said(&folder, &["--api-type", api]);
    assert!(said("URL").contains("`placed` signs a URL below `{endpoint}`"), "{}", said("URL"));
    assert!(!said("HTTP").contains("placed"), "{}", said("HTTP"));
}

/// What `mef render` says to a person.
fn said(folder: &Folder, more: &[&str]) -> String {
    let command = ["render", "sources", "--template", "app.yml", "--out", "out"];
    let output = folder.mef(&[&command, more].concat());
    assert!(output.status.success());
    stderr(&output)
}

/// Lambda would never see it, and the vendor alone would learn of it.
#[test]
fn a_source_that_takes_more_than_reaches_lambda_is_named_with_the_number() {
    let folder = folder();
    let of = |name: &str, size: &str| {
        let text = format!(
            "source: {name}\nwebhook: {{ unauthenticated: \"a test\", max_body: {size} }}\n"
        );
        folder.write(&format!("sources/{name}/source.yml"), &text);
    };
    of("largest", "4560KiB");
    of("larger", "4561KiB");
    let said = said(&folder, &[]);
    assert!(said.contains("`larger` takes bodies of 4670464 bytes"), "{said}");
    assert!(said.contains("above 4669440 may not reach a function"), "{said}");
    assert!(!said.contains("`largest` takes") && !said.contains("`hook` takes"), "{said}");
}

#[test]
fn the_throttle_grows_with_the_pushed_sources() {
    let folder = folder();
    assert!(render(&folder, "out").contains("Sources: { Rate: 100, Burst: 200 }"));
    folder.write(
        "sources/more/source.yml",
        "source: more\nwebhook: { unauthenticated: \"a test\" }\n",
    );
    assert!(render(&folder, "out").contains("Sources: { Rate: 120, Burst: 400 }"));
}

/// With a shorter period it would be over between two runs of a source that is still behind.
#[test]
fn the_alarm_of_what_is_behind_looks_back_over_the_longest_schedule() {
    let folder = folder();
    let period = |seconds: u64| format!("  Behind:\n    Sources: {{ Period: {seconds} }}\n");
    // One source is pulled once a day, and a run takes a quarter of an hour at most.
    folder.write("sources/token/source.yml", BY_TOKEN);
    assert!(render(&folder, "out").contains(&period(87_300)));
    // No alarm looks back further than seven days.
    folder.write("sources/audit.source.yml", &PULLED.replace("rate(1 day)", "rate(7 days)"));
    assert!(render(&folder, "out").contains(&period(604_800)));
    std::fs::remove_file(folder.path("sources/audit.source.yml")).unwrap();
    assert!(render(&folder, "out").contains(&period(3_600)));
}
