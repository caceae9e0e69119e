//! Work beside the requests: keys turn, records are sealed, rows are swept, notices are heard. Each job is one loop
//! that a shutdown ends.

pub(crate) mod certificates;
pub(crate) mod keys;
pub(crate) mod logout;
pub(crate) mod notices;
pub(crate) mod sealer;
pub(crate) mod sweep;
#[cfg(test)]
mod tests;
pub(crate) mod watch;

use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::task::JoinSet;

use crate::app::SharedApp;

/// Starts every job. They end when `stop` says so.
pub(crate) fn start(app: &SharedApp, stop: &Receiver<bool>) -> JoinSet<()> {
    let mut jobs = JoinSet::new();
    jobs.spawn(notices::listen(SharedApp::clone(app), stop.clone()));
    jobs.spawn(every(Duration::from_secs(60), stop.clone(), SharedApp::clone(app), notices::poll));
    jobs.spawn(every(Duration::from_secs(30), stop.clone(), SharedApp::clone(app), sweep::sweep));
    jobs.spawn(every(Duration::from_secs(15), stop.clone(), SharedApp::clone(app), sealer::seen));
    jobs.spawn(every(Duration::from_secs(5), stop.clone(), SharedApp::clone(app), tell_held_refusals));
    jobs.spawn(every(Duration::from_secs(1), stop.clone(), SharedApp::clone(app), sealer::seal));
    jobs.spawn(every(Duration::from_secs(1), stop.clone(), SharedApp::clone(app), sealer::checkpoint));
    jobs.spawn(every(Duration::from_secs(1), stop.clone(), SharedApp::clone(app), logout::tell));
    jobs.spawn(every(Duration::from_secs(1), stop.clone(), SharedApp::clone(app), watch::look));
    jobs
}

/// Says how many refusals alike got no line of their own.
async fn tell_held_refusals(app: SharedApp) -> anyhow::Result<()> {
    app.refusals.flush(Some(app.time.running()));
    Ok(())
}

/// Runs `work` at once and then every `period`, until the server stops. What fails is logged and tried again.
pub(crate) async fn every<F, W>(period: Duration, mut stop: Receiver<bool>, app: SharedApp, work: W)
where
    F: Future<Output = anyhow::Result<()>> + Send,
    W: Fn(SharedApp) -> F + Send,
{
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.changed() => return,
        }
        if let Err(error) = work(SharedApp::clone(&app)).await {
            tracing::error!(error = format!("{error:#}"), "a job failed; it will be tried again");
        }
    }
}
