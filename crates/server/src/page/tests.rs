//! What holds of every page, whatever it shows.

mod samples;

use self::samples::{FRIENDLY, LONG, samples};
use super::{Brand, Frame, Language, assets};

fn frame(brand: &Brand, language: Language) -> Frame<'_> {
    Frame { brand, language, csrf: "csrf-0123456789abcdef", path: "/sign-in?client=lager" }
}

/// For looking at them: writes every page with its files into the folder that the variable names.
#[test]
fn pages_are_written_where_somebody_wants_to_look_at_them() {
    let Some(folder) = std::env::var_os("POUNDLOCK_PAGES").map(std::path::PathBuf::from) else { return };
    let brand = Brand::default();
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    for asset in assets::all(&brand) {
        std::fs::write(folder.join("assets").join(&asset.name), &asset.body).unwrap();
    }
    for language in Language::ALL {
        for (texts, suffix) in [(FRIENDLY, ""), (LONG, "-long")] {
            for sample in samples(texts) {
                let html = (sample.render)(&frame(&brand, *language)).0;
                let name = format!("{}{suffix}.{}.html", sample.name, language.tag());
                std::fs::write(folder.join(name), html).unwrap();
            }
        }
    }
}
