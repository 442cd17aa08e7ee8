//! How bad an event is, in MozDef's words. The check of a source file and the pipeline
//! both ask here, so that what loads is what an event can have.

/// The words, from the least to the worst: those of RFC 5424 as MozDef writes them.
pub const EVENT_SEVERITIES: [&str; 8] =
    ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"];

/// Returns the severity that `text` names, in upper case; `None` if it names none. MozDef ignores the
/// case, so this does too.
pub fn event_severity(text: &str) -> Option<&'static str> {
    EVENT_SEVERITIES.into_iter().find(|word| word.eq_ignore_ascii_case(text))
}
