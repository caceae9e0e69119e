//! Streams an export: a page of links at a time, whatever the log's length. What is damaged goes out as it is; the check
//! of the export finds it.

use poundlock_core::audit::{CheckpointKey, Export, Head, Report, Verifier, stretches};
use poundlock_core::time::Time;
use poundlock_store::{Store, chain, checkpoint};
use tokio::sync::mpsc;

use super::super::super::{Answer, Fault};
use crate::app::SharedApp;
use crate::journal::Origin;

/// Rows read at once.
const PAGE_ROWS: i64 = 500;

/// Lines that wait for a slow reader; then the export waits.
const LINES_AHEAD: usize = 256;

/// The lines of an export, each with its line feed. A fault is the last item, and an export that ends with one has no
/// end line: whoever checks it sees that it broke off.
pub(crate) type Lines = mpsc::Receiver<Result<String, Fault>>;

/// Begins an export of what is linked now.
pub(crate) async fn export(app: SharedApp, origin: &Origin) -> Answer<Lines> {
    let now = super::super::super::now(&app, origin)?;
    let (lines, receiver) = mpsc::channel(LINES_AHEAD);
    tokio::spawn(async move {
        if let Err(Broken::Fault(fault)) = write((&app.store, &app.journal.key), now, &lines).await {
            tracing::error!(%fault, "an export of the audit log broke off");
            // A reader that went away has no use for the reason.
            let _ = lines.send(Err(fault)).await;
        }
    });
    Ok(receiver)
}

/// Checks the log of a store that nobody serves: what it would export, and that it hangs together.
pub(crate) async fn verify(store: &Store, key: &CheckpointKey, now: Time) -> anyhow::Result<Report> {
    let (lines, mut coming) = mpsc::channel(LINES_AHEAD);
    let mut verifier = Verifier::new(None, Some(key.public()));
    let (written, ()) = futures_util::future::join(
        async {
            let lines = lines;
            write((store, key), now, &lines).await
        },
        async {
            while let Some(Ok(line)) = coming.recv().await {
                verifier.line(line.as_bytes());
            }
        },
    )
    .await;
    match written {
        Ok(()) => Ok(verifier.finish()),
        Err(Broken::Fault(fault)) => Err(anyhow::anyhow!("the audit log does not read: {fault}")),
        Err(Broken::ReaderGone) => Err(anyhow::anyhow!("the check of the audit log broke off")),
    }
}

/// Why an export did not come to its end.
enum Broken {
    Fault(Fault),
    ReaderGone,
}

impl<E: Into<Fault>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// One export under way.
struct Writer<'a> {
    store: &'a Store,
    export: Export,
    lines: &'a mpsc::Sender<Result<String, Fault>>,
}

async fn write(
    (store, key): (&Store, &CheckpointKey),
    now: Time,
    lines: &mpsc::Sender<Result<String, Fault>>,
) -> Result<(), Broken> {
    let (cut, last, heads, waiting) = store
        .read(move |r| {
            Box::pin(async move {
                let (cut, last) = (checkpoint::cut(r).await?, checkpoint::last(r).await?);
                Ok((cut, last, chain::heads(r).await?, chain::unlinked_count(r).await?))
            })
        })
        .await?;
    let waiting = u64::try_from(waiting).unwrap_or(0);
    let (export, header) = Export::begin(now, key.public(), cut.as_ref(), waiting);
    let mut writer = Writer { store, export, lines };
    writer.send(header).await?;
    let begin = cut.as_ref().map_or((0, Vec::new()), |cut| (cut.number(), cut.heads().to_vec()));
    let done = writer.checkpoints(begin, last.map_or(0, |last| last.number())).await?;
    writer.records(&done, &heads).await?;
    if store.read(move |r| Box::pin(checkpoint::cut(r))).await? != cut {
        return Err(Fault::Other("the log was pruned while it was exported: export it again".to_owned()).into());
    }
    let end = writer.export.finish(key);
    lines.send(Ok(end)).await.map_err(|_| Broken::ReaderGone)
}

impl Writer<'_> {
    /// Every checkpoint after `number` up to `until`, each behind the records that it covers. Gives where the last ends.
    async fn checkpoints(&mut self, (mut number, mut done): (u64, Vec<Head>), until: u64) -> Result<Vec<Head>, Broken> {
        loop {
            let page = checkpoint::after(self.store, number, PAGE_ROWS).await?;
            let Some((last, _)) = page.last() else { return Ok(done) };
            number = *last;
            for (number, checkpoint) in page {
                if number > until {
                    return Ok(done);
                }
                let Some(checkpoint) = checkpoint else { continue };
                self.records(&done, checkpoint.heads()).await?;
                let line = self.export.checkpoint(&checkpoint);
                self.send(line).await?;
                done = checkpoint.heads().to_vec();
            }
        }
    }

    /// The records between two sets of heads.
    async fn records(&mut self, after: &[Head], until: &[Head]) -> Result<(), Broken> {
        for stretch in stretches(after, until) {
            let mut after = stretch.after;
            loop {
                let page = chain::between(self.store, &stretch.chain, (after, stretch.until), PAGE_ROWS).await?;
                let Some((last, _)) = page.last() else { break };
                after = last.seq;
                for (link, stored) in &page {
                    let line = self.export.record(link, &stored.body);
                    self.send(line).await?;
                }
            }
        }
        Ok(())
    }

    async fn send(&self, line: String) -> Result<(), Broken> {
        self.lines.send(Ok(line)).await.map_err(|_| Broken::ReaderGone)
    }
}
