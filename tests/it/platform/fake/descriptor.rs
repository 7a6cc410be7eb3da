//! The definition of a form: what `champDescriptors` answer.

use data_encoding::BASE64;

use super::tree::{Tree, list, object};

/// A field of the form of the usager, or an annotation privée.
#[derive(Debug, Clone, PartialEq)]
pub struct ChampDescriptor {
    /// Stable across revisions; both the descriptor's id and the champ's.
    pub stable_id: u32,
    /// A value of `TypeDeChamp`.
    pub kind: &'static str,
    /// Label.
    pub label: String,
    /// Help text.
    pub description: Option<String>,
    /// Whether it must be filled.
    pub required: bool,
    /// The choices of a list, or the level of a title (its length).
    pub options: Vec<String>,
    /// The fields of a row of a repetition.
    pub children: Vec<ChampDescriptor>,
}

impl ChampDescriptor {
    /// A field of type `kind`; its `stable_id` is given when the démarche is added.
    pub fn new(kind: &'static str, label: &str) -> Self {
        let label = label.to_owned();
        Self {
            stable_id: 0,
            kind,
            label,
            description: None,
            required: false,
            options: vec![],
            children: vec![],
        }
    }

    /// The same, mandatory.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, with these choices.
    #[must_use]
    pub fn options(mut self, options: &[&str]) -> Self {
        self.options = options.iter().map(|&option| option.to_owned()).collect();
        self
    }

    /// The same, whose rows hold these fields.
    #[must_use]
    pub fn children(mut self, children: Vec<ChampDescriptor>) -> Self {
        self.children = children;
        self
    }

    /// The typed id, which a champ shares outside of repetitions.
    pub fn typed_id(&self) -> String {
        champ_id(self.stable_id, None)
    }

    /// The level of a title.
    pub(super) fn level(&self) -> i32 {
        i32::try_from(self.options.len().max(1)).unwrap_or(1)
    }

    pub(super) fn tree(&self) -> Tree {
        let mut fields = vec![
            ("id", Tree::from(self.typed_id())),
            ("label", self.label.as_str().into()),
            ("description", self.description.as_deref().into()),
            ("required", self.required.into()),
            ("type", self.kind.into()),
        ];
        match self.kind {
            "repetition" => {
                fields.push((
                    "champDescriptors",
                    list(self.children.iter().map(Self::tree)),
                ));
            }
            "drop_down_list" => {
                fields.push((
                    "options",
                    list(self.options.iter().map(|option| option.as_str().into())),
                ));
                fields.push(("otherOption", false.into()));
            }
            "multiple_drop_down_list" | "linked_drop_down_list" => {
                fields.push((
                    "options",
                    list(self.options.iter().map(|option| option.as_str().into())),
                ));
            }
            "header_section" => {
                fields.push(("level", self.level().into()));
            }
            _ => {}
        }
        object(types(self.kind).0, fields)
    }
}

/// The id of a champ: `Champ-<stable_id>`, or `Champ-<stable_id>|<row>` inside a repetition.
pub fn champ_id(stable_id: u32, row: Option<&str>) -> String {
    match row {
        None => typed_id("Champ", stable_id),
        Some(row) => typed_id("Champ", format!("{stable_id}|{row}")),
    }
}

/// Base64 of `Type-<key>`.
pub fn typed_id(name: &str, key: impl std::fmt::Display) -> String {
    BASE64.encode(format!("{name}-{key}").as_bytes())
}

/// The key inside a typed id of type `name`.
pub(super) fn key(name: &str, id: &str) -> Option<String> {
    let text = String::from_utf8(BASE64.decode(id.as_bytes()).ok()?).ok()?;
    text.strip_prefix(name)?
        .strip_prefix('-')
        .map(str::to_owned)
}

