//! The fonts that everything is set in, built in so that a page looks the same on every machine: Inter (SIL Open Font
//! License) for Latin, Greek and Cyrillic, and `DejaVu` Sans (Bitstream Vera licence) for what Inter lacks: Arabic, Hebrew,
//! Armenian, Georgian, signs. They weigh 1.3 MB; those of typst-assets weigh 9 MB and have no sans-serif.

use typst::foundations::Bytes;
use typst::text::Font;

const FILES: [&[u8]; 3] = [
    include_bytes!("fonts/Inter-Regular.otf"),
    include_bytes!("fonts/Inter-SemiBold.otf"),
    include_bytes!("fonts/DejaVuSans.ttf"),
];

/// All of them, the first being the one to prefer.
pub(super) fn all() -> Vec<Font> {
    FILES
        .iter()
        .flat_map(|bytes| Font::iter(Bytes::new(*bytes)))
        .collect()
}
