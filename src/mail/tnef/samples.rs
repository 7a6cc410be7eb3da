//! Wrappings as Outlook writes them, made by the tests.

/// A wrapping while it is made.
pub(crate) struct Tnef(Vec<u8>);

/// A property of text in UTF-16.
pub(crate) fn wide(id: u16, text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    let octets: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    long(0x001f, id, &octets)
}

/// A property that says how long it is.
pub(crate) fn long(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    let fill = vec![0; value.len().next_multiple_of(4) - value.len()];
    [
        &kind.to_le_bytes()[..],
        &id.to_le_bytes(),
        &1_u32.to_le_bytes(),
        &length,
        value,
        &fill,
    ]
    .concat()
}

/// A property that is a number.
pub(crate) fn number(kind: u16, id: u16, value: u32) -> Vec<u8> {
    [
        &kind.to_le_bytes()[..],
        &id.to_le_bytes(),
        &value.to_le_bytes(),
    ]
    .concat()
}

/// A named property, of those that Exchange adds to everything.
pub(crate) fn named(name: &str) -> Vec<u8> {
    let units = name.encode_utf16().chain([0]);
    let octets: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let length = u32::try_from(octets.len()).unwrap().to_le_bytes();
    let fill = vec![0; octets.len().next_multiple_of(4) - octets.len()];
    [
        &[0x1e, 0, 0x01, 0x80][..],
        &[7; 16],
        &1_u32.to_le_bytes(),
        &length,
        &octets,
        &fill,
        &1_u32.to_le_bytes(),
        &4_u32.to_le_bytes(),
        b"abc\0",
    ]
    .concat()
}

impl Tnef {
    /// One with the attributes that each message has.
    pub(crate) fn new() -> Self {
        let this = Self(b"\x78\x9f\x3e\x22\x01\0".to_vec());
        this.attribute(1, 0x0008_9006, &0x0001_0000_u32.to_le_bytes())
            .attribute(1, 0x0006_9007, &[0xe4, 0x04, 0, 0, 0, 0, 0, 0])
            .attribute(1, 0x0007_8008, b"IPM.Microsoft Mail.Note\0")
    }

    /// An attribute, with its sum.
    pub(crate) fn attribute(mut self, level: u8, attribute: u32, value: &[u8]) -> Self {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        let sum = value
            .iter()
            .fold(0_u16, |sum, octet| sum.wrapping_add((*octet).into()));
        self.0.push(level);
        self.0.extend(attribute.to_le_bytes());
        self.0.extend(length);
        self.0.extend(value);
        self.0.extend(sum.to_le_bytes());
        self
    }

    /// The properties of the message.
    pub(crate) fn message(self, properties: &[Vec<u8>]) -> Self {
        let value = counted(properties);
        self.attribute(1, 0x0006_9003, &value)
    }

    /// A file with its short name, its content and its properties.
    pub(crate) fn file(self, title: &str, content: &[u8], properties: &[Vec<u8>]) -> Self {
        let title = [title.as_bytes(), b"\0"].concat();
        let mark = [&[1, 0][..], &[0xff; 4], &[0; 8]].concat();
        let this = self
            .attribute(2, 0x0006_9002, &mark)
            .attribute(2, 0x0001_8010, &title);
        let this = if content.is_empty() {
            this
        } else {
            this.attribute(2, 0x0006_800f, content)
        };
        if properties.is_empty() {
            this
        } else {
            this.attribute(2, 0x0006_9005, &counted(properties))
        }
    }

    /// Its octets.
    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

fn counted(properties: &[Vec<u8>]) -> Vec<u8> {
    let count = u32::try_from(properties.len()).unwrap().to_le_bytes();
    [&count[..], &properties.concat()].concat()
}

/// What a French Outlook sends: a text in rich text made from a page, two files, a logo, a message within.
pub(crate) fn outlook() -> Vec<u8> {
    let rtf = r"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag64 <p>}Avis favorable, sous r\'e9serve.{\*\htmltag72 </p>}}";
    let length = u32::try_from(rtf.len()).unwrap();
    let rtf = [
        &(length + 12).to_le_bytes()[..],
        &length.to_le_bytes(),
        b"MELA",
        &[0; 4],
        rtf.as_bytes(),
    ]
    .concat();
    let inner = Tnef::new()
        .message(&[wide(0x1000, "Accord de la mairie.")])
        .file("courrier.pdf", b"%PDF-1.4 courrier", &[])
        .done();
    let class = b"\x07\x03\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    let inner = [&class[..], &inner].concat();
    Tnef::new()
        .message(&[
            named("Keywords"),
            number(3, 0x0017, 1),
            long(0x0102, 0x1009, &rtf),
        ])
        .file(
            "PLAN~1.PDF",
            b"%PDF-1.4 plan",
            &[wide(0x3707, "Plan d’été.pdf")],
        )
        .file("note.txt", b"une note", &[])
        .file(
            "image001.png",
            b"\x89PNG\r\n\x1a\nlogo",
            &[
                wide(0x370e, "image/png"),
                wide(0x3712, "image001.png@01"),
                number(0xb, 0x7ffe, 1),
            ],
        )
        .file(
            "TR  accord",
            b"",
            &[wide(0x3001, "TR: accord"), long(0x000d, 0x3701, &inner)],
        )
        .done()
}
