//! `poundlock backup`: takes the copy that the server makes, and gives it a name only when it is whole and on disk.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use poundlock_core::audit::utc;
use poundlock_core::backup::{Manifest, hex};
use poundlock_store::{copy, migrations};
use serde_json::json;

use super::terminal::say;
use super::{EXIT_CODES, Place, WrongCall};

/// Copy the live store to a file.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Backup {
    /// The file to write, which must not exist yet; `-` for standard output.
    file: PathBuf,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(crate) async fn run(self, place: &Place) -> anyhow::Result<()> {
        if self.file == Path::new("-") {
            return to_stdout(place).await;
        }
        refuse_existing(&self.file)?;
        let partial = partial(&self.file);
        let taken = self.take(place, &partial).await;
        if taken.is_err() {
            // A half copy must never look like a backup.
            let _ = std::fs::remove_file(&partial);
        }
        let (manifest, bytes) = taken?;
        self.say(&manifest, bytes)
    }

    fn say(&self, manifest: &Manifest, bytes: u64) -> anyhow::Result<()> {
        if self.json {
            let told = json!({
                "file": self.file,
                "bytes": bytes,
                "made_at": manifest.made_at().seconds(),
                "schema": manifest.schema,
                "issuer": manifest.issuer,
                "master_key": manifest.master_key,
            });
            return say(&told.to_string());
        }
        say(&format!("{} holds the store of {}", self.file.display(), manifest.issuer))?;
        say(&format!("as it was at {}: schema {}, {}.", utc(manifest.made_at()), manifest.schema, size(bytes)))?;
        say(&format!("It opens with the master key {}, which is not in it.", manifest.master_key))
    }

    async fn take(&self, place: &Place, partial: &Path) -> anyhow::Result<(Manifest, u64)> {
        // Left over from a command that was killed.
        let _ = std::fs::remove_file(partial);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(partial)
            .with_context(|| format!("cannot write {}", partial.display()))?;
        fetch(place, &mut file).await?;
        let bytes = file.metadata()?.len();
        let manifest = whole(partial).await?;
        refuse_existing(&self.file)?;
        copy::publish(partial, &self.file)?;
        Ok((manifest, bytes))
    }
}

async fn fetch(place: &Place, file: &mut File) -> anyhow::Result<()> {
    place
        .with_admin(async |admin| {
            admin.stream("/v1/admin/backup", |piece| file.write_all(piece).context("cannot write the backup")).await
        })
        .await
}

/// Reads a copy as a restore would: what did not arrive whole is no backup.
async fn whole(path: &Path) -> anyhow::Result<Manifest> {
    let found = copy::look(path, migrations::ALL).await?;
    let manifest = found.manifest.and_then(|manifest| Manifest::read(&manifest.text));
    match manifest {
        Some(manifest) if manifest.content == hex(&found.content) => Ok(manifest),
        _ => bail!("the copy did not arrive whole: try again"),
    }
}

async fn to_stdout(place: &Place) -> anyhow::Result<()> {
    if std::io::stdout().is_terminal() {
        return Err(WrongCall("a backup is no text: send standard output to a program or a file".to_owned()).into());
    }
    place
        .with_admin(async |admin| {
            let mut out = std::io::stdout();
            admin.stream("/v1/admin/backup", |piece| out.write_all(piece).context("cannot write the backup")).await?;
            Ok(out.flush()?)
        })
        .await
}

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if path.exists() {
        bail!("{} exists already: name a new file, for this may be the only good backup", path.display());
    }
    Ok(())
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    if bytes < 10 * 1024 * 1024 { format!("{} KiB", bytes.div_ceil(1024)) } else { format!("{} MiB", bytes >> 20) }
}
