//! Brings certificate, console and identity up to date when the network changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use appliance_http::{Presence, ServedCertificate};
use hal_api::Token;
use jiff::Timestamp;
use tokio::sync::watch;

use super::Site;
use super::netlink::{Notices, Subject};
use crate::config::Http;
use crate::console::{Console, certificate_lines};
use crate::tls::{self, Identity, Names};

/// Changes come in groups: a link, its addresses. They are met together.
const SETTLES: Duration = Duration::from_millis(300);
/// How often it looks by itself: the kernel's notices may be lost, and certificates run out.
const LOOKS: Duration = Duration::from_secs(60);

/// All that follows the network.
pub(crate) struct Follower {
    pub(crate) http: Http,
    /// The port that people reach the box at.
    pub(crate) port: u16,
    /// The token with the authority's key, and the folder of the certificates.
    pub(crate) token: Token,
    pub(crate) folder: PathBuf,
    pub(crate) served: Arc<ServedCertificate>,
    pub(crate) presence: watch::Sender<Presence>,
    pub(crate) console: Arc<Console>,
    /// The names of the certificate that is served.
    pub(crate) certified: Names,
}

impl Follower {
    /// Follows until it is aborted. `name`: the multicast DNS name, where there is one.
    pub(crate) async fn run(mut self, mut name: Option<watch::Receiver<String>>) {
        let notices = Notices::open(Subject::Addresses)
            .inspect_err(|error| tracing::warn!(%error, "the kernel does not tell of addresses"))
            .ok();
        let mut looks = tokio::time::interval(LOOKS);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = noticed(notices.as_ref()) => tokio::time::sleep(SETTLES).await,
                () = renamed(name.as_mut()) => {}
            }
            let current = name.as_mut().map(|name| name.borrow_and_update().clone());
            let site = Site::now(&self.http, current);
            if let Err(error) = self.follow(&site).await {
                tracing::warn!(error = format!("{error:#}"), "cannot follow the network");
            }
        }
    }

    /// Makes everything true to this site.
    pub(crate) async fn follow(&mut self, site: &Site) -> Result<()> {
        let names = self.certified.grown_to(site.names(&self.http));
        let (token, folder, wanted) = (self.token.clone(), self.folder.clone(), names.clone());
        let identity =
            tokio::task::spawn_blocking(move || tls::identity(&token, &folder, &wanted, Timestamp::now()));
        let identity = identity.await.context("a certificate was not issued")??;
        self.certified = names;
        self.show(site, identity)
    }

    fn show(&self, site: &Site, identity: Identity) -> Result<()> {
        let urls = site.urls(&self.http, self.port);
        let presence = presence(&urls, &identity);
        if presence.certificate.sha256 != self.presence.borrow().certificate.sha256 {
            self.served.replace(identity.chain, identity.key).context("cannot use the new certificate")?;
            tracing::info!(sha256 = presence.certificate.sha256, "a new certificate is served");
            let words = presence.certificate.words.join(" ");
            self.console.lines("Certificate", certificate_lines(&words, &presence.certificate.sha256));
        }
        self.console.lines("Address", urls);
        self.presence.send_replace(presence);
        Ok(())
    }
}

/// What the box says of itself here.
pub(crate) fn presence(urls: &[String], identity: &Identity) -> Presence {
    Presence {
        address: urls.first().cloned().unwrap_or_default(),
        certificate: appliance_http::CertificateIdentity {
            sha256: identity.fingerprint.hex(),
            words: identity.fingerprint.words().into_iter().map(str::to_owned).collect(),
            ca_sha256: identity.authority_fingerprint.hex(),
            ca_pem: identity.authority_pem.clone(),
        },
    }
}

async fn noticed(notices: Option<&Notices>) {
    let told = match notices {
        Some(notices) => notices.next().await,
        None => std::future::pending().await,
    };
    if let Err(error) = told {
        tracing::warn!(%error, "the kernel's notices broke");
        tokio::time::sleep(LOOKS).await;
    }
}

async fn renamed(name: Option<&mut watch::Receiver<String>>) {
    let told = match name {
        Some(name) => name.changed().await,
        None => std::future::pending().await,
    };
    if told.is_err() {
        // The announcer is gone; its last name stays.
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests;
