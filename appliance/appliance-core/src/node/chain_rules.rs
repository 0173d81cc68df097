//! Whether a node follows Bitcoin's rules.
//!
//! # Design
//!
//! The guard is given what a node tells of itself on the chain that is to be used, and answers with a
//! verdict. It allows what is known and refuses what is not: a rule change that nobody has told the box
//! of is a reason to stop, not to carry on. It looks at
//!
//! - the name of the program (`subversion` of `getnetworkinfo`): Bitcoin Core, or Bitcoin Knots from
//!   before 2026-05-08, when it began to enforce BIP 110;
//! - the services it offers (`localservicesnames`);
//! - its rule changes (`getdeploymentinfo`): their names and types, the fields beside them, the script
//!   flags;
//! - its chain, and the blocks that it has at pinned heights ([`pinned_headers`]).
//!
//! # Limits
//!
//! A node can lie about all but the pinned blocks, so the guard protects against the wrong program, not
//! against a malicious one. A pinned block that the node has not reached yet is no evidence, so a node is
//! asked again when it reaches one, and after every start.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Chain, RulesVerdict, Verdict, pinned_headers};

/// Deployments of Bitcoin (`src/deploymentinfo.cpp` of Bitcoin Core 29 to 31.99), and the types they are
/// reported with. Taproot was `bip9` and is left out from Core 31.99 on.
const DEPLOYMENTS: &[(&str, &[&str])] = &[
    ("bip34", &["buried"]),
    ("bip66", &["buried"]),
    ("bip65", &["buried"]),
    ("csv", &["buried"]),
    ("segwit", &["buried"]),
    ("taproot", &["bip9", "buried"]),
    ("testdummy", &["bip9"]),
];

/// Fields of `getdeploymentinfo` that Bitcoin Core has.
const DEPLOYMENT_FIELDS: &[&str] = &["hash", "height", "deployments", "script_flags"];

/// Script flags of blocks (`GetBlockScriptFlags` in `src/validation.cpp` of Bitcoin Core).
const SCRIPT_FLAGS: &[&str] =
    &["P2SH", "DERSIG", "CHECKLOCKTIMEVERIFY", "CHECKSEQUENCEVERIFY", "WITNESS", "NULLDUMMY", "TAPROOT"];

/// Services of `src/protocol.cpp` of Bitcoin Core, and the one that Knots adds without changing rules.
const SERVICES: &[&str] =
    &["NETWORK", "BLOOM", "WITNESS", "COMPACT_FILTERS", "NETWORK_LIMITED", "P2P_V2", "REPLACE_BY_FEE?"];

/// Knots of this day and later enforces BIP 110, and so follows another chain than Bitcoin's.
const FOREIGN_KNOTS_SINCE: u32 = 20_260_508;

/// What a node tells of its rule changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFacts {
    /// Name and type of each deployment.
    pub deployments: BTreeMap<String, String>,
    /// The fields beside `deployments`.
    pub fields: Vec<String>,
    /// The script flags of the tip, where the node tells them (Bitcoin Core 31 on).
    pub script_flags: Vec<String>,
}

impl DeploymentFacts {
    /// Reads an answer of `getdeploymentinfo`; `None` when it is not one.
    pub fn from_json(answer: &Value) -> Option<Self> {
        let object = answer.as_object()?;
        let text = |value: &Value| value.as_str().unwrap_or("unnamed").to_owned();
        let deployments = object.get("deployments")?.as_object()?;
        Some(Self {
            deployments: deployments
                .iter()
                .map(|(name, deployment)| (name.clone(), text(&deployment["type"])))
                .collect(),
            fields: object.keys().cloned().collect(),
            script_flags: match object.get("script_flags") {
                Some(flags) => flags.as_array()?.iter().map(text).collect(),
                None => Vec::new(),
            },
        })
    }
}

/// What a node tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// The chain that it is to be used on.
    pub chain: Chain,
    /// The chain that it says it is on.
    pub reported_chain: String,
    /// What it calls itself, such as `/Satoshi:31.1.0/`.
    pub subversion: String,
    /// The services it offers, by name.
    pub services: Vec<String>,
    /// Its rule changes; `None` when it does not tell them.
    pub deployments: Option<DeploymentFacts>,
    /// Hashes of the blocks that it has at pinned heights, by height; absent where it has none yet.
    pub headers: BTreeMap<u64, String>,
}

