//! Brands that can be shown, and those that cannot.

use super::{BadBrand, Brand, Colour, DARK, LIGHT, LOGO_BYTES_MAX, Wish};
use crate::page::assets;

fn accent(light: &str, dark: &str) -> Result<Brand, BadBrand> {
    let wish = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Brand::new(Wish { accent: wish(light), accent_dark: wish(dark), ..Wish::default() })
}

fn stylesheet(brand: &Brand) -> String {
    let file = assets::all(brand).into_iter().find(|file| file.name.starts_with("brand.")).unwrap();
    String::from_utf8(file.body.into_owned()).unwrap()
}

#[test]
fn the_contrast_is_the_one_of_wcag() {
    let of = |one: &str, two: &str| Colour::parse(one).unwrap().contrast(Colour::parse(two).unwrap());
    assert!((of("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((of("#777777", "#ffffff") - 4.478).abs() < 0.001);
    assert!((of("#ffffff", "#777777") - 4.478).abs() < 0.001);
    assert!((of("#0b5c66", "#0b5c66") - 1.0).abs() < 1e-9);
}

#[test]
fn colours_that_cannot_be_read_are_refused() {
    assert!(accent("#0b5c66", "#7fd3d6").is_ok());
    assert!(matches!(accent("#ffcc00", ""), Err(BadBrand::Contrast("accent", _))));
    assert!(matches!(accent("", "#0b5c66"), Err(BadBrand::Contrast("accent_dark", _))));
    // On white it would just do, on our grey it does not.
    assert!(matches!(accent("#767676", ""), Err(BadBrand::Contrast("accent", _))));
}

/// Attack: a colour that ends the rule and begins another.
#[test]
fn a_colour_is_six_digits_and_nothing_else() {
    for text in ["red", "#fff", "#00000", "#0000000", "#00000g", "#000000;}", "0b5c66", "#+b5c66", "", "rgb(0,0,0)"] {
        assert!(Colour::parse(text).is_none(), "{text}");
    }
    assert_eq!(Colour::parse("#0B5C66").unwrap().to_string(), "#0b5c66");
}

#[test]
fn the_stylesheet_has_the_colours_and_never_a_light_one_in_the_dark() {
    assert!(Brand::default().style().is_none());
    let light = stylesheet(&accent("#004488", "").unwrap());
    assert!(light.starts_with(":root{--accent:#004488}\n") && light.contains("dark){:root{--accent:#7fd3d6}}"));
    let both = stylesheet(&accent("#004488", "#ffdd88").unwrap());
    assert!(both.contains("dark){:root{--accent:#ffdd88}}"));
    assert!(!stylesheet(&accent("", "#ffdd88").unwrap()).contains(":root{--accent:#ffdd88}\n:root"));
}

/// The grounds that colours are measured on are those of our stylesheet, and our own colours pass.
#[test]
fn our_own_colours_can_be_read() {
    let css = include_str!("../../../assets/app.css");
    let (light, dark) = css.split_once("prefers-color-scheme: dark").unwrap();
    for (text, grounds) in [(light, LIGHT), (dark.split_once("\n}\n}").unwrap().0, DARK)] {
        let of = |name: &str| {
            let after = text.split_once(&format!("--{name}: ")).unwrap().1;
            let digits = after.split(';').next().unwrap();
            Colour::parse(if digits == "#fff" { "#ffffff" } else { digits })
                .unwrap_or_else(|| panic!("{name}: {digits}"))
        };
        assert_eq!([of("surface"), of("ground")], grounds);
        for (name, on, least) in [
            ("ink", "surface", 7.0),
            ("ink", "ground", 7.0),
            ("ink", "bad-ground", 7.0),
            ("ink", "good-ground", 7.0),
            ("soft", "surface", 4.5),
            ("soft", "ground", 4.5),
            ("soft", "bad-ground", 4.5),
            ("accent", "surface", 4.5),
            ("accent", "ground", 4.5),
            ("on-accent", "accent", 4.5),
            ("bad", "surface", 4.5),
            ("bad", "ground", 4.5),
            ("good", "surface", 4.5),
            ("good", "ground", 4.5),
            ("brass", "surface", 4.5),
            ("brass", "ground", 4.5),
            ("brass", "water", 3.0),
            ("accent", "water", 3.0),
            ("edge", "surface", 3.0),
            ("edge", "ground", 3.0),
        ] {
            let contrast = of(name).contrast(of(on));
            assert!(contrast >= least, "{name} on {on}: {contrast:.2}");
        }
    }
}

#[test]
fn a_name_fits_on_a_line_and_hides_nothing() {
    let named = |name: &str| Brand::new(Wish { name: Some(name.to_owned()), ..Wish::default() });
    assert_eq!(named("Stadtwerke Überlingen").unwrap().name(), "Stadtwerke Überlingen");
    for bad in ["", "   ", "a\nb", "Bank\u{202e}x", &"a".repeat(41)] {
        assert_eq!(named(bad).unwrap_err(), BadBrand::Name, "{bad:?}");
    }
}

#[test]
fn a_logo_is_a_picture_by_its_content() {
    let logo =
        |bytes: &[u8]| Brand::new(Wish { logo: Some(bytes.to_vec()), ..Wish::default() }).map(|brand| brand.logo());
    let ending = |bytes| logo(bytes).unwrap().unwrap().rsplit('.').next().unwrap().to_owned();
    assert_eq!(ending(b"\x89PNG\r\n\x1a\nrest"), "png");
    assert_eq!(ending(b"RIFF0000WEBPVP8 "), "webp");
    assert_eq!(ending(b"\xef\xbb\xbf <?xml version=\"1.0\"?><svg/>"), "svg");
    for bad in [&b""[..], b"<html><svg>", b"<script>", b"GIF89a", &[b'<'; 9], &vec![b' '; LOGO_BYTES_MAX + 1]] {
        assert_eq!(logo(bad).unwrap_err(), BadBrand::Logo);
    }
}
