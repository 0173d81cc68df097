//! What the owner decides about the node.

use serde::{Deserialize, Serialize};

/// What the owner decides about the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeSettings {
    /// Whether other nodes may call this one. They may not until the owner says so.
    pub accepts_peers: bool,
}

impl NodeSettings {
    /// The name under which [`crate::settings::Settings`] keeps them, as JSON.
    pub const NAME: &'static str = "node";

    /// Reads kept settings; what is not known is passed over, so that the version before can read those
    /// of the next one.
    ///
    /// # Errors
    /// When it is not JSON, or a value is of the wrong kind.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The text to be kept.
    pub fn to_json(self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_were_kept_and_from_other_versions() {
        let open = NodeSettings { accepts_peers: true };
        assert_eq!(NodeSettings::from_json(&open.to_json()).unwrap(), open);
        assert_eq!(NodeSettings::from_json("{}").unwrap(), NodeSettings { accepts_peers: false });
        assert_eq!(NodeSettings::from_json(r#"{"accepts_peers":true,"later":1}"#).unwrap(), open);
        NodeSettings::from_json(r#"{"accepts_peers":1}"#).unwrap_err();
    }
}
