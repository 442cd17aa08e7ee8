//! Whether an event's time can be one.

use jiff::Timestamp;

use super::mapping::Mapping;
use crate::template::{Part, Template};
use crate::time_format::TimeFormat;

/// What to write in place of what is no time.
pub(super) const NEEDED: &str = "write a time as the filters read it, such as \
     `{when|from_date(\"%d.%m.%Y %H:%M\")}`; by default it is the time at which the record reached us";

/// Returns why what is mapped is never a time, if that can be seen without a record.
pub(super) fn is_no_time(mapping: &Mapping) -> Option<String> {
    match mapping {
        Mapping::Constant(value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            TimeFormat::Auto.read(&text).is_none().then(|| format!("it is always `{text}`"))
        }
        Mapping::Template(template) => in_template(template),
        other => other.is_no_text().map(str::to_owned),
    }
}

fn in_template(template: &Template) -> Option<String> {
    if let [Part::Placeholder(placeholder)] = template.parts.as_slice() {
        let written = placeholder.filters.last()?.sample(Timestamp::UNIX_EPOCH)?;
        let is_none = TimeFormat::Auto.read(&written).is_none();
        return is_none.then(|| format!("it is written like `{written}`"));
    }
    template.parts.iter().find_map(|part| match part {
        Part::Literal(text) => {
            let foreign = text.chars().find(|c| !c.is_ascii_digit() && !"TZtz:+-. ".contains(*c));
            foreign.map(|c| format!("it has the character `{}`", c.escape_debug()))
        }
        Part::Placeholder(_) => None,
    })
}
