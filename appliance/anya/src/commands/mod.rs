//! The commands, one group a file.

pub(crate) mod access;
pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod bitcoin;
pub(crate) mod chat;
pub(crate) mod embed;
mod first_contact;
pub(crate) mod keys;
mod ml;
mod status;
mod tokens;
pub(crate) mod update;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use reqwest::Url;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::cli::{Arguments, Command, Target};
use crate::client::Client;
use crate::failure::Failure;
use crate::profile::Profile;
use crate::screen::Screen;
use crate::trust;

const DEFAULT_ADDRESS: &str = "https://localhost:8443";

/// A box to ask, and where to show its answers.
pub(crate) struct Session {
    client: Client,
    screen: Screen,
}

/// Does what was asked.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { target, command } = arguments;
    let session = || open(&target);
    match command {
        Command::Status => status::run(&session()?),
        Command::Claim(claim) => access::claim(&claim, &target),
        Command::Login(login) => access::login(&login, &target),
        Command::Logout => access::logout(&target),
        Command::ApiKeys(command) => api_keys::run(command, &session()?),
        Command::Keys(command) => keys::run(command, &session()?),
        Command::Tokens => tokens::run(&session()?),
        Command::Audit(audit) => audit::run(&audit, &session()?),
        Command::Bitcoin(command) => bitcoin::run(&command, &session()?),
        Command::Update(command) => update::run(command, &session()?),
        Command::Devices => ml::devices(&session()?),
        Command::Models => ml::models(&session()?),
        Command::Embed(embed) => embed::run(embed, &session()?),
        Command::Chat(chat) => chat::run(chat, &session()?),
    }
}

/// The box that was named, or else the known one. What is known of one box is never used for another:
/// its API key would go to a stranger.
fn open(target: &Target) -> Result<Session, Failure> {
    let profile = Profile::load()?;
    let address = address(target, profile.as_ref());
    let profile = profile.filter(|profile| profile.address.origin() == address.origin());
    let authority = match (&target.ca_file, &profile) {
        (Some(file), _) => parse_authority(&read(file)?, file)?,
        (None, Some(profile)) => parse_authority(&profile.authority, &Profile::path()?)?,
        (None, None) => return Err(Failure::Unknown { address }),
    };
    let api_key = std::env::var("ANYA_API_KEY").ok().filter(|key| !key.is_empty());
    let api_key = api_key.or_else(|| profile.map(|profile| profile.api_key));
    let client = connect(address, authority, api_key)?;
    Ok(Session { client, screen: Screen::new(target.json) })
}

fn address(target: &Target, profile: Option<&Profile>) -> Url {
    target
        .url
        .clone()
        .or_else(|| profile.map(|profile| profile.address.clone()))
        .unwrap_or_else(|| Url::parse(DEFAULT_ADDRESS).expect("the default address is one"))
}

fn connect(
    address: Url,
    authority: CertificateDer<'static>,
    api_key: Option<String>,
) -> Result<Client, Failure> {
    if address.scheme() != "https" {
        return Err(Failure::Argument(format!("{address} is not an https address")));
    }
    let tls = trust::only(authority)
        .map_err(|error| Failure::Argument(format!("the authority's certificate cannot be used: {error}")))?;
    Client::new(address, tls, api_key)
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|source| Failure::File { operation: "read", path: file.into(), source })
}

fn parse_authority(pem: &str, file: &Path) -> Result<CertificateDer<'static>, Failure> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| Failure::Malformed { path: file.into(), expected: "a certificate in PEM" })
}
