//! What a LUKS2 header says of the keys (LUKS2 On-Disk Format Specification, section 3.2, "tokens").

use std::collections::BTreeMap;

use serde::Deserialize;

/// How a volume can be opened, as far as its header tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// Whether a key is sealed to a TPM.
    pub(crate) tpm: bool,
    /// The slots of recovery keys.
    pub(crate) recovery_slots: Vec<u32>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    tokens: BTreeMap<String, Token>,
}

#[derive(Deserialize)]
struct Token {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    keyslots: Vec<String>,
}

impl Header {
    /// Reads the metadata that `cryptsetup luksDump --dump-json-metadata` prints.
    ///
    /// # Errors
    /// When it is not such metadata.
    pub(crate) fn parse(json: &str) -> serde_json::Result<Self> {
        let metadata: Metadata = serde_json::from_str(json)?;
        let of = |kind: &'static str| metadata.tokens.values().filter(move |token| token.kind == kind);
        let slots = of("systemd-recovery").flat_map(|token| &token.keyslots);
        Ok(Self {
            // A token without a slot opens nothing.
            tpm: of("systemd-tpm2").any(|token| !token.keyslots.is_empty()),
            recovery_slots: slots.filter_map(|slot| slot.parse().ok()).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_tell_how_a_volume_opens() {
        let json = r#"{"keyslots":{"0":{"type":"luks2"}},"tokens":{
            "0":{"type":"systemd-tpm2","keyslots":["1"],"tpm2-pcrs":[7]},
            "1":{"type":"systemd-recovery","keyslots":["2"]},
            "2":{"type":"systemd-recovery","keyslots":["10"]}},"segments":{}}"#;
        assert_eq!(Header::parse(json).unwrap(), Header { tpm: true, recovery_slots: vec![2, 10] });
        let wiped = r#"{"tokens":{"0":{"type":"systemd-tpm2","keyslots":[]}}}"#;
        assert_eq!(Header::parse(wiped).unwrap(), Header::default());
        assert_eq!(Header::parse("{}").unwrap(), Header::default());
        assert!(Header::parse("no JSON").is_err());
    }
}