/// The names of the types of the descriptor and of the champ, and the type of the champ for a query without its fragment.
pub(super) fn types(kind: &str) -> (&'static str, &'static str, Option<&'static str>) {
    let text = Some("TextChamp");
    match kind {
        "address" => ("AddressChampDescriptor", "AddressChamp", text),
        "annuaire_education" => ("AnnuaireEducationChampDescriptor", "TextChamp", None),
        "carte" => ("CarteChampDescriptor", "CarteChamp", None),
        "checkbox" => ("CheckboxChampDescriptor", "CheckboxChamp", None),
        "civilite" => ("CiviliteChampDescriptor", "CiviliteChamp", None),
        "communes" => ("CommuneChampDescriptor", "CommuneChamp", text),
        "date" => ("DateChampDescriptor", "DateChamp", None),
        "datetime" => (
            "DatetimeChampDescriptor",
            "DatetimeChamp",
            Some("DateChamp"),
        ),
        "decimal_number" => ("DecimalNumberChampDescriptor", "DecimalNumberChamp", None),
        "departements" => ("DepartementChampDescriptor", "DepartementChamp", text),
        "dossier_link" => ("DossierLinkChampDescriptor", "DossierLinkChamp", None),
        "drop_down_list" => ("DropDownListChampDescriptor", "DropDownListChamp", text),
        "email" => ("EmailChampDescriptor", "TextChamp", None),
        "engagement_juridique" => (
            "EngagementJuridiqueChampDescriptor",
            "EngagementJuridiqueChamp",
            None,
        ),
        "epci" => ("EpciChampDescriptor", "EpciChamp", None),
        "explication" => ("ExplicationChampDescriptor", "ExplicationChamp", text),
        "formatted" => ("FormattedChampDescriptor", "TextChamp", None),
        "header_section" => ("HeaderSectionChampDescriptor", "HeaderSectionChamp", text),
        "iban" => ("IbanChampDescriptor", "TextChamp", None),
        "integer_number" => ("IntegerNumberChampDescriptor", "IntegerNumberChamp", None),
        "number" => ("NumberChampDescriptor", "IntegerNumberChamp", None),
        "linked_drop_down_list" => (
            "LinkedDropDownListChampDescriptor",
            "LinkedDropDownListChamp",
            None,
        ),
        "multiple_drop_down_list" => (
            "MultipleDropDownListChampDescriptor",
            "MultipleDropDownListChamp",
            None,
        ),
        "pays" => ("PaysChampDescriptor", "PaysChamp", text),
        "phone" => ("PhoneChampDescriptor", "TextChamp", None),
        "piece_justificative" => (
            "PieceJustificativeChampDescriptor",
            "PieceJustificativeChamp",
            None,
        ),
        "titre_identite" => ("TitreIdentiteChampDescriptor", "TitreIdentiteChamp", None),
        "referentiel" => ("ReferentielChampDescriptor", "TextChamp", None),
        "regions" => ("RegionChampDescriptor", "RegionChamp", text),
        "repetition" => ("RepetitionChampDescriptor", "RepetitionChamp", None),
        "rna" => ("RNAChampDescriptor", "RNAChamp", None),
        "rnf" => ("RNFChampDescriptor", "RNFChamp", None),
        "siret" => ("SiretChampDescriptor", "SiretChamp", None),
        "something_new" => ("SomethingNewChampDescriptor", "SomethingNewChamp", None),
        "textarea" => ("TextareaChampDescriptor", "TextChamp", None),
        "yes_no" => ("YesNoChampDescriptor", "YesNoChamp", Some("CheckboxChamp")),
        _ => ("TextChampDescriptor", "TextChamp", None),
    }
}

/// A form with a field of most types, invented for the tests.
pub fn sample_champs() -> Vec<ChampDescriptor> {
    let new = ChampDescriptor::new;
    vec![
        new("header_section", "Votre projet"),
        new("text", "Intitulé du projet").required(),
        new("textarea", "Description des travaux"),
        new("drop_down_list", "Nature des travaux")
            .options(&["Ravalement", "Toiture", "Clôture"])
            .required(),
        new("multiple_drop_down_list", "Matériaux").options(&["Ardoise", "Tuile", "Zinc"]),
        new("linked_drop_down_list", "Zone").options(&["--Nord--", "N1", "N2", "--Sud--", "S1"]),
        new("address", "Adresse du chantier"),
        new("communes", "Commune"),
        new("departements", "Département"),
        new("date", "Début souhaité"),
        new("datetime", "Rendez-vous"),
        new("integer_number", "Surface en m²"),
        new("decimal_number", "Montant en euros"),
        new("yes_no", "Bâtiment classé ?"),
        new("checkbox", "Je certifie l’exactitude des informations"),
        new("phone", "Téléphone"),
        new("email", "Adresse électronique de contact"),
        new("siret", "SIRET de l’entreprise"),
        new("dossier_link", "Dossier lié"),
        new("carte", "Emprise"),
        new("piece_justificative", "Plan de situation").required(),
        new("repetition", "Intervenants").children(vec![
            new("text", "Nom"),
            new("phone", "Téléphone de l’intervenant"),
        ]),
        new("titre_identite", "Titre d’identité"),
        new("explication", "Comment faire"),
    ]
}

/// Annotations privées, none mandatory.
pub fn sample_annotations() -> Vec<ChampDescriptor> {
    let new = ChampDescriptor::new;
    vec![
        new("textarea", "Note interne"),
        new("text", "Référence interne"),
        new("checkbox", "Dossier complet"),
        new("yes_no", "Visite nécessaire"),
        new("date", "Date de visite"),
        new("datetime", "Passage en commission"),
        new("integer_number", "Numéro d’ordre"),
        new("decimal_number", "Montant retenu"),
        new("drop_down_list", "Priorité").options(&["Haute", "Normale", "Basse"]),
        new("multiple_drop_down_list", "Services consultés").options(&["Culture", "Voirie", "Eau"]),
        new("repetition", "Visites").children(vec![new("date", "Jour"), new("text", "Constat")]),
        new("piece_justificative", "Rapport"),
    ]
}
