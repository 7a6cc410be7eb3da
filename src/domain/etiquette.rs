//! Labels (étiquettes) with their colours, which are the platform's.

use serde::{Deserialize, Serialize};

/// A label that instructeurs may put on a dossier. In a démarche's file: `"Urgent"`, or
/// `{ nom = "Urgent", couleur = "pink_macaron" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Etiquette {
    /// What it says.
    pub nom: String,
    /// Its colour.
    pub couleur: Option<Couleur>,
}

/// How a label is written down.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a label is a text, or { nom = \"…\", couleur = \"…\" } with one of the colours beige_gris_galet, \
                 blue_ecume, brown_cafe_creme, green_bourgeon, green_emeraude, green_menthe, green_tilleul_verveine, \
                 pink_macaron, purple_glycine, yellow_tournesol"
)]
enum Written {
    Plain(String),
    Coloured { nom: String, couleur: Couleur },
}

impl From<Written> for Etiquette {
    fn from(written: Written) -> Self {
        match written {
            Written::Plain(nom) => Self { nom, couleur: None },
            Written::Coloured { nom, couleur } => Self {
                nom,
                couleur: Some(couleur),
            },
        }
    }
}

impl From<Etiquette> for Written {
    fn from(etiquette: Etiquette) -> Self {
        let Etiquette { nom, couleur } = etiquette;
        match couleur {
            None => Self::Plain(nom),
            Some(couleur) => Self::Coloured { nom, couleur },
        }
    }
}

impl From<&str> for Etiquette {
    fn from(nom: &str) -> Self {
        Self {
            nom: nom.to_owned(),
            couleur: None,
        }
    }
}

/// Colours of labels, by the platform's own names (`LabelColorEnum` of its GraphQL schema).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the name of a colour")]
pub enum Couleur {
    BeigeGrisGalet,
    BlueEcume,
    BrownCafeCreme,
    GreenBourgeon,
    GreenEmeraude,
    GreenMenthe,
    GreenTilleulVerveine,
    PinkMacaron,
    PurpleGlycine,
    YellowTournesol,
}

impl Couleur {
    /// A sign of about that colour. The four greens differ in shape, since there is one green only; a label is always
    /// named beside its sign.
    pub fn signe(self) -> &'static str {
        match self {
            Self::BeigeGrisGalet => "⬜",
            Self::BlueEcume => "🟦",
            Self::BrownCafeCreme => "🟫",
            Self::GreenBourgeon => "🟩",
            Self::GreenEmeraude => "🟢",
            Self::GreenMenthe => "💚",
            Self::GreenTilleulVerveine => "🌿",
            Self::PinkMacaron => "🌸",
            Self::PurpleGlycine => "🟪",
            Self::YellowTournesol => "🟨",
        }
    }
}
