//! A small disk of a test's own, to be filled up.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk in memory, mounted for as long as this lives.
pub struct Disk(PathBuf);

impl Disk {
    /// Mounts one of this size (`16m`) on a folder. Needs to be root, or a user namespace in which it is.
    #[must_use]
    pub fn mount(path: &Path, size: &str) -> Self {
        let options = format!("size={size},mode=0700");
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", &options, "poundlock-test"]).arg(path).output();
        let mounted = mounted.expect("mount runs");
        let why = String::from_utf8_lossy(&mounted.stderr);
        assert!(
            mounted.status.success(),
            "this test needs a disk of its own; run it as root, or under `unshare -rm`: {why}"
        );
        Self(path.to_owned())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes until nothing fits any more.
    pub fn fill(&self) {
        let mut file = File::create(self.0.join("filler")).expect("a file on the disk");
        for size in [1 << 16, 1 << 12, 1] {
            let bytes = vec![7; size];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    /// Takes away what [`Disk::fill`] wrote.
    pub fn free(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("the filler");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}