impl NodeFacts {
    /// The verdict over a node that tells this.
    pub fn verdict(&self) -> RulesVerdict {
        let findings: Vec<String> = [
            self.judge_chain(),
            self.judge_headers(),
            judge_program(&self.subversion),
            self.judge_deployments(),
            self.judge_services(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if findings.is_empty() {
            return RulesVerdict { verdict: Verdict::Bitcoin, reason: None };
        }
        let reason = format!("This node does not follow Bitcoin's rules: {}.", findings.join("; "));
        RulesVerdict { verdict: Verdict::Foreign, reason: Some(reason) }
    }

    fn judge_chain(&self) -> Option<String> {
        (self.reported_chain != self.chain.name()).then(|| {
            format!("it is on the chain {:?} instead of {:?}", self.reported_chain, self.chain.name())
        })
    }

    fn judge_headers(&self) -> Option<String> {
        let wrong = pinned_headers(self.chain).iter().find(|pin| {
            self.headers.get(&pin.height).is_some_and(|hash| !hash.eq_ignore_ascii_case(pin.hash))
        })?;
        Some(format!("it has another block than Bitcoin at height {}", wrong.height))
    }

    fn judge_deployments(&self) -> Option<String> {
        let Some(facts) = &self.deployments else {
            return Some("it does not tell which rule changes it enforces (getdeploymentinfo)".to_owned());
        };
        let deployments = facts.deployments.iter().filter(|(name, kind)| !is_known(name, kind));
        let foreign: Vec<String> = deployments
            .map(|(name, kind)| format!("{name} (type {kind})"))
            .chain(unknown(&facts.fields, DEPLOYMENT_FIELDS))
            .chain(unknown(&facts.script_flags, SCRIPT_FLAGS))
            .collect();
        (!foreign.is_empty())
            .then(|| format!("it has rule changes that Bitcoin does not have: {}", foreign.join(", ")))
    }

    fn judge_services(&self) -> Option<String> {
        let foreign: Vec<String> = unknown(&self.services, SERVICES).collect();
        (!foreign.is_empty())
            .then(|| format!("it offers services that Bitcoin does not have: {}", foreign.join(", ")))
    }
}

fn is_known(name: &str, kind: &str) -> bool {
    DEPLOYMENTS.iter().any(|(known, kinds)| *known == name && kinds.contains(&kind))
}

fn unknown<'a>(told: &'a [String], known: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    told.iter().filter(|name| !known.contains(&name.as_str())).cloned()
}

/// The program that a `subversion` names, for people; `None` when it is not a known one.
///
/// ```
/// use appliance_core::node::implementation;
/// assert_eq!(implementation("/Satoshi:31.1.0/"), Some("Bitcoin Core"));
/// assert_eq!(implementation("/Satoshi:29.4.2/Knots:20260508/"), Some("Bitcoin Knots"));
/// assert_eq!(implementation("/Bitcoin ABC:0.30.1/"), None);
/// ```
pub fn implementation(subversion: &str) -> Option<&'static str> {
    match parts(subversion)?.as_slice() {
        [("Satoshi", _)] => Some("Bitcoin Core"),
        [("Satoshi", _), ("Knots", _)] => Some("Bitcoin Knots"),
        _ => None,
    }
}

fn judge_program(subversion: &str) -> Option<String> {
    let foreign_knots = || {
        format!(
            "it is Bitcoin Knots ({subversion}), which since 2026-05-08 enforces BIP 110 and left Bitcoin's chain"
        )
    };
    match parts(subversion).as_deref() {
        Some([("Satoshi", _)]) => None,
        Some([("Satoshi", _), ("Knots", day)]) => {
            let known = day.parse().is_ok_and(|day: u32| day < FOREIGN_KNOTS_SINCE);
            (!known).then(foreign_knots)
        }
        _ => Some(format!("it is {subversion:?}, a program that this box does not know")),
    }
}

/// The parts of a user agent (BIP 14): `/NAME:VERSION/NAME:VERSION/`, comments in brackets left out.
fn parts(subversion: &str) -> Option<Vec<(&str, &str)>> {
    let inner = subversion.strip_prefix('/')?.strip_suffix('/')?;
    let parts = split_outside_comments(inner);
    parts.into_iter().map(|part| part.split('(').next()?.split_once(':')).collect()
}

/// A comment may hold a slash (`(a/b)`), which does not part anything.
fn split_outside_comments(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '/' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests;
