//! The command line. Every command but `up` and `serve` is a client: of a server, or of the admin socket.

mod audience;
mod audit;
mod backup;
mod client;
mod config;
mod device;
mod doctor;
mod explain;
mod health;
mod invite;
mod key;
mod login;
mod relocate;
mod restore;
mod serve;
mod session;
mod show;
mod table;
mod terminal;
mod token;
mod up;
mod user;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::client::Unreachable;
use crate::client::admin::Admin;
use crate::config::Config;
use crate::log::start as start_log;
use crate::systemd::Passed;

pub(crate) use self::serve::refuse_nobody;

/// What the exit codes mean; every help page says it.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused or failed; standard error says why
  2  the call is wrong: an unknown option, a value out of range, --yes missing
  3  no server answers, and this command cannot take its place

Commands talk to the server's admin socket. With no server running they open the data folder themselves.
Secrets are read from a prompt, a file or standard input, never from an argument. NO_COLOR is respected.";

/// A call that cannot be followed. The command ends with exit code 2.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongCall(pub(crate) String);

/// A password and a second factor in, a short-lived signed JWT out.
#[derive(Debug, Parser)]
#[command(name = "poundlock", version, max_term_width = 100, after_help = EXIT_CODES)]
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
    /// Invite, list and change users.
    User(user::User),
    /// List and withdraw invites and tickets.
    Invite(invite::Invite),
    /// List and end sessions.
    Session(session::Sessions),
    /// List and revoke the known devices of a user.
    Device(device::Device),
    /// List and change the applications that may ask for tokens.
    Client(client::Client),
    /// List and change the services that tokens are for.
    Audience(audience::Audience),
    /// List, rotate and revoke signing keys; make and rotate the master key.
    Key(key::Key),
    /// Explain tokens.
    Token(token::Token),
    /// Show and check the configuration.
    Config(config::Settings),
    /// Read, export, check and prune the audit log.
    Audit(audit::Audit),
    /// Copy the live store to a file.
    Backup(backup::Backup),
    /// Make a store from a backup, and end all sessions.
    Restore(restore::Restore),
    /// Move a store to another place or to PostgreSQL, and keep its sessions.
    Move(relocate::Move),
    /// Check configuration, keys, disk, time, hashing, store and proxy, and say what to do.
    Doctor(doctor::Doctor),
    /// Say why something was refused, by its reference.
    Explain(explain::Explain),
    /// Ask the running server whether it is ready.
    Health(health::Health),
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

    /// Does administrators' work, and lets go of the data folder after it, however it went.
    pub(crate) async fn with_admin<T>(&self, work: impl AsyncFnOnce(&Admin) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let config = self.load()?;
        start_log(&config.log, true)?;
        let admin = Admin::open(config).await?;
        let done = work(&admin).await;
        admin.close().await?;
        done
    }
}

impl Listening {
    fn apply(&self, config: &mut Config) -> anyhow::Result<()> {
        if let Some(listen) = self.listen {
            config.listen.address = listen;
        }
        if let Some(store) = &self.store {
            if holds_password(store) {
                return Err(WrongCall(
                    "--store holds a password, and every user of this machine can read the arguments of a process: \
                     put the address into [store] url or into the variable POUNDLOCK_STORE__URL"
                        .to_owned(),
                )
                .into());
            }
            config.store.url = Some(store.clone());
        }
        Ok(())
    }
}

/// Whether the address of a store has a password in it: before the host, or as a parameter.
pub(crate) fn holds_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let before_host = rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    before_host || rest.contains("password=")
}

/// Runs the command; see [`EXIT_CODES`].
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    // Before there is a second thread: it changes the environment.
    let passed = match Passed::take() {
        Ok(passed) => passed,
        Err(error) => {
            eprintln!("poundlock: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("poundlock: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(dispatch(cli, passed)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("poundlock: {error:#}");
            ExitCode::from(code_of(&error))
        }
    }
}

fn code_of(error: &anyhow::Error) -> u8 {
    if let Some(found) = error.downcast_ref::<doctor::Found>() {
        found.code()
    } else if error.is::<WrongCall>() {
        2
    } else if error.is::<Unreachable>() {
        3
    } else {
        1
    }
}

async fn dispatch(cli: Cli, passed: Passed) -> anyhow::Result<()> {
    match cli.command {
        Command::Up(up) => up.run(&cli.place).await,
        Command::Serve(serve) => serve.run(&cli.place, passed).await,
        Command::Login(login) => login.run().await,
        Command::User(user) => user.run(&cli.place).await,
        Command::Invite(invite) => invite.run(&cli.place).await,
        Command::Session(session) => session.run(&cli.place).await,
        Command::Device(device) => device.run(&cli.place).await,
        Command::Client(client) => client.run(&cli.place).await,
        Command::Audience(audience) => audience.run(&cli.place).await,
        Command::Key(key) => key.run(&cli.place).await,
        Command::Token(token) => token.run(&cli.place).await,
        Command::Config(settings) => settings.run(&cli.place),
        Command::Audit(audit) => audit.run(&cli.place).await,
        Command::Backup(backup) => backup.run(&cli.place).await,
        Command::Restore(restore) => restore.run(&cli.place).await,
        Command::Move(relocate) => relocate.run(&cli.place).await,
        Command::Doctor(doctor) => doctor.run(&cli.place).await,
        Command::Explain(explain) => explain.run(&cli.place).await,
        Command::Health(health) => health.run(&cli.place).await,
    }
}

#[cfg(test)]
mod tests {
    use super::holds_password;

    #[test]
    fn t_35_a_password_among_the_arguments_is_noticed() {
        for bad in ["postgres://u:pw@h/d", "postgres://u:p@w@h/d", "postgres://h/d?user=u&password=pw"] {
            assert!(holds_password(bad), "{bad}");
        }
        for good in ["postgres://u@h:5432/d", "postgres://poundlock@%2Ftmp%2Fpg/postgres", "sqlite:/a/b@c:d.db"] {
            assert!(!holds_password(good), "{good}");
        }
    }
}
