//! The template as text: parts go in at marker lines. CloudFormation's limits are checked here, so that
//! no deploy fails halfway because of them.

use anyhow::{Context as _, bail};

/// The start of a marker line, after its indentation.
const MARKER: &str = "# mef render:";
/// The size of a template in S3, in bytes.
const LARGEST: usize = 1024 * 1024;
const MOST_PARAMETERS: usize = 200;
const MOST_RESOURCES: usize = 500;
const MOST_OUTPUTS: usize = 200;

/// The text that goes into the template, without the marker's indentation.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// A switch for each schedule.
    pub(super) parameters: String,
    /// Mappings: how much of webhooks the front lets through, and how far an alarm looks back.
    pub(super) mappings: String,
    /// Conditions: which source is paused.
    pub(super) conditions: String,
    /// Schedules, policies, alarms.
    pub(super) resources: String,
    /// The webhooks' URLs.
    pub(super) outputs: String,
}

/// Returns the template with its parts.
///
/// # Errors
///
/// Fails if a marker is missing, unknown or there twice, or if the result exceeds a limit of
/// CloudFormation.
pub(super) fn fill(template: &str, parts: &Parts) -> anyhow::Result<String> {
    let mut filled = String::with_capacity(template.len() * 2);
    let mut left = vec![
        ("parameters", parts.parameters.as_str()),
        ("mappings", parts.mappings.as_str()),
        ("conditions", parts.conditions.as_str()),
        ("resources", parts.resources.as_str()),
        ("outputs", parts.outputs.as_str()),
    ];
    for (line, number) in template.lines().zip(1..) {
        let text = line.trim_start();
        let Some(marker) = text.strip_prefix(MARKER).map(str::trim) else {
            filled.push_str(line);
            filled.push('\n');
            continue;
        };
        let at = left.iter().position(|(name, _)| *name == marker).with_context(|| {
            format!("line {number}: the marker `{marker}` is not known, or is there twice")
        })?;
        let (_, part) = left.remove(at);
        let indent = line.get(..line.len() - text.len()).unwrap_or_default();
        for line in part.lines() {
            if !line.is_empty() {
                filled.push_str(indent);
                filled.push_str(line);
            }
            filled.push('\n');
        }
    }
    if let Some((missing, _)) = left.first() {
        bail!("there is no line `{MARKER} {missing}`");
    }
    within(&filled, "Parameters", MOST_PARAMETERS)?;
    within(&filled, "Resources", MOST_RESOURCES)?;
    within(&filled, "Outputs", MOST_OUTPUTS)?;
    if filled.len() > LARGEST {
        bail!(
            "the template has {} bytes, and CloudFormation takes {LARGEST}: deploy some of the sources as a service of their own",
            filled.len()
        );
    }
    Ok(filled)
}

fn within(template: &str, section: &str, most: usize) -> anyhow::Result<()> {
    let heading = format!("{section}:");
    let entry = |line: &&str| {
        line.strip_prefix("  ")
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric()))
    };
    let count = template
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with([' ', '#']))
        .filter(entry)
        .count();
    if count > most {
        bail!(
            "the template has {count} entries in {section}, and CloudFormation takes {most}: deploy some of the sources as a service of their own"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "Parameters:\n  # mef render: parameters\nMappings:\n  # mef render: mappings\nConditions:\n  # mef render: conditions\nResources:\n  Queue:\n    Type: x\n  # mef render: resources\nOutputs:\n  # mef render: outputs\n";

    #[test]
    fn parts_stand_where_their_markers_stood() {
        let parts = Parts {
            parameters: "P: 0\n".to_owned(),
            mappings: "M: 0\n".to_owned(),
            conditions: "A: 1\n".to_owned(),
            resources: "B:\n  C: 2\n\nD: 3\n".to_owned(),
            outputs: String::new(),
        };
        assert_eq!(
            fill(TEMPLATE, &parts).unwrap(),
            "Parameters:\n  P: 0\nMappings:\n  M: 0\nConditions:\n  A: 1\nResources:\n  Queue:\n    Type: x\n  B:\n    C: 2\n\n  D: 3\nOutputs:\n"
        );
    }

    #[test]
    fn markers_are_there_once_and_known() {
        let error = |template: &str| fill(template, &Parts::default()).unwrap_err().to_string();
        assert!(error("Outputs:\n").contains("no line `# mef render: parameters`"));
        let twice = TEMPLATE.replace("render: outputs", "render: resources");
        assert_eq!(
            error(&twice),
            "line 12: the marker `resources` is not known, or is there twice"
        );
        assert!(error(&TEMPLATE.replace("outputs", "output")).contains("`output` is not known"));
    }

    #[test]
    fn more_than_cloudformation_takes_is_refused() {
        let many = |n: usize| (0..n).map(|i| format!("R{i}:\n  Type: x\n")).collect::<String>();
        let resources = |n| fill(TEMPLATE, &Parts { resources: many(n), ..Parts::default() });
        assert!(resources(499).is_ok());
        assert!(resources(500).unwrap_err().to_string().contains("501 entries in Resources"));
        let parameters = |n| fill(TEMPLATE, &Parts { parameters: many(n), ..Parts::default() });
        assert!(parameters(200).is_ok());
        assert!(parameters(201).unwrap_err().to_string().contains("201 entries in Parameters"));
        let outputs = |n| fill(TEMPLATE, &Parts { outputs: many(n), ..Parts::default() });
        assert!(outputs(200).is_ok());
        assert!(outputs(201).unwrap_err().to_string().contains("201 entries in Outputs"));
        let long = Parts { outputs: format!("A: {}\n", "x".repeat(LARGEST)), ..Parts::default() };
        assert!(fill(TEMPLATE, &long).unwrap_err().to_string().contains("bytes"));
    }
}
