//! Which files are taken, and why the others are not.

use super::kind::{Compound, compound, is_page};
use crate::mail::archive::{self, Listing, ending};
use crate::mail::{pgp, smime};

/// Which files are taken: `[mail]` of `bot.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Endings of names that are taken, in lower case and without the dot; `*` for all. What runs never is.
    pub endings: Vec<String>,
    /// Whether an archive or a document that needs a password is taken. Nobody can look into it.
    pub encrypted: bool,
}

/// What administrations receive: documents, tables, pictures, plans, maps, sound, mail, archives.
const TAKEN: &str = "pdf doc docx dot dotx odt ott rtf txt md tex pages wpd wps xps oxps epub \
    xls xlsx xlsb xlt xltx ods ots csv tsv numbers ppt pptx pps ppsx odp otp key odg vsd vsdx pub mpp mpt \
    jpg jpeg jpe jfif png gif bmp tif tiff webp heic heif avif dng cr2 nef arw psd eps ai \
    dwg dxf dgn dwf dwfx ifc rvt skp stl step stp iges igs 3dm obj ply las laz \
    shp shx dbf prj cpg qpj sbn sbx qix geojson json kml kmz gpx gml gpkg mif mid tab ecw jp2 asc xyz xml xsd \
    mp4 m4v mov avi mkv webm mpg mpeg 3gp mp3 m4a wav ogg oga opus flac aac amr \
    eml msg ics vcf p7s p7m p7b p7c sig asc cer crt pem xades tsr \
    zip 7z rar gz tgz tar bz2 xz zst log dat bin";

/// Endings of files that run something when they are opened.
const RUNS: &[&str] = &[
    "ade",
    "adp",
    "apk",
    "app",
    "appref-ms",
    "appx",
    "application",
    "bat",
    "cab",
    "chm",
    "cmd",
    "com",
    "command",
    "cpl",
    "deb",
    "desktop",
    "dll",
    "dmg",
    "elf",
    "exe",
    "gadget",
    "hta",
    "htm",
    "html",
    "img",
    "inf",
    "ins",
    "iso",
    "isp",
    "jar",
    "jnlp",
    "js",
    "jse",
    "library-ms",
    "lnk",
    "mde",
    "mht",
    "mhtml",
    "mjs",
    "msc",
    "msi",
    "msix",
    "msp",
    "mst",
    "one",
    "onepkg",
    "pif",
    "pkg",
    "ps1",
    "psm1",
    "py",
    "pyw",
    "reg",
    "rpm",
    "scf",
    "scr",
    "sct",
    "search-ms",
    "settingcontent-ms",
    "sh",
    "shtml",
    "svg",
    "swf",
    "sys",
    "theme",
    "url",
    "vb",
    "vbe",
    "vbs",
    "vhd",
    "vhdx",
    "vxd",
    "website",
    "ws",
    "wsc",
    "wsf",
    "wsh",
    "xhtml",
    "xll",
];
/// The same within an archive, where pages, drawings and links to the web are part of what people put together.
const HARMLESS_WITHIN: &[&str] = &[
    "htm", "html", "xhtml", "mht", "mhtml", "svg", "url", "py", "inf", "app",
];
/// Documents whose ending promises macros.
const MACROS: &[&str] = &[
    "docm", "dotm", "xlsm", "xltm", "xlam", "xla", "pptm", "potm", "ppam", "ppsm", "sldm",
];
/// Real types of files that run something.
const ACTIVE: &[&str] = &[
    "application/vnd.microsoft.portable-executable",
    "application/x-elf",
    "application/x-mach-binary",
    "application/java-vm",
    "application/java-archive",
    "application/wasm",
    "text/x-shellscript",
    "application/x-ms-shortcut",
    "application/x-msdownload",
    "application/x-msdos-program",
    "application/x-msi",
    "application/hta",
    "application/javascript",
    "text/javascript",
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
    "application/vnd.ms-cab-compressed",
    "application/vnd.ms-htmlhelp",
    "application/onenote",
    "application/x-vhd",
    "application/x-iso9660-image",
    "application/vnd.android.package-archive",
];
/// Names that only a program has in its archive.
const PROGRAM: &[&str] = &[
    "META-INF/MANIFEST.MF",
    "AndroidManifest.xml",
    "AppxManifest.xml",
];

impl Default for Files {
    fn default() -> Self {
        Self {
            endings: TAKEN.split_whitespace().map(str::to_owned).collect(),
            encrypted: false,
        }
    }
}

/// A file on which to decide.
pub(super) struct File<'a> {
    /// Its safe name.
    pub(super) name: &'a str,
    /// Another name that the mail gives it; the recipient's program may take that one.
    pub(super) alias: Option<&'a str>,
    /// Its real type.
    pub(super) media_type: &'a str,
    /// What it holds, if it is an archive.
    pub(super) listing: Option<&'a Listing>,
    pub(super) content: &'a [u8],
}

