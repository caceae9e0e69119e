//! The ways in: what all public listeners share, and the listener of the metrics.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::sockets::{METRICS_SOCKET, bind_socket};
use crate::app::SharedApp;
use crate::config::MetricsAt;
use crate::descriptors;
use crate::http::edge::accept::{self, Door};
use crate::http::edge::arrival::{ArrivalSettings, Refused};
use crate::http::edge::places::Places;
use crate::http::{metrics, routes};
use crate::metrics::Connections;
use crate::tls::{self, Certificates};

/// What all public listeners share.
pub(super) fn door(app: &SharedApp, certificates: Option<&Arc<Certificates>>) -> anyhow::Result<Door> {
    let listen = &app.config.listen;
    let mut limits = listen.limits.clone();
    let room = descriptors::for_connections();
    if room < limits.connections_max {
        tracing::warn!(
            room,
            "the limit of open files (LimitNOFILE) leaves room for fewer connections than connections_max"
        );
        limits.connections_max = room;
    }
    Ok(Door {
        router: routes::public(SharedApp::clone(app)),
        places: Places::new(&limits, &listen.behind, app.metrics.connections()),
        limits: Arc::new(limits),
        arrivals: Arc::new(ArrivalSettings {
            behind: listen.networks(),
            proxy_protocol: listen.proxy_protocol,
            tls: certificates.map(|certificates| tls::acceptor(Arc::clone(certificates))).transpose()?,
            deadline: listen.limits.header,
            refused: Refused::default(),
        }),
    })
}

/// Starts the metrics listener, if one is wanted. Gives its socket's path, to be removed at the end.
pub(super) async fn show_metrics(
    at: Option<MetricsAt>,
    app: &SharedApp,
    door: &Door,
    (tasks, stopped): (&mut JoinSet<()>, &watch::Receiver<bool>),
) -> anyhow::Result<Option<PathBuf>> {
    let router = metrics::router(SharedApp::clone(app));
    let limits = Arc::clone(&door.limits);
    match at {
        None => Ok(None),
        Some(MetricsAt::Unix(path)) => {
            let listener = bind_socket(&path, 0o600, METRICS_SOCKET)?;
            tasks.spawn(accept::unix(listener, router, limits, stopped.clone()));
            Ok(Some(path))
        }
        Some(MetricsAt::Tcp(address)) => {
            let listener = bind_metrics(address).await?;
            // Places of its own: a full house must not keep the one away who counts it.
            let places = Places::new(&limits, &[], Connections::default());
            let arrivals = Arc::new(ArrivalSettings { deadline: limits.header, ..ArrivalSettings::default() });
            let door = Door { router, limits, places, arrivals };
            tasks.spawn(accept::public(listener.into(), door, stopped.clone()));
            Ok(None)
        }
    }
}

async fn bind_metrics(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    let listener = listener
        .with_context(|| format!("cannot show metrics on {address}: is another server there? change metrics.listen"))?;
    tracing::info!("showing metrics on http://{}/metrics", listener.local_addr()?);
    Ok(listener)
}
