//! What handlers take from a request: bodies, query strings, ids in paths. Strict: whatever is not
//! understood is refused, with the field and the reason in plain words.

mod body;
mod json;
mod path;
mod query;
mod wording;

pub(crate) use json::{Json, RequestBody};
pub(crate) use path::{KeyPath, NamePath};
pub(crate) use query::Query;