/// Why a file is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// In French, for the sender and the team.
    pub(super) why: String,
    /// Whether opening it would run something, or expanding it do harm.
    pub(super) dangerous: bool,
}

fn dangerous(why: impl Into<String>) -> Refused {
    let why = why.into();
    Refused {
        why,
        dangerous: true,
    }
}

fn useless(why: impl Into<String>) -> Refused {
    let why = why.into();
    Refused {
        why,
        dangerous: false,
    }
}

impl Files {
    /// Why a file is not taken. None where it is.
    pub(super) fn refuse(&self, file: &File<'_>) -> Option<Refused> {
        let named = ending(file.name);
        let alias = file.alias.map(ending).unwrap_or_default();
        if [&named, &alias].iter().any(|ending| runs(ending)) || is_active(file, &named) {
            return Some(dangerous("type de fichier exécutable ou actif"));
        }
        if has_macros(file, &named) {
            return Some(dangerous(
                "document contenant des macros\u{a0}: à renvoyer sans macros ou en PDF",
            ));
        }
        if file.content.is_empty() {
            return Some(useless("fichier vide"));
        }
        if let Some(listing) = file.listing
            && let Some(refused) = self.refuse_archive(file, listing)
        {
            return Some(refused);
        }
        if !self.encrypted && (smime::is_enveloped(file.content) || pgp::is_armoured(file.content))
        {
            return Some(useless(
                "fichier chiffré, qui ne peut pas être vérifié\u{a0}: à renvoyer en clair",
            ));
        }
        // A PDF that is encrypted mostly opens without a password, and only forbids copying: it is taken.
        if !self.encrypted && compound(file.content) == Some(Compound::Encrypted) {
            return Some(useless(
                "document protégé par un mot de passe, qui ne peut pas être vérifié\u{a0}: à renvoyer sans mot de passe",
            ));
        }
        (!self.takes(&named)).then(|| useless("type de fichier non admis"))
    }

    fn refuse_archive(&self, file: &File<'_>, listing: &Listing) -> Option<Refused> {
        if listing.is_bomb(file.content.len() as u64) {
            return Some(dangerous("archive dont le contenu est démesuré"));
        }
        // The parts of a document are its own; what a person put together is looked at by name.
        let archive = [
            "application/zip",
            "application/vnd.rar",
            "application/x-tar",
            "application/gzip",
        ];
        if archive.contains(&file.media_type) {
            let program = |name: &&String| {
                let ending = ending(name);
                runs(&ending) && !HARMLESS_WITHIN.contains(&ending.as_str())
            };
            if listing
                .names
                .iter()
                .any(|name| PROGRAM.contains(&name.as_str()))
                || listing.names.iter().any(|name| program(&name))
            {
                return Some(dangerous("archive contenant un programme"));
            }
        }
        if listing.encrypted && !self.encrypted {
            return Some(useless(
                "archive protégée par un mot de passe, qui ne peut pas être vérifiée\u{a0}: à renvoyer sans mot de passe",
            ));
        }
        listing.empty.then(|| useless("archive vide"))
    }

    fn takes(&self, named: &str) -> bool {
        self.endings
            .iter()
            .any(|taken| taken == "*" || taken == named)
    }
}

fn runs(ending: &str) -> bool {
    RUNS.contains(&ending)
}

fn is_active(file: &File<'_>, named: &str) -> bool {
    // Tables are often pages under the name of a table, and mails and plain text may begin as one.
    const SHOWN_AS_TEXT: [&str; 8] = ["xls", "doc", "txt", "csv", "eml", "xml", "md", "log"];
    ACTIVE.contains(&file.media_type)
        || compound(file.content) == Some(Compound::Installer)
        || (!SHOWN_AS_TEXT.contains(&named) && is_page(file.content))
}

fn has_macros(file: &File<'_>, named: &str) -> bool {
    MACROS.contains(&named)
        || file.media_type.to_lowercase().contains("macroenabled")
        || compound(file.content) == Some(Compound::Macros)
        || file
            .listing
            .is_some_and(|listing| archive::zip::has_macros(file.content, listing))
}

#[cfg(test)]
mod tests {
    use super::super::kind::media_type;
    use super::*;
    use crate::mail::archive::zip::samples::Zip;

    fn refused_by(files: &Files, name: &str, content: &[u8]) -> Option<Refused> {
        let (media_type, listing) = media_type(content, "application/octet-stream", name);
        files.refuse(&File {
            name,
            alias: None,
            media_type: &media_type,
            listing: listing.as_ref(),
            content,
        })
    }

    fn why(name: &str, content: &[u8]) -> Option<String> {
        refused_by(&Files::default(), name, content).map(|refused| refused.why)
    }

