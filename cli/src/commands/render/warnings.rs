//! What works on a laptop and not behind every front of AWS. Said before the deploy, since afterwards only the
//! vendor sees it.

use std::sync::Arc;

use mef_source::Source;
use mef_source::checked::{Check, PublicUrl, REACHES_LAMBDA, Webhook};

use crate::args::ApiType;

/// Returns a sentence for each source and each thing that the front `api_type` does to it; for all fronts if
/// nobody says which.
pub(super) fn of(sources: &[Arc<Source>], api_type: Option<ApiType>) -> Vec<String> {
    let mut warnings = Vec::new();
    for source in sources {
        let Some(webhook) = &source.webhook else { continue };
        if api_type.is_none_or(|api| api == ApiType::Rest) && signs_query(webhook) {
            let which = if api_type.is_none() { "with ApiType=REST: " } else { "" };
            warnings.push(format!(
                "{which}`{}` signs the URL with its query, which an API of the type REST does not hand over as it \
                 was sent: deploy it with ApiType=HTTP (docs/aws.md)",
                source.name
            ));
        }
        if api_type == Some(ApiType::Url)
            && matches!(webhook.written_url, Some(PublicUrl::Below(_)))
        {
            warnings.push(format!(
                "`{}` signs a URL below `{{endpoint}}`, which nobody knows before a function URL is there: deploy it, \
                 then again with PublicUrl, the output ServiceEndpoint (docs/aws.md)",
                source.name
            ));
        }
        if webhook.max_body > REACHES_LAMBDA {
            let as_text = match api_type {
                Some(ApiType::Rest) => "",
                _ => "; JSON may have up to 6 MiB, less a byte for each `\"` and `\\`",
            };
            warnings.push(format!(
                "`{}` takes bodies of {} bytes, and what is above {REACHES_LAMBDA} may not reach a function: Lambda \
                 takes 6 MiB with all around it, and base64 is a third more{as_text} (docs/aws.md)",
                source.name, webhook.max_body
            ));
        }
    }
    warnings
}

fn signs_query(webhook: &Webhook) -> bool {
    webhook.single_checks().any(Check::signs_query)
}
