//! Ids in a path.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use hal_api::KeyId;

use crate::problem::{Problem, ProblemResult};

/// The id of a key, the path's `{id}`.
pub(crate) struct KeyPath(pub(crate) KeyId);

/// Any other name in a path, its `{id}`: 1 to 128 bytes.
pub(crate) struct NamePath(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ProblemResult<Self> {
        let text = id(parts, state).await?;
        let wrong = |_| Problem::field("id", "is not a key's id, which has 32 hexadecimal digits");
        text.parse().map(Self).map_err(wrong)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NamePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ProblemResult<Self> {
        let text = id(parts, state).await?;
        if text.is_empty() || text.len() > 128 {
            return Err(Problem::field("id", "has to have 1 to 128 characters"));
        }
        Ok(Self(text))
    }
}

async fn id<S: Send + Sync>(parts: &mut Parts, state: &S) -> ProblemResult<String> {
    let unreadable = || Problem::field("id", "is not readable as text (UTF-8, percent-encoded)");
    let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| unreadable())?;
    params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned()).ok_or_else(unreadable)
}
