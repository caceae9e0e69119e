//! `cargo run -p poundlock-fuzz -- list | seeds FOLDER | run TARGET FILE…`: names the targets, writes the seeds that need
//! keys, and shows again what an input does. Never searches: that is `cargo xtask fuzz`.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["list"] => poundlock_fuzz::TARGETS.iter().for_each(|target| println!("{}", target.name)),
        ["seeds", folder] => {
            for (target, name, bytes) in poundlock_fuzz::seeds::all() {
                let folder = Path::new(folder).join(target);
                fs::create_dir_all(&folder)?;
                fs::write(folder.join(name), bytes)?;
            }
        }
        ["run", target, files @ ..] => {
            let target = poundlock_fuzz::find(target).with_context(|| format!("there is no target {target}"))?;
            for file in files {
                (target.body)(&fs::read(file).with_context(|| format!("cannot read {file}"))?);
                println!("{file}: holds");
            }
        }
        _ => bail!("list | seeds FOLDER | run TARGET FILE…"),
    }
    Ok(())
}
