//! Owning the box, signing in on this computer, and leaving.

use std::process::ExitCode;

use clap::Args;
use reqwest::Url;
use serde_json::{Value, json};

use super::{address, connect, first_contact, open, parse_authority, read};
use crate::cli::Target;
use crate::client::Client;
use crate::failure::{Failure, shown};
use crate::profile::Profile;
use crate::prompt;
use crate::screen::{Screen, clean};
use appliance_core::fingerprint::Fingerprint;

const SESSION: &str = "/api/v1/access/session";
const CLAIM: &str = "/api/v1/access/claim";
const API_KEYS: &str = "/api/v1/access/api-keys";

/// The longest label of an API key, characters.
const LABEL_LIMIT: usize = 64;

#[derive(Args)]
pub(crate) struct Claim {
    /// The claim code on the box's console; asked for when absent
    #[arg(long)]
    code: Option<String>,
    #[command(flatten)]
    login: Login,
}

#[derive(Args)]
pub(crate) struct Login {
    /// Your name on the box; asked for when absent
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// SHA-256 of the box's certificate as its console shows it, or of its authority, instead of
    /// comparing it at the terminal
    #[arg(long, value_name = "SHA-256")]
    ca_fingerprint: Option<Fingerprint>,
    /// What the API key for this computer is called; this computer's name when absent
    #[arg(long)]
    label: Option<String>,
}

impl Login {
    fn username(&self) -> Result<String, Failure> {
        self.username.clone().map_or_else(|| prompt::ask("Username"), Ok)
    }

    fn password(&self) -> Result<String, Failure> {
        if self.password_stdin { prompt::line("the password") } else { prompt::ask_secretly("Password") }
    }

    /// A password that is not known yet is typed twice.
    fn new_password(&self) -> Result<String, Failure> {
        let password = self.password()?;
        if !self.password_stdin && prompt::ask_secretly("The same again")? != password {
            return Err(Failure::Argument("the two passwords differ; nothing was done".into()));
        }
        Ok(password)
    }
}

/// Makes the box's first administrator, and signs in.
pub(crate) fn claim(claim: &Claim, target: &Target) -> Result<ExitCode, Failure> {
    let contact = Contact::make(&claim.login, target)?;
    let state = contact.client.get(CLAIM, &[])?;
    if state["claimed"] == true {
        return Err(Failure::Argument("this box has an owner already; sign in with `anya login`".into()));
    }
    let code = claim.code.clone().map_or_else(|| prompt::ask("Claim code"), Ok)?;
    let (username, password) = (claim.login.username()?, claim.login.new_password()?);
    contact.client.post(CLAIM, &json!({ "code": code, "username": username, "password": password }))?;
    contact.keep(&claim.login, target)
}

/// Signs in on this computer.
pub(crate) fn login(login: &Login, target: &Target) -> Result<ExitCode, Failure> {
    let contact = Contact::make(login, target)?;
    if contact.client.get(CLAIM, &[])?["claimed"] == false {
        return Err(Failure::Argument("this box has no owner yet; make it yours with `anya claim`".into()));
    }
    let (username, password) = (login.username()?, login.password()?);
    contact.client.post(SESSION, &json!({ "username": username, "password": password }))?;
    contact.keep(login, target)
}

/// Deletes this computer's API key and forgets the box.
pub(crate) fn logout(target: &Target) -> Result<ExitCode, Failure> {
    let screen = Screen::new(target.json);
    let Some(profile) = Profile::load()? else {
        return Err(Failure::Argument("this computer is not signed in".into()));
    };
    let known =
        Target { url: Some(profile.address.clone()), ca_file: target.ca_file.clone(), json: target.json };
    let session = open(&known)?;
    let deleted = session.client.delete(&format!("{API_KEYS}/{}", profile.api_key_id));
    Profile::forget()?;
    match deleted {
        Ok(()) => {}
        // The key is gone already.
        Err(Failure::Refused(problem)) if matches!(problem.status, 401 | 404) => {}
        Err(failure) => {
            let told = format!("signed out here, but the API key on the box could not be deleted: {failure}");
            return Err(Failure::Argument(told));
        }
    }
    let answer = json!({ "address": profile.address.as_str(), "signed_out": true });
    screen.show(&answer, |_: Value| format!("Signed out of {}.", shown(&profile.address)))?;
    Ok(ExitCode::SUCCESS)
}

/// A box whose certificate was compared.
struct Contact {
    client: Client,
    authority: String,
}

impl Contact {
    fn make(login: &Login, target: &Target) -> Result<Self, Failure> {
        let address = address(target, Profile::load()?.as_ref());
        let (authority, origin) = match &target.ca_file {
            Some(file) => (read(file)?, file.as_path()),
            None => (first_contact::authority(&address, login.ca_fingerprint.as_ref())?, "/ca.crt".as_ref()),
        };
        let certificate = parse_authority(&authority, origin)?;
        Ok(Self { client: connect(address, certificate, None)?, authority })
    }

    /// Makes an API key with the session just opened, keeps it, and closes the session.
    fn keep(self, login: &Login, target: &Target) -> Result<ExitCode, Failure> {
        let Self { client, authority } = self;
        let label = login.label.clone().unwrap_or_else(computer_name);
        let session = client.get(SESSION, &[])?;
        let mut key = client.post(API_KEYS, &json!({ "label": label }))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let profile = Profile {
            address: client.address().clone(),
            username: text(&session["user"]["username"]),
            api_key_id: text(&key["id"]),
            api_key: text(&key["secret"]),
            authority,
        };
        let path = profile.save()?;
        client.delete(SESSION)?;
        // The secret is in the file; it is not for a log of this command's output.
        if let Some(key) = key.as_object_mut() {
            key.remove("secret");
        }
        let answer = json!({ "address": profile.address.as_str(), "user": session["user"], "api_key": key, "file": path });
        Screen::new(target.json)
            .show(&answer, |_: Value| told(&profile.address, &profile.username, &label))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn told(address: &Url, username: &str, label: &str) -> String {
    clean(format!(
        "Signed in at {} as {username}, with an API key called `{label}`.\n\
         Try `anya status`; `anya logout` signs out.",
        shown(address)
    ))
}

/// This computer's name, as the label of its API key.
fn computer_name() -> String {
    let name =
        std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    let name: String = name.unwrap_or_default().trim().chars().take(LABEL_LIMIT).collect();
    if name.is_empty() { "command line".into() } else { name }
}
