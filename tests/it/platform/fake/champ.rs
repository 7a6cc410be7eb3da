//! The value of a field, and how the API shows it.

use jiff::Timestamp;

use super::clock::iso;
use super::ctx::Ctx;
use super::descriptor::{ChampDescriptor, champ_id, types};
use super::tree::{Tree, list, object};

/// A filled field of a dossier; one without is shown empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Champ {
    /// The field it fills.
    pub stable_id: u32,
    /// Its value.
    pub value: Value,
    /// Last edit.
    pub updated_at: Timestamp,
}

/// What was typed or chosen.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Empty,
    /// Text of any kind, the choice of a list, a `YYYY-MM-DD` date.
    Text(String),
    /// Yes or no, ticked or not.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A decimal one.
    Decimal(f64),
    /// An instant.
    Instant(Timestamp),
    /// Several choices, or the two of a linked list.
    Choices(Vec<String>),
    /// Files, by their ids.
    Files(Vec<u32>),
    /// Another dossier.
    Dossier(i32),
    /// A code and a name: commune, département, région, pays, EPCI, or postal code and address.
    Place(String, String),
    /// The rows of a repetition: row id, fields.
    Rows(Vec<(String, Vec<Champ>)>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Value {
    /// Whether a mandatory field would still be missing.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Choices(choices) => choices.is_empty(),
            Self::Files(files) => files.is_empty(),
            Self::Rows(rows) => rows.is_empty(),
            _ => false,
        }
    }

    /// `stringValue`.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Empty | Self::Files(_) | Self::Rows(_) => return None,
            Self::Text(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Decimal(value) => value.to_string(),
            Self::Instant(at) => iso(*at),
            Self::Choices(choices) => choices.join(", "),
            Self::Dossier(number) => number.to_string(),
            Self::Place(_, name) => name.clone(),
        })
    }
}

/// The champs of `descriptors`, filled from `champs`, in the form's order.
pub(super) fn project(
    ctx: &Ctx<'_>,
    descriptors: &[ChampDescriptor],
    champs: &[Champ],
    row: Option<&str>,
    filed: Timestamp,
) -> Vec<Tree> {
    descriptors
        .iter()
        .map(|descriptor| {
            let champ = champs
                .iter()
                .find(|champ| champ.stable_id == descriptor.stable_id);
            tree(ctx, descriptor, champ, row, filed)
        })
        .collect()
}

/// One champ; its type depends on the fragments of the query, as in production.
pub(super) fn tree(
    ctx: &Ctx<'_>,
    descriptor: &ChampDescriptor,
    champ: Option<&Champ>,
    row: Option<&str>,
    filed: Timestamp,
) -> Tree {
    let empty = Value::Empty;
    let value = champ.map_or(&empty, |champ| &champ.value);
    let (_, own, fallback) = types(descriptor.kind);
    let name = match fallback {
        Some(fallback) if !ctx.has_fragment(own) => fallback,
        _ => own,
    };
    let text = value.text().map(Tree::from).unwrap_or_default();
    let mut fields = vec![
        ("id", Tree::from(champ_id(descriptor.stable_id, row))),
        ("champDescriptorId", descriptor.typed_id().into()),
        ("label", descriptor.label.as_str().into()),
        ("stringValue", text.clone()),
        (
            "updatedAt",
            iso(champ.map_or(filed, |champ| champ.updated_at)).into(),
        ),
        ("prefilled", false.into()),
        ("columns", list([column(descriptor, &text)])),
    ];
    fields.extend(own_fields(ctx, name, descriptor, value, text, filed));
    object(name, fields)
}

fn column(descriptor: &ChampDescriptor, text: &Tree) -> Tree {
    object(
        "TextColumn",
        vec![
            (
                "id",
                Tree::from(super::descriptor::typed_id(
                    "Column",
                    format!("type_de_champ/{}", descriptor.stable_id),
                )),
            ),
            ("label", descriptor.label.as_str().into()),
            ("stringValue", text.clone()),
            ("value", text.clone()),
        ],
    )
}

fn own_fields(
    ctx: &Ctx<'_>,
    name: &str,
    descriptor: &ChampDescriptor,
    value: &Value,
    text: Tree,
    filed: Timestamp,
) -> Vec<(&'static str, Tree)> {
    match (name, value) {
        ("TextChamp" | "DropDownListChamp" | "CiviliteChamp", _) => vec![("value", text)],
        ("CheckboxChamp", value) => vec![("value", Tree::from(*value == Value::Bool(true)))],
        ("YesNoChamp", Value::Bool(value)) => vec![("value", Tree::from(*value))],
        ("IntegerNumberChamp", Value::Integer(_)) => vec![("value", text)],
        ("DecimalNumberChamp", Value::Decimal(value)) => vec![("value", Tree::from(*value))],
        ("DatetimeChamp", Value::Instant(at)) => vec![("datetime", iso(*at).into())],
        ("DateChamp", Value::Instant(at)) => vec![("value", iso(*at).into())],
        ("DateChamp", Value::Text(date)) => {
            vec![
                ("date", date.as_str().into()),
                ("value", format!("{date}T00:00:00+02:00").into()),
            ]
        }
        ("MultipleDropDownListChamp", value) => {
            let choices: &[String] = if let Value::Choices(choices) = value {
                choices
            } else {
                &[]
            };
            vec![(
                "values",
                list(choices.iter().map(|choice| choice.as_str().into())),
            )]
        }
        ("LinkedDropDownListChamp", Value::Choices(choices)) => vec![
            ("primaryValue", choices.first().map(String::as_str).into()),
            ("secondaryValue", choices.get(1).map(String::as_str).into()),
        ],
        ("PieceJustificativeChamp", value) => {
            let files: &[u32] = if let Value::Files(files) = value {
                files
            } else {
                &[]
            };
            vec![
                (
                    "file",
                    ctx.files(files).into_iter().next().unwrap_or_default(),
                ),
                ("files", list(ctx.files(files))),
            ]
        }
        ("TitreIdentiteChamp", value) => {
            vec![
                ("filled", Tree::from(!value.is_empty())),
                ("grantType", "piece_justificative".into()),
            ]
        }
        ("DossierLinkChamp", Value::Dossier(number)) if ctx.dossier_exists(*number) => {
            vec![("dossier", Tree::Dossier(*number))]
        }
        ("RepetitionChamp", value) => rows(ctx, descriptor, value, filed),
        ("CarteChamp", _) => vec![("geoAreas", list([]))],
        ("HeaderSectionChamp", _) => {
            vec![("level", descriptor.level().into())]
        }
        ("SomethingNewChamp", _) => vec![("nouveau", text)],
        (_, Value::Place(code, label)) => place(name, code, label),
        _ => vec![],
    }
}

