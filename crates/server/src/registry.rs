//! Clients and audiences, as checked values in memory. Read whole from the store, replaced whole when it changes.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::Context;
use poundlock_core::client::{Audience, Client, ClientSpec, Surroundings};
use poundlock_core::jws::Alg;
use poundlock_store::Store;

/// The client that a login without one is for.
pub(crate) const DEFAULT_CLIENT: &str = "app";

/// The audience that `up` gives to it.
pub(crate) const DEFAULT_AUDIENCE: &str = "api";

/// Every client and audience.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    clients: BTreeMap<String, Client>,
    audiences: Vec<Audience>,
}

impl Registry {
    /// Reads and checks the registry. A client that does not pass is left out and told of in the log: the others work.
    pub(crate) async fn load(store: &Store, issuer: &str) -> anyhow::Result<Self> {
        let rows = poundlock_store::client::registry(store).await?;
        let audiences = audiences(&rows.audiences, issuer)?;
        let mut clients = BTreeMap::new();
        for stored in rows.clients {
            match build(&stored.spec, issuer, &audiences).and_then(|client| refuse_other_name(&stored.id, client)) {
                Ok(client) => drop(clients.insert(stored.id, client)),
                Err(problem) => tracing::error!(client = %stored.id, %problem, "this client is not usable"),
            }
        }
        Ok(Self { clients, audiences })
    }

    /// The client of this id, or the default one.
    pub(crate) fn client(&self, id: Option<&str>) -> Option<&Client> {
        self.clients.get(id.unwrap_or(DEFAULT_CLIENT))
    }

    /// Every client.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values()
    }

    /// The algorithms that keys are needed for. ES256 always: the account API and the status lists are signed with it.
    pub(crate) fn algs(&self) -> Vec<Alg> {
        let mut algs = vec![Alg::Es256];
        let asked = self.audiences.iter().map(|audience| audience.alg);
        for alg in asked.chain(self.clients.values().map(|client| client.id_token_alg)) {
            if !algs.contains(&alg) {
                algs.push(alg);
            }
        }
        algs
    }
}

/// Refuses a row that holds the specification of another client. Attack: an edit of the database that lets the users of
/// one client sign in as those of a stronger one.
fn refuse_other_name(stored: &str, client: Client) -> anyhow::Result<Client> {
    anyhow::ensure!(client.id.as_str() == stored, "the specification is that of {}", client.id);
    Ok(client)
}

/// Checks stored audiences.
pub(crate) fn audiences(rows: &[(String, String)], issuer: &str) -> anyhow::Result<Vec<Audience>> {
    let check = |(name, alg): &(String, String)| {
        let alg = Alg::parse(alg).with_context(|| format!("audience {name} has an unknown algorithm"))?;
        Audience::service(name, alg, issuer).with_context(|| format!("audience {name}"))
    };
    rows.iter().map(check).collect()
}

/// Checks one client's specification.
pub(crate) fn build(spec: &str, issuer: &str, audiences: &[Audience]) -> anyhow::Result<Client> {
    let spec: ClientSpec = serde_json::from_str(spec).context("the specification does not read")?;
    let built = Client::build(&spec, Surroundings { issuer, audiences })
        .map_err(|problems| anyhow::anyhow!(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    for warning in &built.warnings {
        tracing::warn!("{warning}");
    }
    Ok(built.client)
}
