//! Keys in the box's tokens, and signatures with them.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::failure::Failure;
use crate::screen::{pairs, table, time};

const PATH: &str = "/api/v1/security/keys";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List keys
    List {
        /// Only those of this token
        #[arg(long)]
        token: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// More keys: the cursor that the page before ended with
        #[arg(long)]
        cursor: Option<String>,
    },
    /// Make a key pair inside a token
    Create {
        /// What it is for, up to 64 characters
        label: String,
        /// p256, secp256k1, ed25519 or rsa2048
        #[arg(long, short, default_value = "p256")]
        algorithm: String,
        /// The token; the first that can when absent
        #[arg(long)]
        token: Option<String>,
    },
    /// Show a key with its public half
    Show {
        /// Its id
        id: String,
    },
    /// Sign; prints the signature in base64
    Sign {
        /// The key's id
        id: String,
        #[command(flatten)]
        input: Input,
    },
    /// Check a signature; exit status 1 when it is not the key's
    Verify {
        /// The key's id
        id: String,
        /// The signature, base64
        #[arg(long)]
        signature: String,
        #[command(flatten)]
        input: Input,
    },
    /// Delete a key for ever
    Delete {
        /// Its id
        id: String,
    },
}

/// What is signed.
#[derive(Args)]
pub(crate) struct Input {
    #[command(flatten)]
    of: Of,
    /// How, such as rsa_pss_sha256; the key's default when absent
    #[arg(long)]
    scheme: Option<String>,
    /// How an ECDSA signature is written: der or raw
    #[arg(long)]
    encoding: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Of {
    /// The message
    #[arg(long, short)]
    message: Option<String>,
    /// A file with the message
    #[arg(long, short)]
    file: Option<PathBuf>,
    /// The message's SHA-256, 64 hexadecimal digits
    #[arg(long)]
    digest: Option<String>,
}

impl Input {
    fn body(self) -> Result<Value, Failure> {
        let mut body = match self.of {
            Of { digest: Some(digest), .. } => {
                let digest = hex::decode(digest.trim())
                    .map_err(|_| Failure::Argument("--digest is not hexadecimal".into()))?;
                json!({ "digest": STANDARD.encode(digest) })
            }
            Of { file: Some(path), .. } => {
                let read = fs::read(&path);
                let message = read.map_err(|source| Failure::File { operation: "read", path, source })?;
                json!({ "message": STANDARD.encode(message) })
            }
            Of { message, .. } => json!({ "message": STANDARD.encode(message.unwrap_or_default()) }),
        };
        let given = [("scheme", self.scheme), ("encoding", self.encoding)];
        for (name, value) in given.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            body[name] = value.into();
        }
        Ok(body)
    }
}

#[derive(Deserialize)]
struct List {
    items: Vec<Key>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Key {
    id: String,
    label: String,
    algorithm: String,
    token: String,
    created_at: Timestamp,
    created_by: String,
    schemes: Vec<String>,
    public_key: PublicKey,
}

#[derive(Deserialize)]
struct PublicKey {
    pem: String,
}

#[derive(Deserialize)]
struct Signature {
    signature: String,
}

pub(crate) fn run(command: Command, session: &Session) -> Result<ExitCode, Failure> {
    let Session { client, screen } = session;
    match command {
        Command::List { token, limit, cursor } => {
            let mut query = vec![("limit", limit.to_string())];
            query.extend(token.map(|token| ("token", token)));
            query.extend(cursor.map(|cursor| ("cursor", cursor)));
            screen.show(&client.get(PATH, &query)?, listed)?;
        }
        Command::Create { label, algorithm, token } => {
            let mut body = json!({ "algorithm": algorithm, "label": label });
            if let Some(token) = token {
                body["token"] = token.into();
            }
            screen.show(&client.post(PATH, &body)?, shown)?;
        }
        Command::Show { id } => screen.show(&client.get(&key(&id)?, &[])?, shown)?,
        Command::Sign { id, input } => {
            let answer = client.post(&format!("{}/sign", key(&id)?), &input.body()?)?;
            screen.show(&answer, |answer: Signature| answer.signature)?;
        }
        Command::Verify { id, signature, input } => {
            let mut body = input.body()?;
            body["signature"] = signature.into();
            let answer = client.post(&format!("{}/verify", key(&id)?), &body)?;
            let valid = answer["valid"] == true;
            screen.show(&answer, |_: Value| if valid { "valid".into() } else { "not valid".into() })?;
            return Ok(if valid { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Delete { id } => {
            client.delete(&key(&id)?)?;
            screen.show(&json!({ "id": id, "deleted": true }), |_: Value| format!("Deleted key {id}."))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A key's path. What is not an id must not lead elsewhere.
fn key(id: &str) -> Result<String, Failure> {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(format!("{PATH}/{id}"))
    } else {
        Err(Failure::Argument(format!(
            "`{id}` is not a key's id: those are 32 hexadecimal digits, see `anya keys list`"
        )))
    }
}

fn listed(list: List) -> String {
    let rows = list
        .items
        .into_iter()
        .map(|key| [key.id, key.label, key.algorithm, key.token, key.created_by, time(key.created_at)]);
    let names = ["id", "label", "algorithm", "token", "by", "created"];
    let table = table(&names, rows, "There are no keys yet; `anya keys create LABEL` makes one.");
    match list.next_cursor {
        Some(cursor) => format!("{table}\n\nMore: anya keys list --cursor {cursor}"),
        None => table,
    }
}

fn shown(key: Key) -> String {
    let head = pairs(&[
        ("Id", key.id),
        ("Label", key.label),
        ("Algorithm", key.algorithm),
        ("Token", key.token),
        ("Created", format!("{} by {}", time(key.created_at), key.created_by)),
        ("Signs by", key.schemes.join(", ")),
    ]);
    format!("{head}\n\n{}", key.public_key.pem)
}
