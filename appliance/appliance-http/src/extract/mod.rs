//! What handlers take from a request: bodies, query strings, ids in paths. Strict: whatever is not
//! understood is refused, with the field and the reason in plain words.

mod body;
mod json;
mod path;
mod query;
pub(crate) mod upload;
mod wording;

pub(crate) use json::{Json, RequestBody, check_media_type};
pub(crate) use path::{KeyPath, NamePath};
pub(crate) use query::Query;
