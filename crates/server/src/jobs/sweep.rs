//! Sweeps what strangers can cause and what time has ended, and stores the clock's mark. Account counters are never
//! swept.

use poundlock_core::oidc::code::REMEMBERED;
use poundlock_core::status::may_close;
use poundlock_core::time::Span;
use poundlock_core::token::ACCESS_LIFE_MAX;
use poundlock_store::sweep::in_turns;
use poundlock_store::{Batch, browser, code, invite, login, passkey, session, status, step_up};

use crate::app::SharedApp;

/// How long ended invites stay listed.
const INVITES_KEPT: Span = Span::from_hours(24);

/// How long the marks of answered challenges stay after the challenges end.
const MARKS_KEPT: Span = Span::from_minutes(1);

/// One sweep.
pub(crate) async fn sweep(app: SharedApp) -> anyhow::Result<()> {
    let Ok(now) = app.time.now() else { return Ok(()) };
    crate::boot::store_mark(&app).await?;
    app.journal.turn_month(&app.store, &app.ring, now, &app.rng).await?;
    in_turns(&app.store, |batch| {
        login::sweep(batch, now);
        step_up::sweep(batch, now);
        browser::sweep(batch, now);
        code::sweep(batch, now - REMEMBERED);
        // Another node's clock may be a little behind: there the challenge still counts, and must not be answered twice.
        passkey::sweep(batch, now - MARKS_KEPT);
        invite::sweep(batch, now - INVITES_KEPT);
        // Not before its last token is dead: until then the status list must show it as ended.
        session::sweep(batch, now - ACCESS_LIFE_MAX);
    })
    .await?;
    let lists = status::lists(&app.store).await?;
    let newest = lists.iter().map(|list| list.list).max();
    for list in lists.iter().filter(|list| may_close(list.opened_at, Some(list.list) == newest, now)) {
        let mut batch = Batch::new();
        status::close(&mut batch, list.list, now - ACCESS_LIFE_MAX);
        app.store.commit(batch).await?;
    }
    Ok(())
}
