//! The admin socket as the command line uses it. With no server running it takes the data folder's lock and asks the
//! same router in this process, so that a command does the same either way.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, bail};
use axum::Router;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use poundlock_store::Options;
use reqwest::Method;
use serde_json::Value;
use tower::ServiceExt;

use super::{Client, Unreachable};
use crate::app::SharedApp;
use crate::boot::{self, DataLock, load_master};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::admin;
use crate::jobs::sealer;
use crate::serving::refuse_long_socket;

/// Where administrators' commands go.
pub(crate) enum Admin {
    /// A running server.
    Socket(Client),
    /// This process, which holds the data folder meanwhile.
    Here(Box<Here>),
}

/// The parts of a server without its listeners and jobs.
pub(crate) struct Here {
    app: SharedApp,
    router: Router,
    _lock: DataLock,
}

impl Admin {
    /// Finds the server of this configuration, or takes its place.
    pub(crate) async fn open(config: Config) -> anyhow::Result<Self> {
        let socket = config.admin_socket();
        refuse_long_socket(&socket)?;
        match tokio::net::UnixStream::connect(&socket).await {
            Ok(_) => Ok(Self::Socket(Client::over(&socket)?)),
            // No such file, or one that a dead server has left.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                Here::open(config, &socket).await.map(|here| Self::Here(Box::new(here)))
            }
            Err(error) => {
                Err(Unreachable(format!("cannot open the admin socket {}: {error}", socket.display())).into())
            }
        }
    }

    /// Any request; a refusal is a [`super::Refusal`].
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        match self {
            Self::Socket(client) => client.send(method, path, body, None).await,
            Self::Here(here) => here.send(method, path, body).await,
        }
    }

    /// Gets JSON.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Deletes.
    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<()> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    /// Gets a long answer piece by piece, as it comes.
    pub(crate) async fn stream(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        match self {
            Self::Socket(client) => client.stream(path, &mut take).await,
            Self::Here(here) => here.stream(path, &mut take).await,
        }
    }

    /// Lets go. What was done here is on disk, and linked.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        let Self::Here(here) = self else { return Ok(()) };
        let app = &here.app;
        sealer::seen(SharedApp::clone(app)).await?;
        sealer::finish(app).await?;
        boot::store_mark(app).await?;
        app.store.close().await;
        Ok(())
    }
}

impl Here {
    async fn open(config: Config, socket: &Path) -> anyhow::Result<Self> {
        let data = config.data.clone();
        let Ok(folder) = std::fs::metadata(&data) else {
            return Err(Unreachable(format!(
                "no server runs on {0}, and there is no {0}: name the data folder with --data, or begin with `poundlock up`",
                data.display()
            ))
            .into());
        };
        let own = rustix::process::geteuid().as_raw();
        if folder.uid() != own {
            // Attack on oneself: root would leave files that the server's own user can no longer open.
            bail!(
                "{} belongs to the user {}, and this runs as {own}: run it as that user",
                data.display(),
                folder.uid()
            );
        }
        crate::cmd::refuse_nobody()?;
        let Some(lock) = DataLock::take(&data)? else {
            return Err(Unreachable(format!(
                "a server holds {} but does not answer on {}: it is starting or stopping, or has another --admin-socket",
                data.display(),
                socket.display()
            ))
            .into());
        };
        let (master, _) = load_master(&config)?.with_context(|| {
            format!("no server runs on {}, and there is no master key: begin with `poundlock up`", data.display())
        })?;
        let app = boot::boot(config, master, Clock::start(), &Options::default()).await?;
        // What a server left that died.
        sealer::seal(SharedApp::clone(&app)).await?;
        let router = admin::router(SharedApp::clone(&app));
        Ok(Self { app, router, _lock: lock })
    }

    async fn stream(&self, path: &str, take: &mut impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let request = http::Request::get(path).body(Body::empty())?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, mut body) = response.into_parts();
        if !parts.status.is_success() {
            return super::answer(parts.status, &body.collect().await?.to_bytes(), path).map(drop);
        }
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                take(&data)?;
            }
        }
        Ok(())
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = http::Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        super::answer(parts.status, &body.collect().await?.to_bytes(), path)
    }
}

/// A text as one segment of a path (RFC 3986 section 2.1).
pub(crate) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && text.len() > 2) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::segment;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("ada.lovelace-1_~"), "ada.lovelace-1_~");
        assert_eq!(segment("a/b?c#d@é"), "a%2Fb%3Fc%23d%40%C3%A9");
        assert_eq!(segment(".."), "%2E%2E");
    }
}