fn rows(
    ctx: &Ctx<'_>,
    descriptor: &ChampDescriptor,
    value: &Value,
    filed: Timestamp,
) -> Vec<(&'static str, Tree)> {
    let rows: &[(String, Vec<Champ>)] = if let Value::Rows(rows) = value {
        rows
    } else {
        &[]
    };
    let children = |(row, champs): &(String, Vec<Champ>)| {
        project(ctx, &descriptor.children, champs, Some(row), filed)
    };
    let all = rows.iter().flat_map(children);
    let each = rows.iter().map(|row| {
        object(
            "Row",
            vec![
                ("id", row.0.as_str().into()),
                ("champs", list(children(row))),
            ],
        )
    });
    vec![("champs", list(all)), ("rows", list(each))]
}

fn place(name: &str, code: &str, label: &str) -> Vec<(&'static str, Tree)> {
    let named = |kind| {
        object(
            kind,
            vec![
                ("code", code.into()),
                ("name", label.into()),
                ("postalCode", code.into()),
            ],
        )
    };
    match name {
        "AddressChamp" => vec![("address", address(code, label))],
        "CommuneChamp" => vec![
            ("commune", named("Commune")),
            ("departement", departement(code)),
        ],
        "EpciChamp" => vec![("epci", named("Epci")), ("departement", departement(code))],
        "DepartementChamp" => vec![("departement", named("Departement"))],
        "RegionChamp" => vec![("region", named("Region"))],
        "PaysChamp" => vec![("pays", named("Pays"))],
        "SiretChamp" => vec![("etablissement", personne_morale(code, label))],
        "RNAChamp" => vec![(
            "rna",
            object("RNA", vec![("id", code.into()), ("title", label.into())]),
        )],
        "RNFChamp" => vec![(
            "rnf",
            object("RNF", vec![("id", code.into()), ("title", label.into())]),
        )],
        _ => vec![],
    }
}

fn departement(code: &str) -> Tree {
    let code: String = code.chars().take(2).collect();
    object(
        "Departement",
        vec![
            ("name", format!("Département {code}").into()),
            ("code", code.into()),
        ],
    )
}

fn address(postal_code: &str, label: &str) -> Tree {
    let city = label.rsplit(' ').next().unwrap_or(label);
    object(
        "Address",
        vec![
            ("label", label.into()),
            ("type", "housenumber".into()),
            ("postalCode", postal_code.into()),
            ("cityName", city.into()),
            ("cityCode", postal_code.into()),
            ("countryCode", "FR".into()),
            ("countryName", "France".into()),
            ("streetAddress", label.into()),
        ],
    )
}

/// A company, all of whose addresses are the same invented one.
pub(super) fn personne_morale(siret: &str, raison_sociale: &str) -> Tree {
    let siren: String = siret.chars().take(9).collect();
    let entreprise = object(
        "Entreprise",
        vec![
            ("siren", Tree::from(siren)),
            ("raisonSociale", raison_sociale.into()),
            ("nomCommercial", raison_sociale.into()),
            ("siretSiegeSocial", siret.into()),
            (
                "inlineAdresse",
                "1 place de l’Exemple 29000 Exempleville".into(),
            ),
            ("formeJuridique", "Société à responsabilité limitée".into()),
            ("etatAdministratif", "Actif".into()),
            ("capitalSocial", "10000".into()),
        ],
    );
    object(
        "PersonneMorale",
        vec![
            (
                "id",
                Tree::from(super::descriptor::typed_id("Etablissement", siret)),
            ),
            ("siret", siret.into()),
            ("siegeSocial", true.into()),
            ("naf", "4391A".into()),
            ("libelleNaf", "Travaux de charpente".into()),
            (
                "address",
                address("29000", "1 place de l’Exemple 29000 Exempleville"),
            ),
            ("adresse", "1 place de l’Exemple 29000 Exempleville".into()),
            ("codeInseeLocalite", "29000".into()),
            ("codePostal", "29000".into()),
            ("localite", "Exempleville".into()),
            ("entreprise", entreprise),
        ],
    )
}
