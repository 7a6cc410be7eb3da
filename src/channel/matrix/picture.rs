//! Pictures: what a client is told of one before it fetches it, and a small one in its place.
//!
//! They come from outside. How large one becomes once it is unpacked is bounded, and one that unpacks to more is a file
//! like any other: clients would unpack it, too.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder as _, ImageFormat, ImageReader,
    Limits,
};

/// Pixels of a picture at most: a page at 600 dots an inch, a good camera.
const MOST_PIXELS: u64 = 40_000_000;
/// Pixels of one of its sides.
const LONGEST_SIDE: u32 = 20_000;
/// Octets of all its pixels, and of whatever else unpacking takes.
const MOST_OCTETS: u64 = 160_000_000;

/// Width and height in which the small one fits, as clients show it.
const SMALL: (u32, u32) = (800, 600);
/// Octets above which a picture gets a small one, even if it fits.
const HEAVY: usize = 100_000;
/// Of the small one as JPEG, of 100.
const QUALITY: u8 = 80;

/// A picture that clients may draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Picture {
    /// Its width, turned as it is shown.
    pub(super) width: u32,
    /// Its height.
    pub(super) height: u32,
    /// A small one, where it is large and can be drawn here.
    pub(super) small: Option<Small>,
}

/// A picture made small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Small {
    /// Its width.
    pub(super) width: u32,
    /// Its height.
    pub(super) height: u32,
    /// Its media type.
    pub(super) media_type: &'static str,
    /// Its octets: the same for the same picture.
    pub(super) content: Vec<u8>,
}

/// What `content` is as a picture of that media type; none where it is no such picture, or unpacks to too much.
pub(super) fn picture(media_type: &str, content: &[u8]) -> Option<Picture> {
    let format = format(media_type).filter(|format| guess(content) == Some(*format))?;
    let mut decoder = decoder(format, content)?;
    // What an orientation cannot be read from is shown as it lies.
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let (width, height) = upright(decoder.dimensions(), turned);
    let small = (width > SMALL.0 || height > SMALL.1 || content.len() > HEAVY)
        .then(|| small(decoder, turned))
        .flatten();
    Some(Picture {
        width,
        height,
        small: small.filter(|small| small.content.len() < content.len()),
    })
}

/// The types that clients draw.
fn format(media_type: &str) -> Option<ImageFormat> {
    match media_type {
        "image/png" => Some(ImageFormat::Png),
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/gif" => Some(ImageFormat::Gif),
        "image/webp" => Some(ImageFormat::WebP),
        _ => None,
    }
}

/// What the first octets say.
fn guess(content: &[u8]) -> Option<ImageFormat> {
    image::guess_format(content).ok()
}

/// What unpacks `content`, of which only the beginning was read; none where that would be too much.
fn decoder(format: ImageFormat, content: &[u8]) -> Option<impl ImageDecoder> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_OCTETS);
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let fits = (1..=MOST_PIXELS).contains(&pixels) && decoder.total_bytes() <= MOST_OCTETS;
    fits.then_some(decoder)
}

/// Width and height of what is turned.
fn upright((width, height): (u32, u32), turned: Orientation) -> (u32, u32) {
    match turned {
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
    }
}

/// The first frame, made small and turned as it is shown. None where it cannot be unpacked.
fn small(decoder: impl ImageDecoder, turned: Orientation) -> Option<Small> {
    let whole = DynamicImage::from_decoder(decoder).ok()?;
    let (width, height) = upright(SMALL, turned);
    let mut image = if whole.width() > width || whole.height() > height {
        whole.thumbnail(width, height)
    } else {
        whole
    };
    image.apply_orientation(turned);
    let png = png(&image)?;
    let (media_type, content) = match jpeg(&image).filter(|jpeg| jpeg.len() < png.len()) {
        Some(jpeg) => ("image/jpeg", jpeg),
        None => ("image/png", png),
    };
    Some(Small {
        width: image.width(),
        height: image.height(),
        media_type,
        content,
    })
}

fn png(image: &DynamicImage) -> Option<Vec<u8>> {
    // Sixteen bits a colour are twice the octets, and nobody sees them in a small picture.
    let image = if image.color().has_alpha() {
        DynamicImage::from(image.to_rgba8())
    } else {
        DynamicImage::from(image.to_rgb8())
    };
    let mut octets = Cursor::new(Vec::new());
    image.write_to(&mut octets, ImageFormat::Png).ok()?;
    Some(octets.into_inner())
}

