//! Starts other programs, shows their output as it comes and keeps it for the parsers.
//! Never leaves one waiting on our standard input.

use std::{
    io::{BufRead, BufReader, PipeReader, Write},
    process::{Command, Stdio},
    thread,
};

use anyhow::{Context, Result, anyhow};

/// Written into the pipe when the child has ended. A grandchild that outlives it and still holds
/// the pipe would otherwise keep us reading for ever.
const END: &str = "\u{0}end of output";

/// What a program left behind.
pub struct Ran {
    pub ok: bool,
    /// Standard output and error, in the order they came.
    pub lines: Vec<String>,
}

impl Ran {
    /// The last lines, for a message about a failure.
    pub fn tail(&self, count: usize) -> String {
        let start = self.lines.len().saturating_sub(count);
        self.lines.iter().skip(start).map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// Runs to the end and shows the output on the way.
pub fn stream(command: &mut Command) -> Result<Ran> {
    run(command, true)
}

/// Runs to the end and keeps the output to itself.
pub fn quiet(command: &mut Command) -> Result<Ran> {
    run(command, false)
}

/// Runs quietly; a failure becomes an error that ends with the program's last words.
pub fn must(command: &mut Command) -> Result<Ran> {
    let ran = quiet(command)?;
    if ran.ok { Ok(ran) } else { Err(anyhow!("{} failed:\n{}", shown(command), ran.tail(12))) }
}

/// Whether a program of this name can be started.
pub fn present(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else { return false };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The command as a person would type it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn run(command: &mut Command, echo: bool) -> Result<Ran> {
    let (reader, mut writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer.try_clone()?);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", shown(command)))?;
    let collector = thread::spawn(move || collect(reader, echo));
    let status = child.wait()?;
    writer.write_all(format!("\n{END}\n").as_bytes())?;
    let lines = collector.join().map_err(|_| anyhow!("the reader of {} died", shown(command)))?;
    Ok(Ran { ok: status.success(), lines })
}

fn collect(reader: PipeReader, echo: bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for bytes in BufReader::new(reader).split(b'\n') {
        let Ok(bytes) = bytes else { break };
        let line = String::from_utf8_lossy(&bytes).into_owned();
        if line == END {
            break;
        }
        // One line late, because the newline before the end mark makes an empty line of its own.
        if echo && let Some(last) = lines.last() {
            println!("{last}");
        }
        lines.push(line);
    }
    match lines.pop() {
        Some(last) if !last.is_empty() => {
            if echo {
                println!("{last}");
            }
            lines.push(last);
        }
        _ => {}
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn keeps_both_streams_in_order() {
        let ran = quiet(&mut sh("echo one; echo two >&2; printf three")).unwrap();
        assert!(ran.ok);
        assert_eq!(ran.lines, ["one", "two", "three"]);
    }

    #[test]
    fn says_when_a_program_failed() {
        assert!(!quiet(&mut sh("exit 3")).unwrap().ok);
        let fault = must(&mut sh("echo the reason; exit 3")).err().unwrap();
        assert!(fault.to_string().contains("the reason"), "{fault}");
    }

    #[test]
    fn a_grandchild_that_holds_the_pipe_does_not_hold_us() {
        let ran = quiet(&mut sh("tail -f /dev/null & echo $!")).unwrap();
        let left: u32 = ran.lines.first().unwrap().parse().unwrap();
        assert!(must(Command::new("kill").arg(left.to_string())).is_ok(), "it still ran, and we did not wait for it");
    }

    #[test]
    fn an_unknown_program_is_an_error_with_its_name() {
        let fault = quiet(&mut Command::new("no-such-program-here")).err().unwrap();
        assert!(fault.to_string().contains("no-such-program-here"));
        assert!(!present("no-such-program-here"));
        assert!(present("sh"));
    }

    #[test]
    fn the_tail_is_the_end() {
        let ran = Ran { ok: true, lines: vec!["a".into(), "b".into(), "c".into()] };
        assert_eq!(ran.tail(2), "b\nc");
        assert_eq!(ran.tail(9), "a\nb\nc");
    }
}
