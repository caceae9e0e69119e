//! Asking and telling on a terminal. Answers go to standard output; questions and notes to standard error, so that a
//! pipe gets the answer alone.

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, bail};
use fast_qr::{ECL, QRBuilder};
use poundlock_core::secret::Secret;

use super::WrongCall;

/// Whether a person sits at both ends.
pub(crate) fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether colour is wanted (https://no-color.org).
pub(crate) fn has_colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Text in bold, where colour is wanted.
pub(crate) fn bold(text: &str) -> String {
    if has_colour() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

/// Text in bold for standard output, where a person looks at it and colour is wanted.
pub(crate) fn bold_out(text: &str) -> String {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if colour { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

/// Answers on standard output. A reader that has gone is an error here, not a panic.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Asks whether to go on with what cannot be undone.
pub(crate) fn confirm(what: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    if !is_interactive() {
        return Err(WrongCall(format!("{what} This cannot be undone: say --yes where nobody can be asked")).into());
    }
    let answer = ask(&format!("{what} This cannot be undone. Go on? [y/N]"))?;
    if matches!(answer.to_lowercase().as_str(), "y" | "yes") { Ok(()) } else { bail!("nothing was done") }
}

/// Tells something.
pub(crate) fn tell(text: &str) {
    eprintln!("{text}");
}

/// Asks for a line.
pub(crate) fn ask(question: &str) -> anyhow::Result<String> {
    eprint!("{question} ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line)? == 0 {
        bail!("the input ended");
    }
    Ok(line.trim().to_owned())
}

/// Asks for a secret, without showing what is typed.
pub(crate) fn ask_secret(question: &str) -> anyhow::Result<Secret<String>> {
    rpassword::prompt_password(format!("{question} ")).map(Secret::new).context("no password was typed")
}

/// Reads a file, `-` meaning standard input.
pub(crate) fn read_text(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        return std::io::read_to_string(std::io::stdin()).context("cannot read standard input");
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Reads a secret from a file, `-` meaning standard input; one line end at its end is not part of it.
pub(crate) fn read_secret(path: &Path) -> anyhow::Result<Secret<String>> {
    let text = read_text(path)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

/// A QR code for the terminal: two rows of modules in one line of text.
pub(crate) fn qr(text: &str) -> anyhow::Result<String> {
    draw(text, has_colour())
}

fn draw(text: &str, colour: bool) -> anyhow::Result<String> {
    const QUIET: isize = 2;
    let code = QRBuilder::new(text).ecl(ECL::L).build().map_err(|error| anyhow::anyhow!("no QR code: {error:?}"))?;
    let size = isize::try_from(code.size)?;
    let dark = |x: isize, y: isize| {
        let inside = (0..size).contains(&x) && (0..size).contains(&y);
        let at = usize::try_from(y * size + x).ok();
        inside && at.and_then(|at| code.data.get(at)).is_some_and(|module| module.value())
    };
    let mut out = String::new();
    for y in (-QUIET..size + QUIET).step_by(2) {
        // Black on white whatever the terminal's own colours are; without colour, light modules are drawn.
        out.push_str(if colour { "\x1b[38;5;16;48;5;231m" } else { "" });
        for x in -QUIET..size + QUIET {
            let (top, bottom) = (dark(x, y), dark(x, y + 1));
            let (top, bottom) = if colour { (top, bottom) } else { (!top, !bottom) };
            out.push(match (top, bottom) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        out.push_str(if colour { "\x1b[0m\n" } else { "\n" });
    }
    Ok(out)
}