/// None where something can be seen through, which JPEG cannot say.
fn jpeg(image: &DynamicImage) -> Option<Vec<u8>> {
    let clear =
        image.color().has_alpha() && image.to_rgba8().pixels().any(|pixel| pixel.0[3] != 255);
    if clear {
        return None;
    }
    let image = image.to_rgb8();
    let mut octets = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut octets, QUALITY);
    encoder
        .write_image(
            &image,
            image.width(),
            image.height(),
            ExtendedColorType::Rgb8,
        )
        .ok()?;
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut octets = Cursor::new(Vec::new());
        image.write_to(&mut octets, format).unwrap();
        octets.into_inner()
    }

    /// Left red, right blue, with a grain that keeps it from being packed well.
    fn halves(width: u32, height: u32) -> DynamicImage {
        let mut grain = 1_u32;
        RgbImage::from_fn(width, height, |x, _| {
            grain = grain.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [.., noise] = (grain >> 26).to_be_bytes();
            if x < width / 2 {
                Rgb([200 + noise / 2, noise, noise])
            } else {
                Rgb([noise, noise, 200 + noise / 2])
            }
        })
        .into()
    }

    fn opened(small: &Small) -> DynamicImage {
        let format = format(small.media_type).unwrap();
        let image = image::load_from_memory_with_format(&small.content, format).unwrap();
        assert_eq!((image.width(), image.height()), (small.width, small.height));
        image
    }

    fn is_red(image: &DynamicImage, x: u32, y: u32) -> bool {
        let Rgb([red, _, blue]) = *image.to_rgb8().get_pixel(x, y);
        red > blue
    }

    #[test]
    fn a_large_picture_gets_a_small_one_of_every_type() {
        for (format, media_type) in [
            (ImageFormat::Png, "image/png"),
            (ImageFormat::Jpeg, "image/jpeg"),
            (ImageFormat::Gif, "image/gif"),
            (ImageFormat::WebP, "image/webp"),
        ] {
            let content = encoded(&halves(1600, 900), format);
            let found = picture(media_type, &content).unwrap();
            assert_eq!((found.width, found.height), (1600, 900), "{media_type}");
            let small = found.small.unwrap();
            assert_eq!((small.width, small.height), (800, 450), "{media_type}");
            assert!(small.content.len() < content.len());
            let image = opened(&small);
            assert!(is_red(&image, 10, 10) && !is_red(&image, 790, 440));
            // A second try sends the same.
            assert_eq!(picture(media_type, &content).unwrap().small, Some(small));
        }
    }

    #[test]
    fn a_small_picture_has_its_size_alone_and_a_heavy_one_keeps_it() {
        let light = picture("image/png", &encoded(&halves(64, 48), ImageFormat::Png));
        let (width, height, small) = (64, 48, None);
        assert_eq!(
            light,
            Some(Picture {
                width,
                height,
                small
            })
        );
        let heavy = encoded(&halves(600, 500), ImageFormat::Png);
        assert!(heavy.len() > HEAVY);
        let small = picture("image/png", &heavy).unwrap().small.unwrap();
        assert_eq!((small.width, small.height), (600, 500));
        assert_eq!(small.media_type, "image/jpeg");
    }

    #[test]
    fn what_can_be_seen_through_stays_so() {
        let mut image = RgbaImage::from(halves(1000, 1000).to_rgba8());
        image.put_pixel(0, 0, Rgba([0, 0, 0, 0]));
        image.put_pixel(1, 1, Rgba([0, 0, 0, 0]));
        let content = encoded(&image.into(), ImageFormat::Png);
        let small = picture("image/png", &content).unwrap().small.unwrap();
        assert_eq!(small.media_type, "image/png");
        assert!(opened(&small).color().has_alpha());
    }

    #[test]
    fn a_photograph_is_turned_as_it_was_taken() {
        // What a phone held upright writes (Exif 2.32, tag 0x0112 with value 6: to be turned by a quarter).
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let plain = encoded(&halves(1600, 1200), ImageFormat::Jpeg);
        let mut content = plain[..2].to_vec();
        content.extend([0xff, 0xe1]);
        content.extend(u16::try_from(2 + 6 + exif.len()).unwrap().to_be_bytes());
        content.extend(b"Exif\0\0");
        content.extend(exif);
        content.extend(&plain[2..]);
        let found = picture("image/jpeg", &content).unwrap();
        assert_eq!((found.width, found.height), (1200, 1600));
        let small = found.small.unwrap();
        assert_eq!((small.width, small.height), (450, 600));
        // The left is above now.
        let image = opened(&small);
        assert!(is_red(&image, 225, 20) && !is_red(&image, 225, 580));
    }

    /// A PNG that says to be of that size, with pixels that are none.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut content = encoded(&halves(4, 4), ImageFormat::Png);
        content.splice(16..20, width.to_be_bytes());
        content.splice(20..24, height.to_be_bytes());
        let crc = crc(&content[12..29]);
        content.splice(29..33, crc.to_be_bytes());
        content
    }

    /// The sum of a chunk (PNG, annex D).
    fn crc(octets: &[u8]) -> u32 {
        !octets.iter().fold(u32::MAX, |sum, octet| {
            (0..8).fold(sum ^ u32::from(*octet), |sum, _| {
                (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
            })
        })
    }

    #[test]
    fn what_unpacks_to_too_much_is_no_picture() {
        for (width, height) in [
            (40_000, 10),
            (10, 40_000),
            (9_000, 9_000),
            (0x7fff_ffff, 0x7fff_ffff),
            (0, 10),
        ] {
            assert_eq!(picture("image/png", &bomb(width, height)), None);
        }
        // Of a size that is taken, and broken: its size is known, and that is no error.
        let broken = picture("image/png", &bomb(2_000, 1_000)).unwrap();
        assert_eq!((broken.width, broken.height), (2_000, 1_000));
        assert_eq!(broken.small, None);
    }

    #[test]
    fn only_what_is_of_its_type_is_a_picture() {
        let png = encoded(&halves(64, 48), ImageFormat::Png);
        for (media_type, content) in [
            ("image/jpeg", &png[..]),
            ("image/svg+xml", &png),
            ("image/tiff", &png),
            ("application/octet-stream", &png),
            ("application/pdf", b"%PDF-1.7"),
            ("image/png", b"%PDF-1.7"),
            ("image/png", b"\x89PNG\r\n\x1a\n"),
            ("image/png", b""),
            ("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            ("image/webp", b"RIFF\0\0\0\0WEBP"),
            ("image/gif", b"GIF89a"),
            ("image/jpeg", b"\xff\xd8\xff\xe0\0\0"),
        ] {
            assert_eq!(picture(media_type, content), None, "{media_type}");
        }
    }
}
