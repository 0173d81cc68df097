//! The shapes of JSON in and out, and their schemas.
//!
//! # Design
//!
//! The domain's types know nothing of HTTP; what goes over the wire is a type here, converted from
//! the domain's with every field named, so that a change in the domain cannot silently change the API.
//! Requests deny unknown fields. In responses a field without a value is `null`, never absent.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod board;
pub(crate) mod chat;
pub(crate) mod embeddings;
pub(crate) mod event;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod models;
pub(crate) mod node;
pub(crate) mod object;
pub(crate) mod sign;
pub(crate) mod storage;
pub(crate) mod text;
pub(crate) mod tokens;
pub(crate) mod update;
pub(crate) mod update_media;
pub(crate) mod update_settings;
pub(crate) mod word;

/// An enum with the same variants as one of the domain's, and the conversion from it.
macro_rules! mirror {
    ($(#[$meta:meta])* $name:ident of $domain:path { $($variant:ident),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
        $(#[$meta])*
        pub(crate) enum $name { $($variant),+ }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$variant => Self::$variant),+ }
            }
        }
    };
}
pub(crate) use mirror;
