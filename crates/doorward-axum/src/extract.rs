//! Extractors whose refusals are [`crate::ApiError`]s.

mod body;
pub(crate) mod form;
pub(crate) mod json;
mod media_type;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod raw_json;
