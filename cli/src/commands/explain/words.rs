//! The findings of `mef explain`, for a person.

use super::report::{Check, Report, Secret, SignedText};
use crate::output;

/// Prints the report.
pub(super) fn print(report: &Report, source: &str) -> anyhow::Result<()> {
    let mut lines = Lines::default();
    lines.field("outcome", &format!("{} ({})", report.outcome, report.status));
    lines.field("reason", &report.reason);
    lines.field("judged", &format!("as a webhook of `{source}` at {}", report.at));
    if report.checks.is_empty() {
        lines.field("checks", "none was reached");
    }
    for (index, check) in report.checks.iter().enumerate() {
        lines.check(&format!("check {}", index + 1), check, 0);
    }
    lines.field("response", &report.status.to_string());
    for (name, value) in &report.response.headers {
        lines.under(1, &format!("{name}: {value}"));
    }
    lines.under(1, &report.response.body);
    lines.field("delivery id", report.delivery_id.as_deref().unwrap_or("none"));
    lines.field("events", &report.events.len().to_string());
    for event in &report.events {
        lines.under(1, &event.to_string());
    }
    if !report.rejected.is_empty() {
        lines.field("dead letters", &report.rejected.len().to_string());
        for letter in &report.rejected {
            let place = if letter.place.is_empty() { "" } else { " at " };
            let text = format!("{}{place}{}: {}", letter.stage, letter.place, letter.reason);
            lines.under(1, &text);
        }
    }
    output::line(&lines.0.join("\n"))
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn field(&mut self, name: &str, value: &str) {
        self.0.push(format!("{name:<13}{}", output::printable(value)));
    }

    fn under(&mut self, depth: usize, text: &str) {
        self.0.push(format!("{:width$}{}", "", output::printable(text), width = depth * 2));
    }

    fn check(&mut self, title: &str, check: &Check, depth: usize) {
        let decided = if check.decided { "; this decided" } else { "" };
        let verdict = match &check.reason {
            None => format!("{}: passed{decided}", check.check),
            Some(reason) => format!("{}: failed: {reason}{decided}", check.check),
        };
        self.under(depth, &format!("{title:<13}{verdict}"));
        for seen in &check.places {
            self.under(depth + 1, &format!("{} in the {}: {}", seen.what, seen.place, seen.found));
        }
        for secret in &check.secrets {
            self.under(depth + 1, &self::secret(secret));
        }
        for text in &check.signed_texts {
            self.signed(text, depth + 1);
        }
        for (index, inner) in check.checks.iter().enumerate() {
            self.check(&format!("{}.", index + 1), inner, depth + 1);
        }
    }

    fn signed(&mut self, text: &SignedText, depth: usize) {
        let cut = match text.cut {
            0 => String::new(),
            cut => format!(", the last {cut} not shown: add --full"),
        };
        self.under(depth, &format!("signed text, {} bytes{cut}:", text.bytes));
        self.under(depth + 1, &text.text);
    }
}

fn secret(secret: &Secret) -> String {
    let version = secret.version.as_deref().unwrap_or("not read");
    let age = match secret.age_seconds {
        None => String::new(),
        Some(seconds) if seconds < 2 * 86_400 => format!(", {} h old", seconds / 3600),
        Some(seconds) => format!(", {} days old", seconds / 86_400),
    };
    let matched = if secret.matched { "matches" } else { "does not match" };
    format!("secret `{}` ({version}{age}): {matched}", secret.name)
}
