//! Reads the configuration from its three sources and says precisely what is wrong with it.

use std::path::{Path, PathBuf};

use figment::error::{Error, Kind};
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};
use serde::Serialize;

use super::Config;
use crate::cli::Flags;

/// Environment variables of the service begin with this.
const ENVIRONMENT_PREFIX: &str = "ANYAD_";

/// What is wrong with the configuration. Shown as it is, so each line carries its cause and its cure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file named with `--config` cannot be read.
    #[error("cannot read the configuration file {}; check the path after --config", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// A key or a value is wrong.
    #[error("{place}: {complaint}")]
    Invalid { place: String, complaint: String },
}

/// Reads the configuration.
///
/// # Errors
/// `Unreadable` for a file that cannot be read; `Invalid` for an unknown key or a wrong value.
pub(crate) fn load(flags: &Flags) -> Result<Config, ConfigError> {
    let mut figment = Figment::new();
    if let Some(path) = &flags.config {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?;
        figment = figment.merge(TomlFile { path, text });
    }
    let config: Config = with_flags(figment.merge(Env::prefixed(ENVIRONMENT_PREFIX).split("__")), flags)
        .extract()
        .map_err(|error| describe(&error))?;
    check(config)
}

/// A TOML text that knows which file it came from, so that an error can name it.
struct TomlFile<'a> {
    path: &'a Path,
    text: String,
}

impl Provider for TomlFile<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.path.display().to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Toml::string(&self.text).data()
    }
}

/// One flag, laid over everything else under the key that it stands for.
struct FlagValue<T> {
    flag: &'static str,
    value: Serialized<T>,
}

impl<T: Serialize> Provider for FlagValue<T> {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("the flag --{}", self.flag))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        self.value.data()
    }
}

fn with_flags(figment: Figment, flags: &Flags) -> Figment {
    let listen = (!flags.listen.is_empty()).then_some(&flags.listen);
    let enabled = flags.no_bitcoin.then_some(false);
    let figment = over(figment, "data-dir", "data.directory", flags.data_dir.as_ref());
    let figment = over(figment, "listen", "http.listen", listen);
    let figment = over(figment, "models-dir", "models.directory", flags.models_dir.as_ref());
    let figment = over(figment, "bitcoind", "bitcoin.binary", flags.bitcoind.as_ref());
    let figment = over(figment, "bitcoind-source", "bitcoin.source", flags.bitcoind_source.as_ref());
    let figment = over(figment, "chain", "bitcoin.chain", flags.chain);
    let figment = over(figment, "no-bitcoin", "bitcoin.enabled", enabled);
    let figment = over(figment, "tpm", "tokens.tpm.mode", flags.tpm);
    let figment = over(figment, "log-format", "log.format", flags.log_format);
    over(figment, "log-level", "log.level", flags.log_level.as_ref())
}

fn over<T: Serialize>(figment: Figment, flag: &'static str, key: &str, value: Option<T>) -> Figment {
    match value {
        Some(value) => figment.merge(FlagValue { flag, value: Serialized::default(key, value) }),
        None => figment,
    }
}

/// Says where the error is, which key it is about, and what was expected.
fn describe(error: &Error) -> ConfigError {
    let place = match &error.metadata {
        Some(metadata) if metadata.name.contains("environment") => "the environment".into(),
        Some(metadata) => metadata.name.to_string(),
        None => "the configuration".into(),
    };
    let key = if place == "the environment" && !error.path.is_empty() {
        format!("{ENVIRONMENT_PREFIX}{}", error.path.join("__").to_uppercase())
    } else {
        error.path.join(".")
    };
    let complaint = match &error.kind {
        Kind::UnknownField(name, known) => {
            let parent = error.path.split_last().map_or(&[][..], |(_, parent)| parent);
            let full = [parent, std::slice::from_ref(name)].concat().join(".");
            format!("there is no key `{full}`; {}", one_of("the keys here are", known))
        }
        Kind::UnknownVariant(value, known) => {
            format!("key `{key}` is `{value}`; {}", one_of("it must be one of", known))
        }
        Kind::InvalidType(actual, expected) => {
            format!("key `{key}` is {actual}; expected {expected}")
        }
        Kind::InvalidValue(actual, expected) => {
            format!("key `{key}` is {actual}; expected {expected}")
        }
        Kind::Message(message) if key.is_empty() => message.trim_end().replace('\n', " "),
        other => format!("key `{key}`: {other}"),
    };
    ConfigError::Invalid { place, complaint }
}

