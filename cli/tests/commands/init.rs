//! `mef init`: the catalogue, and a source folder out of it.

use serde_json::{Value, json};

use crate::support::{Folder, stderr, stdout};

fn catalogue(folder: &Folder) -> Vec<Value> {
    let lines = folder.lines(&["init", "--json"]);
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_vendor_of_the_catalogue_gets_a_source_that_loads_once_its_needs_are_written() {
    let folder = Folder::new();
    let all = catalogue(&folder);
    assert!(all.iter().any(|vendor| vendor["name"] == "slack"));
    for vendor in &all {
        let name = vendor["name"].as_str().unwrap();
        folder.lines(&["init", name, "--sources", "all"]);
        let file = format!("all/{name}/source.yml");
        let text = std::fs::read_to_string(folder.path(&file)).unwrap();
        let needs: Vec<_> = vendor["needs"].as_array().unwrap().iter().collect();
        if !needs.is_empty() {
            let check = folder.mef(&["check", &file]);
            assert_eq!(check.status.code(), Some(1), "{name} cannot know {needs:?}");
        }
        let mut filled = text.clone();
        for need in needs {
            let need = need.as_str().unwrap();
            filled = filled.replace(&format!("# {need}: "), &format!("{need}: "));
        }
        folder.write(&file, &filled);
        let check = folder.mef(&["check", &file]);
        assert!(check.status.success(), "{}\n{filled}", stderr(&check));
        let secrets = folder.lines(&["secrets", "list", "--json", "--sources", &file]);
        assert_eq!(secrets.len(), vendor["secrets"].as_object().unwrap().len(), "{name}");
    }
}

#[test]
fn what_to_do_next_is_said_and_nothing_is_written_over() {
    let folder = Folder::new();
    let output = folder.mef(&["init", "slack", "--name", "our-slack", "--json"]);
    let made: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(made["source"], "our-slack");
    assert_eq!(made["secrets"], json!(["MEF_SECRET_OUR_SLACK_WEBHOOK_SECRET"]));
    let said = stderr(&output);
    for step in ["/our-slack", "MEF_SECRET_OUR_SLACK_WEBHOOK_SECRET=…", "Signing Secret"] {
        assert!(said.contains(step), "{step}: {said}");
    }
    assert!(folder.path("our-slack/tests/README.md").is_file());
    folder.write("our-slack/source.yml", "mine");
    let again = folder.mef(&["init", "slack", "--name", "our-slack"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("--name"), "{}", stderr(&again));
    assert_eq!(std::fs::read_to_string(folder.path("our-slack/source.yml")).unwrap(), "mine");
    // A name that another folder's source has.
    folder.write(
        "x/source.yml",
        "source: github\nwebhook: { unauthenticated: because }\nevent: {}\n",
    );
    let taken = folder.mef(&["init", "github"]);
    assert!(stderr(&taken).contains("./x/source.yml"), "{}", stderr(&taken));
    assert!(!folder.path("github").exists());
}

#[test]
fn a_vendor_that_is_not_there_is_answered_with_those_that_may_be_meant() {
    let folder = Folder::new();
    let output = folder.mef(&["init", "slak"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("did you mean `slack`"), "{}", stderr(&output));
    for name in ["../up", "UPPER", ""] {
        let output = folder.mef(&["init", "slack", "--name", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stderr(&output).contains("cannot be a source's name"), "{}", stderr(&output));
    }
}
