//! How long the gate waits, as the image says.

use std::fs;
use std::time::Duration;

use ota_core::slots::gate::GatePolicy;
use serde::Deserialize;

use crate::note;
use crate::places::Places;

/// `anya-slots.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    healthy_for_seconds: Option<u64>,
    patience_seconds: Option<u64>,
}

/// What the image says; what it does not say is as always. A file that cannot be read is told.
pub(crate) fn read(places: &Places) -> GatePolicy {
    let mut policy = GatePolicy::default();
    let Ok(text) = fs::read_to_string(places.image().join("anya-slots.toml")) else { return policy };
    match toml::from_str::<Text>(&text) {
        Ok(text) => {
            let seconds = |told: Option<u64>, otherwise| told.map_or(otherwise, Duration::from_secs);
            policy.healthy_for = seconds(text.healthy_for_seconds, policy.healthy_for);
            policy.patience = seconds(text.patience_seconds, policy.patience);
        }
        Err(error) => note(&format!("anya-slots.toml cannot be used: {}", error.message())),
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_image_does_not_say_is_as_always() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::under(folder.path());
        assert_eq!(read(&places), GatePolicy::default());
        fs::create_dir_all(places.image()).unwrap();
        for (text, seconds) in
            [("patience_seconds = 5", 5), ("patience_seconds = \"x\"", 600), ("x = 1", 600)]
        {
            fs::write(places.image().join("anya-slots.toml"), text).unwrap();
            let policy = GatePolicy { patience: Duration::from_secs(seconds), ..GatePolicy::default() };
            assert_eq!(read(&places), policy, "{text}");
        }
    }
}
