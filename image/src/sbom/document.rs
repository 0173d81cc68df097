//! The CycloneDX document (ECMA-424, version 1.6): the fields of it that we have something to say in.

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::json;

use super::{Subject, derived_uuid};

/// A part of the image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Component {
    /// What kind of part.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Names the component within the document: its package URL where it has one.
    #[serde(rename = "bom-ref")]
    pub reference: String,
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// One line about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Hashes of what was downloaded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<HashEntry>,
    /// The licence, as an SPDX expression.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "licenses")]
    #[serde(rename = "licenses")]
    pub license: Option<String>,
    /// The package URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    /// What has no field of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

/// Kinds of components that an image has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A program.
    Application,
    /// A package or crate.
    Library,
    /// The kernel and firmware.
    OperatingSystem,
    /// A model.
    MachineLearningModel,
}

/// A hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct HashEntry {
    /// `SHA-256` or `SHA-512`.
    pub alg: &'static str,
    /// Hexadecimal.
    pub content: String,
}

impl HashEntry {
    /// A SHA-256.
    #[must_use]
    pub const fn sha256(content: String) -> Self {
        Self { alg: "SHA-256", content }
    }
}

/// A named value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Property {
    /// Its name, which begins with `anya:`.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Property {
    /// A property of ours.
    #[must_use]
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: format!("anya:{name}"), value: value.into() }
    }
}

impl Component {
    /// A component known by its package URL.
    #[must_use]
    pub fn package(kind: Kind, name: &str, version: &str, purl: String) -> Self {
        Self { purl: Some(purl.clone()), ..Self::plain(kind, name, Some(version), purl) }
    }

    /// A component that no package URL names.
    #[must_use]
    pub fn plain(kind: Kind, name: &str, version: Option<&str>, reference: String) -> Self {
        Self {
            kind,
            reference,
            name: name.to_owned(),
            version: version.map(str::to_owned),
            description: None,
            hashes: Vec::new(),
            license: None,
            purl: None,
            properties: Vec::new(),
        }
    }
}

fn licenses<S: serde::Serializer>(license: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Expression<'a> {
        expression: &'a str,
    }
    serializer.collect_seq(license.iter().map(|expression| Expression { expression }))
}

/// The document of an image with these components, sorted.
pub(super) fn text(subject: &Subject<'_>, components: Vec<Component>) -> Result<String> {
    let reference = format!("anya-box-{}", subject.board);
    let seconds = i64::try_from(subject.epoch).context("SOURCE_DATE_EPOCH is too large")?;
    let time = jiff::Timestamp::from_second(seconds).context("SOURCE_DATE_EPOCH is no time")?;
    let mut parts: Vec<&str> = components.iter().map(|component| component.reference.as_str()).collect();
    parts.sort_unstable();
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": time.to_string(),
            "component": {
                "type": "firmware",
                "bom-ref": reference,
                "name": "Anya Box",
                "version": subject.version,
                "properties": [
                    Property::new("board", subject.board),
                    Property::new("root-hash", subject.root_hash),
                ],
            },
        },
        "dependencies": [{ "ref": reference, "dependsOn": parts }],
        "components": components,
    });
    let serial = derived_uuid(&document.to_string());
    document["serialNumber"] = format!("urn:uuid:{serial}").into();
    Ok(serde_json::to_string_pretty(&document).context("cannot write the SBOM as JSON")? + "\n")
}
