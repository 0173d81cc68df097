//! Values that OpenAI's API lets be a text or a list.

use std::borrow::Cow;
use std::fmt;

use super::object::Object;
use super::word;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// One text or a list of texts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    /// One.
    One(String),
    /// A list, perhaps empty.
    Many(Vec<String>),
}

impl Texts {
    /// As a list.
    pub(crate) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;

        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::Many(texts))
            }
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}

/// The content of a message: a text, or a list of parts that are all texts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Content(pub(crate) String);

/// A part of a message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextPart {
    /// Only `text`.
    #[serde(rename = "type", deserialize_with = "word::required")]
    kind: TextPartKind,
    text: String,
}

/// The kinds of parts that are supported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TextPartKind {
    Text,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of text parts")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Content, E> {
                Ok(Content(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
                let mut content = String::new();
                while let Some(Object(TextPart { kind: TextPartKind::Text, text })) = list.next_element()? {
                    content.push_str(&text);
                }
                Ok(Content(content))
            }
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

fn text_or_list(item: impl Into<RefOr<Schema>>) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    OneOfBuilder::new().item(text).item(ArrayBuilder::new().items(item.into())).into()
}

impl PartialSchema for Texts {
    fn schema() -> RefOr<Schema> {
        text_or_list(Schema::from(ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).build()))
    }
}

impl ToSchema for Texts {
    fn name() -> Cow<'static, str> {
        "Texts".into()
    }
}

impl PartialSchema for Content {
    fn schema() -> RefOr<Schema> {
        text_or_list(Ref::from_schema_name(TextPart::name()))
    }
}

impl ToSchema for Content {
    fn name() -> Cow<'static, str> {
        "MessageContent".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((TextPart::name().into(), TextPart::schema()));
        TextPart::schemas(schemas);
    }
}
