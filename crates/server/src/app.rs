//! What every request shares: store, keys, clock, randomness, hash pool. Holds values; decides nothing.

use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use poundlock_core::keys::Keyset;
use poundlock_core::passkey::RelyingParty;
use poundlock_core::password::Cost;
use poundlock_core::seal::{Keyring, MasterKey};
use poundlock_core::throttle::Throttle;
use poundlock_store::Store;
use poundlock_verify::{JwkSet, Verifier};

use crate::config::Config;
use crate::flow::under_way::Flows;
use crate::hasher::Hasher;
use crate::jobs::watch::Watched;
use crate::journal::Journal;
use crate::metrics::Metrics;
use crate::page::Brand;
use crate::page::assets::Asset;
use crate::readiness::Looks;
use crate::refusals::Refusals;
use crate::registry::Registry;
use crate::rng::SystemRng;
use crate::status::StatusLists;
use crate::timekeeper::Timekeeper;

/// The shared parts of one running server.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) issuer: String,
    pub(crate) account_audience: String,
    /// Whose pages these are, and the files of the pages.
    pub(crate) brand: Brand,
    pub(crate) assets: Vec<Asset>,
    /// What the well-known addresses answer.
    pub(crate) metadata: String,
    /// This server as authenticators know it; none where the issuer's host is an address.
    pub(crate) party: Option<RelyingParty>,
    pub(crate) cost: Cost,
    pub(crate) store: Store,
    pub(crate) ring: Keyring,
    /// What the data keys are wrapped by; replaced by a rotation.
    pub(crate) master: ArcSwap<MasterKey>,
    pub(crate) keys: ArcSwap<Keys>,
    pub(crate) registry: ArcSwap<Registry>,
    pub(crate) time: Timekeeper,
    pub(crate) rng: SystemRng,
    pub(crate) hasher: Hasher,
    pub(crate) status: StatusLists,
    pub(crate) sources: Mutex<Throttle>,
    pub(crate) journal: Journal,
    /// The first peer that forwarded an address although nobody named it as a proxy.
    pub(crate) unasked_proxy: std::sync::OnceLock<std::net::IpAddr>,
    /// One backup is made at a time: each takes the room of the store.
    pub(crate) copying: tokio::sync::Mutex<()>,
    /// What runs on after its caller hung up.
    pub(crate) flows: Flows,
    /// What is wrong with store and clock, as far as the watch has seen.
    pub(crate) watched: Watched,
    pub(crate) looks: Looks,
    pub(crate) metrics: Metrics,
    pub(crate) refusals: Refusals,
    /// How many one-time codes were compared with an account's authenticators.
    pub(crate) codes_checked: AtomicU64,
    /// Whether it was told to end, and still answers.
    pub(crate) stopping: AtomicBool,
}

/// The signing keys, and the verifier of tokens for the account API that goes with them.
pub(crate) struct Keys {
    pub(crate) set: Keyset,
    pub(crate) account: Verifier,
    /// The public parts, as others see them.
    pub(crate) published: JwkSet,
}

impl Keys {
    /// Reads the stored keys.
    pub(crate) async fn load(
        store: &Store,
        ring: &Keyring,
        issuer: &str,
        account_audience: &str,
    ) -> anyhow::Result<Self> {
        let set = Keyset::open(&poundlock_store::key::signing_keys(store).await?, ring)?;
        let published = JwkSet::parse(set.jwks().as_bytes())?;
        let account = Verifier::new(issuer, account_audience).with_keys(JwkSet::parse(set.jwks().as_bytes())?);
        Ok(Self { set, account, published })
    }
}

/// An [`App`] as requests hold it.
pub(crate) type SharedApp = Arc<App>;
