//! Goal 11: from the start of the process to the first good answer, against `oidc-provider` started the same way.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::call::Call;
use crate::clock::{monotonic_nanos, seconds_since};
use crate::report::{Measure, Section, Unit, Wanted};
use crate::server::{Place, Running, end, free_address};
use crate::stats::ratios;
use crate::world::PASSWORD;

pub(super) fn measure(call: &Call) -> Result<Section> {
    let rounds = call.pick(9, 3);
    let warm = Place::new(&call.server, &call.work)?;
    warm.serve()?.stop()?;
    let (mut warm_millis, mut empty_millis, mut up_millis, mut node_millis) = (vec![], vec![], vec![], vec![]);
    // The first round warms the page cache for everybody and is not counted.
    for round in 0..=rounds {
        let with_data = started(&warm)?;
        let on_nothing = started(&Place::new(&call.server, &call.work)?)?;
        let up = up(&Place::new(&call.server, &call.work)?)?;
        let node = call.oidc.as_deref().map(oidc_provider).transpose()?;
        if round > 0 {
            warm_millis.push(with_data);
            empty_millis.push(on_nothing);
            up_millis.push(up);
            node_millis.extend(node);
        }
    }
    let mut notes = vec![
        "Asked every millisecond. With data: schema, keys and client exist. Empty: migrations, data keys and an ES256 \
         key are made. `up --json` also invites, enrols and verifies the first administrator, with one password hash."
            .to_owned(),
        "`oidc-provider` has its key given and its clients in memory: it makes and reads nothing that it could leave out."
            .to_owned(),
    ];
    if node_millis.is_empty() {
        notes.push("`oidc-provider` was not there: no ratio.".to_owned());
    }
    let node = "node oidc-provider to its first answer";
    Ok(Section {
        goal: 11,
        title: "cold start to the first good answer",
        measures: vec![
            Measure::ratio(
                "with data",
                node,
                &ratios(&warm_millis, &node_millis),
                Unit::Times,
                Wanted::AtMost(1.0 / 12.0),
            ),
            Measure::absolute("with data", &warm_millis, Unit::Millis, Wanted::AtMost(50.0)),
            Measure::absolute("on an empty folder", &empty_millis, Unit::Millis, Wanted::AtMost(250.0)),
            Measure::beside("`up --json` on an empty folder, to its line", &up_millis, Unit::Millis),
            Measure::beside("node oidc-provider", &node_millis, Unit::Millis),
        ],
        notes,
    })
}

/// One start, in milliseconds.
fn started(place: &Place) -> Result<f64> {
    let server = place.serve()?;
    let millis = server.ready_seconds * 1000.0;
    server.stop()?;
    Ok(millis)
}

/// `up --json` to the line that it prints once a token is verified, in milliseconds.
fn up(place: &Place) -> Result<f64> {
    let began = monotonic_nanos();
    let mut command = place.command("up", free_address()?);
    command.args(["--json", "--name", "ada", "--password-file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    child.stdin.take().context("no standard input")?.write_all(PASSWORD.as_bytes())?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut line)?;
    let millis = seconds_since(began) * 1000.0;
    end(&mut child)?;
    serde_json::from_str::<serde_json::Value>(&line).context("`up --json` printed no JSON")?;
    Ok(millis)
}

/// One start of the peer, in milliseconds.
fn oidc_provider(folder: &Path) -> Result<f64> {
    let address = free_address()?;
    let mut command = Command::new("node");
    command.arg("server.mjs").arg(address.port().to_string()).current_dir(folder).stderr(Stdio::null());
    let server = Running::start(&mut command, address, "/jwks")?;
    let millis = server.ready_seconds * 1000.0;
    server.stop()?;
    Ok(millis)
}
