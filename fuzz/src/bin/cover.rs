//! The driver of `cargo xtask fuzz`: libFuzzer over the target that `POUNDLOCK_FUZZ` names. One binary for all, since
//! linking costs more than choosing.

#![no_main]

use std::sync::LazyLock;

use poundlock_fuzz::Target;

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    let name = std::env::var("POUNDLOCK_FUZZ").unwrap_or_default();
    let Some(target) = poundlock_fuzz::find(&name) else {
        eprintln!("POUNDLOCK_FUZZ={name:?} is no target");
        std::process::exit(2)
    };
    target
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.body)(bytes));
