//! The command line. Every command but `up` and `serve` is a client: of a server, or of the admin socket.

mod login;
mod serve;
mod show;
mod terminal;
mod up;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, LogConfig, LogFormat};

/// A password and a second factor in, a short-lived signed JWT out.
#[derive(Debug, Parser)]
#[command(name = "poundlock", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Which server, by its configuration.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// Configuration file.
    #[arg(long, global = true, env = "POUNDLOCK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Admin socket.
    #[arg(long, global = true, value_name = "PATH")]
    admin_socket: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set up a server, make its first administrator, and serve.
    Up(up::Up),
    /// Serve.
    Serve(serve::Serve),
    /// Log in to a server and show the token.
    Login(login::Login),
}

/// Where to listen, for the commands that do.
#[derive(Clone, Debug, Args)]
pub(crate) struct Listening {
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Store: sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Place {
    /// The configuration: file, then environment, then flags.
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars())?;
        if let Some(data) = &self.data {
            config.data.clone_from(data);
        }
        if let Some(socket) = &self.admin_socket {
            config.admin.socket = Some(socket.clone());
        }
        Ok(config)
    }
}

impl Listening {
    fn apply(&self, config: &mut Config) {
        if let Some(listen) = self.listen {
            config.listen.address = listen;
        }
        if let Some(store) = &self.store {
            config.store.url = Some(store.clone());
        }
    }
}

/// Runs the command; the exit code is 0, 1 for a refusal or failure, 2 for a wrong call.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("poundlock: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("poundlock: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Up(up) => up.run(&cli.place).await,
        Command::Serve(serve) => serve.run(&cli.place).await,
        Command::Login(login) => login.run().await,
    }
}

/// Starts the log on standard error; standard output is for answers.
pub(crate) fn start_log(log: &LogConfig, quiet: bool) -> anyhow::Result<()> {
    use std::io::IsTerminal;
    let filter = if quiet && log.filter == "info" { "warn" } else { &log.filter };
    let filter = tracing_subscriber::EnvFilter::try_new(filter)?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log_to = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    let started = match log.format {
        LogFormat::Pretty => log_to.with_target(false).try_init(),
        LogFormat::Json => log_to.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}
