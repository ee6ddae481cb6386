//! Where the extractors ask whether a text is JSON.

pub(crate) use doorward::json::JsonError as StrictJsonError;
use doorward::json::{self, JsonLimits};

/// Checks a whole text against RFC 8259, a depth limit, repeated names and lone surrogates.
pub(crate) fn check(text: &[u8], max_depth: usize) -> Result<(), StrictJsonError> {
    json::check(text, JsonLimits { max_depth })
}