    #[test]
    fn what_runs_is_refused_by_name_and_by_content() {
        for (name, content) in [
            ("facture.pdf.exe", &b"%PDF-1.4"[..]),
            ("facture.PDF .JS", b"x"),
            ("plan.pdf", b"MZ\x90\0"),
            ("plan.pdf", b"<html><script>"),
            ("photo.jpg", b"<svg onload=x>"),
            ("lien.lnk", b"x"),
            ("note.one", b"x"),
            ("disque.iso", b"x"),
        ] {
            let refused = refused_by(&Files::default(), name, content).unwrap();
            assert!(refused.dangerous, "{name}");
        }
        assert_eq!(why("plan.pdf", b"%PDF-1.4"), None);
        assert_eq!(why("export.xls", b"<html><table>"), None);
    }

    #[test]
    fn the_other_name_counts_too() {
        let file = File {
            name: "a.pdf",
            alias: Some("a.exe"),
            media_type: "application/pdf",
            listing: None,
            content: b"%PDF-1.4",
        };
        assert!(Files::default().refuse(&file).unwrap().dangerous);
    }

    #[test]
    fn documents_with_macros_are_refused_under_any_name() {
        let zip = Zip::default().with("[Content_Types].xml", b"");
        let zip = zip
            .with("word/document.xml", b"")
            .with("word/vbaProject.bin", b"x");
        let macros = why("lettre.docx", &zip.done()).unwrap();
        assert!(macros.contains("macros"), "{macros}");
        assert!(why("lettre.docm", b"PK").unwrap().contains("macros"));
        let odt = b"application/vnd.oasis.opendocument.text";
        let odt = Zip::default()
            .with("mimetype", odt)
            .with("Basic/Standard/a.xml", b"");
        assert!(why("lettre.odt", &odt.done()).unwrap().contains("macros"));
    }

    #[test]
    fn archives_each_have_their_reason() {
        let of = |zip: Zip| why("pieces.zip", &zip.done());
        let zip = Zip::default;
        assert_eq!(
            of(zip().with("plan.pdf", b"x").with("page.html", b"x")),
            None
        );
        assert!(of(zip()).unwrap().contains("vide"));
        assert!(
            of(zip().with("setup.exe", b"x"))
                .unwrap()
                .contains("programme")
        );
        assert!(
            of(zip().with("META-INF/MANIFEST.MF", b""))
                .unwrap()
                .contains("programme")
        );
        let bomb = zip().entry("a", &[0; 100], 0, 8, 2_000_000_000, None);
        assert!(of(bomb).unwrap().contains("démesuré"));
        let locked = zip().entry("plan.pdf", b"x", 1, 8, 1, None);
        assert!(of(locked).unwrap().contains("mot de passe"));
    }

    #[test]
    fn what_nobody_can_look_into_is_refused_and_accepted_where_it_is_wanted() {
        let accepting = Files {
            encrypted: true,
            ..Files::default()
        };
        let enveloped = smime::samples::enveloped();
        for (name, content) in [
            ("contrat.p7m", enveloped.as_slice()),
            ("note.txt", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n"),
            (
                "note.asc",
                b"Bonjour\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n",
            ),
        ] {
            let refused = refused_by(&Files::default(), name, content).unwrap();
            assert!(
                refused.why.contains("vérifié") && !refused.dangerous,
                "{name}"
            );
            assert_eq!(refused_by(&accepting, name, content), None, "{name}");
        }
        let permissions = b"%PDF-1.6\ntrailer\n<< /Size 4 /Encrypt 3 0 R >>\n";
        assert_eq!(why("plan.pdf", permissions), None);
        assert_eq!(
            why(
                "note.txt",
                "le bloc « -----BEGIN PGP MESSAGE----- »".as_bytes()
            ),
            None
        );
    }

    #[test]
    fn a_password_is_accepted_where_the_deployment_wants_it() {
        let files = Files {
            encrypted: true,
            ..Files::default()
        };
        let zip = Zip::default().entry("plan.pdf", b"x", 1, 8, 1, None).done();
        assert_eq!(refused_by(&files, "pieces.zip", &zip), None);
    }

    #[test]
    fn only_the_endings_that_are_named_are_taken() {
        let files = Files {
            endings: vec!["pdf".to_owned()],
            ..Files::default()
        };
        assert_eq!(refused_by(&files, "a.pdf", b"%PDF-1.4"), None);
        assert!(refused_by(&files, "a.png", b"\x89PNG\r\n\x1a\n").is_some());
        assert!(why("a.zzz", b"x").unwrap().contains("non admis"));
        let all = Files {
            endings: vec!["*".to_owned()],
            ..Files::default()
        };
        assert_eq!(refused_by(&all, "a.zzz", b"x"), None);
        assert!(refused_by(&all, "a.exe", b"x").is_some());
    }

    #[test]
    fn an_empty_file_is_refused() {
        assert_eq!(why("a.pdf", b"").as_deref(), Some("fichier vide"));
    }
}