fn one_of(intro: &str, names: &[&str]) -> String {
    format!("{intro} {}", names.join(", "))
}

/// What the types cannot say.
fn check(config: Config) -> Result<Config, ConfigError> {
    let complaint = if config.http.listen.is_empty() {
        "key `http.listen` is empty; expected at least one address such as \"127.0.0.1:8443\""
    } else if config.http.hostnames.is_empty() {
        "key `http.hostnames` is empty; expected at least one name such as \"localhost\""
    } else if !is_host_label(&config.mdns.name) {
        "key `mdns.name` must have 1 to 60 letters, digits or hyphens, such as \"anya\""
    } else if config.tokens.pkcs11.label.is_empty() || config.tokens.pkcs11.label.len() > 32 {
        "key `tokens.pkcs11.label` must have 1 to 32 bytes"
    } else {
        return Ok(config);
    };
    Err(ConfigError::Invalid { place: "the configuration".into(), complaint: complaint.into() })
}

/// Whether this is one part of a host name (RFC 1123, section 2.1), short enough that a number fits.
fn is_host_label(name: &str) -> bool {
    (1..=60).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_file(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("anyad.toml");
        std::fs::write(&path, text).expect("written");
        let flags = Flags { config: Some(path.clone()), ..Flags::default() };
        load(&flags).map_err(|error| error.to_string().replace(&*path.to_string_lossy(), "anyad.toml"))
    }

    #[test]
    fn the_file_overrides_defaults_and_flags_override_the_file() {
        let config = with_file("[bitcoin]\nchain = \"signet\"\nenabled = false\n").expect("valid");
        assert_eq!(config.bitcoin.chain.name(), "signet");
        assert!(!config.bitcoin.enabled);
        assert_eq!(config.http, Config::default().http);

        let flags = Flags { data_dir: Some("/srv/box".into()), no_bitcoin: true, ..Flags::default() };
        let config = load(&flags).expect("valid");
        assert_eq!(config.data.directory, Path::new("/srv/box"));
        assert!(!config.bitcoin.enabled);
    }

    #[test]
    fn errors_name_the_file_the_key_and_what_was_expected() {
        let cases = [
            (
                "[http]\nlissten = []\n",
                "anyad.toml: there is no key `http.lissten`; the keys here are listen, hostnames, follow_network, drain_seconds",
            ),
            (
                "[htp]\n",
                "anyad.toml: there is no key `htp`; the keys here are appliance, http, mdns, data, console, log, tokens, bitcoin, models, updates",
            ),
            (
                "[http]\ndrain_seconds = \"soon\"\n",
                "anyad.toml: key `http.drain_seconds` is string \"soon\"; expected u64",
            ),
            (
                "[bitcoin]\nchain = \"doge\"\n",
                "anyad.toml: key `bitcoin.chain` is `doge`; it must be one of main, test, testnet4, signet, regtest",
            ),
            (
                "[http]\nlisten = [\"localhost\"]\n",
                "anyad.toml: key `http.listen.0`: invalid socket address syntax",
            ),
            (
                "[http]\nlisten = []\n",
                "the configuration: key `http.listen` is empty; expected at least one address such as \"127.0.0.1:8443\"",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(with_file(text).expect_err(text), expected);
        }
        let broken = with_file("[http\n").expect_err("no TOML");
        assert!(broken.starts_with("anyad.toml: ") && broken.contains("line 1"), "{broken}");
    }
}
