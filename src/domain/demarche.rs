//! A démarche: its form, its groups, its rules, as the administrateur's file says them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Deserializer, Serialize};

use super::balise::{self, Stretch};
use super::calendar::moment;
use super::dossier::Decision;
use super::etiquette::Etiquette;
use super::id::{DemarcheId, Email};
use super::silence::Silence;

/// A démarche. Read from `data/demarches/*.toml` in `local` mode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule of its own, and none excludes another"
)]
pub struct Demarche {
    /// Its number, which everybody uses.
    pub number: DemarcheId,
    /// Its title.
    pub titre: String,
    /// What it is for, in a few lines.
    #[serde(default)]
    pub description: String,
    /// The service in charge, as mails are signed.
    pub service: String,
    /// Whether dossiers may be deposited.
    #[serde(default)]
    pub etat: Etat,
    /// Decision taken by itself on each deposit, if any.
    #[serde(default)]
    pub declarative: Option<Declarative>,
    /// Silence vaut accord: what is not decided within that period is accepted.
    #[serde(default)]
    pub sva: Option<Silence>,
    /// Silence vaut rejet: what is not decided within that period is refused.
    #[serde(default)]
    pub svr: Option<Silence>,
    /// The day from which it is closed, and on which what is en construction passes en instruction.
    #[serde(default, deserialize_with = "day")]
    pub auto_archive_on: Option<Date>,
    /// Days after which an expert who has not answered is reminded, on working days; 0 for never.
    #[serde(default = "seven")]
    pub avis_reminder_days: u32,
    /// How often, reminders by hand included.
    #[serde(default = "two")]
    pub avis_reminders_max: u32,
    /// Months a dossier is kept after its decision.
    #[serde(default = "twelve")]
    pub conservation_mois: u32,
    /// Also let dossiers en construction expire, that long after filing (the tutorial's older rule).
    #[serde(default)]
    pub conservation_en_construction: bool,
    /// What an acceptance is attested with.
    #[serde(default)]
    pub attestation: Option<Attestation>,
    /// What a refusal is attested with.
    #[serde(default)]
    pub attestation_refus: Option<Attestation>,
    /// Whether a decision that one instructeur proposes is taken only once another of the group confirms it.
    #[serde(default)]
    pub four_eyes: bool,
    /// Whether the motivation stands in the decision's mail, rather than only in the dossier.
    #[serde(default = "yes")]
    pub motivation_dans_mail: bool,
    /// Who may be asked for an avis.
    #[serde(default)]
    pub experts: ExpertPolicy,
    /// How a deposit finds its group.
    #[serde(default)]
    pub routage: Option<Routage>,
    /// Groups of instructeurs; the first receives what no rule claims.
    #[serde(rename = "groupe")]
    pub groupes: Vec<Groupe>,
    /// The form.
    #[serde(rename = "champ", default)]
    pub champs: Vec<Champ>,
    /// Annotations privées, seen by instructeurs alone.
    #[serde(rename = "annotation", default)]
    pub annotations: Vec<Champ>,
    /// Labels that instructeurs may put on a dossier.
    #[serde(default)]
    pub etiquettes: Vec<Etiquette>,
    /// Sentences of this démarche's own in the mails to the usager.
    #[serde(default)]
    pub mail: MailTexts,
    /// Whether dossiers may be deposited, and answers changed, by mail.
    #[serde(default)]
    pub depot_par_mail: bool,
    /// Local part of the address for that; `depot+` and the number where absent.
    #[serde(default)]
    pub depot_adresse: Option<String>,
    /// Set where the platform is the record, and Greffier follows it.
    #[serde(skip)]
    pub plateforme: Option<Plateforme>,
}

/// What is particular to a démarche whose record is the platform.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plateforme {
    /// Whether Greffier mails the usager what an instructeur writes, beside the platform's own mail, which has a link only.
    pub usager_mail: bool,
    /// In whose name what an usager answers by mail is put on the platform.
    pub porte_parole: Option<Email>,
    /// The annotation that avis are written into, by id.
    pub avis_annotation: Option<String>,
    /// Whether avis are written into the messagerie, which the usager reads.
    pub avis_message: bool,
}

/// Why a démarche of the platform is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyUnread {
    /// The platform is not reached, or does not answer as it should.
    Away,
    /// The token is refused: it has ended, is not known any more, or is for another network.
    Token,
    /// The démarche is not shown to the token any more, or is gone.
    Hidden,
}

/// The démarches that Greffier serves, by number.
pub type Demarches = BTreeMap<DemarcheId, Demarche>;

/// Whether a démarche takes deposits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Etat {
    /// Open to everybody.
    #[default]
    Publiee,
    /// Open, but what comes in is a trial.
    Test,
    /// No new deposits; what is there can still be instructed.
    Close,
    /// The same, taken off the site without a word to the usagers.
    Depubliee,
}

impl Etat {
    /// Whether dossiers may be deposited.
    pub fn open(self) -> bool {
        matches!(self, Self::Publiee | Self::Test)
    }
}

/// What a declarative démarche does with each deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declarative {
    /// Accepted at once.
    Accepte,
    /// En instruction at once.
    EnInstruction,
}

/// Who may be asked for an avis.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpertPolicy {
    /// `free`: any address; `list`: only the administrateur's.
    pub policy: Policy,
    /// The administrateur's list; with `free` it is a suggestion.
    pub list: Vec<Email>,
    /// Whether experts who answered are told the decision.
    pub decision_access: bool,
}

/// Whether experts are free or listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Any address.
    #[default]
    Free,
    /// Only the list.
    List,
}

/// The words of an attestation. Plain text with balises such as `--numéro du dossier--` or the label of a champ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Its title.
    #[serde(default = "attestation")]
    pub titre: String,
    /// What it says; an empty line ends a paragraph.
    pub corps: String,
    /// What stands at the foot of each page.
    #[serde(default)]
    pub pied: String,
}

/// How a deposit finds its group: by the answer to one champ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routage {
    /// Id of the champ whose answer decides.
    pub champ: String,
}

/// A group of instructeurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Groupe {
    /// Its label, unique in the démarche.
    pub label: String,
    /// Who is in it.
    pub instructeurs: Vec<Email>,
    /// Answers to the routing champ that lead here.
    #[serde(default)]
    pub valeurs: Vec<String>,
    /// No new dossiers.
    #[serde(default)]
    pub ferme: bool,
}

/// A field of the form, or an annotation privée.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Champ {
    /// Stable id, used in JSON and in commands.
    pub id: String,
    /// What people read.
    pub libelle: String,
    /// The platform's `TypeDeChamp`.
    #[serde(rename = "type")]
    pub kind: ChampType,
    /// Whether an answer is needed: at deposit, or before the decision for an annotation.
    #[serde(default)]
    pub obligatoire: bool,
    /// Choices of a list.
    #[serde(default)]
    pub options: Vec<String>,
    /// Fields of one row, for a repetition.
    #[serde(rename = "champ", default)]
    pub champs: Vec<Champ>,
}

/// Types of fields, by the platform's own names (`TypeDeChamp` of its GraphQL schema).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChampType {
    /// A line.
    Text,
    /// Several lines.
    Textarea,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A postal address, as text.
    Address,
    /// A SIRET of 14 digits, checked.
    Siret,
    /// A whole number.
    IntegerNumber,
    /// A number.
    DecimalNumber,
    /// A day.
    Date,
    /// Oui or non.
    YesNo,
    /// A box to tick.
    Checkbox,
    /// Madame or Monsieur.
    Civilite,
    /// One of the options.
    DropDownList,
    /// Some of the options.
    MultipleDropDownList,
    /// Files.
    PieceJustificative,
    /// Rows of fields.
    Repetition,
    /// A title within the form; takes no answer.
    HeaderSection,
    /// An explanation within the form; takes no answer.
    Explication,
}

impl ChampType {
    /// Whether it takes an answer: neither a title nor an explanation.
    pub fn answered(self) -> bool {
        !matches!(self, Self::HeaderSection | Self::Explication)
    }

    /// Whether an answer can be typed on a line: no title, no file, no rows.
    pub fn typed(self) -> bool {
        !matches!(
            self,
            Self::HeaderSection | Self::Explication | Self::PieceJustificative | Self::Repetition
        )
    }
}

/// Sentences of a démarche's own in the mails to the usager; plain text, put in by the templates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailTexts {
    /// In the acknowledgement of a deposit.
    pub depot: Option<String>,
    /// When the dossier passes en instruction.
    pub instruction: Option<String>,
    /// With an acceptance.
    pub accepte: Option<String>,
    /// With a refusal: ways of appeal, for instance.
    pub refuse: Option<String>,
    /// With a classement sans suite.
    pub sans_suite: Option<String>,
}

impl Demarche {
    /// What silence decides, and after which period.
    pub fn silence(&self) -> Option<(Decision, Silence)> {
        let accord = self.sva.map(|rule| (Decision::Accepte, rule));
        accord.or_else(|| self.svr.map(|rule| (Decision::Refuse, rule)))
    }

    /// When it closes by itself: as the day begins in France.
    pub fn closes(&self) -> Option<Timestamp> {
        moment(self.auto_archive_on?, Time::midnight())
    }

    /// Whether dossiers may be deposited at that time.
    pub fn etat_at(&self, at: Timestamp) -> Etat {
        if self.closes().is_some_and(|closes| at >= closes) {
            Etat::Close
        } else {
            self.etat
        }
    }

    /// The group of that label, whatever its case.
    pub fn groupe(&self, label: &str) -> Option<&Groupe> {
        let wanted = label.trim().to_lowercase();
        self.groupes
            .iter()
            .find(|groupe| groupe.label.to_lowercase() == wanted)
    }

    /// Labels of the groups that somebody is an instructeur of.
    pub fn groupes_of<'a>(&'a self, person: &'a Email) -> impl Iterator<Item = &'a Groupe> {
        self.groupes
            .iter()
            .filter(move |groupe| groupe.instructeurs.contains(person))
    }

    /// Whether somebody is an instructeur of any group.
    pub fn has_instructeur(&self, person: &Email) -> bool {
        self.groupes_of(person).next().is_some()
    }

    /// Whether somebody is an instructeur of each group of these labels.
    pub fn instructs_all(&self, person: &Email, labels: &[String]) -> bool {
        labels.iter().all(|label| {
            self.groupe(label)
                .is_some_and(|groupe| groupe.instructeurs.contains(person))
        })
    }

    /// The annotation of that id or label, accents and case forgiven.
    pub fn annotation(&self, name: &str) -> Option<&Champ> {
        let wanted = super::fold(name);
        self.annotations
            .iter()
            .find(|champ| super::fold(&champ.id) == wanted || super::fold(&champ.libelle) == wanted)
    }

    /// What such a decision is attested with, if it is.
    pub fn attestation_of(&self, decision: Decision) -> Option<&Attestation> {
        match decision {
            Decision::Accepte => self.attestation.as_ref(),
            Decision::Refuse => self.attestation_refus.as_ref(),
            Decision::SansSuite => None,
        }
    }

    /// What its labels say.
    pub fn noms_des_etiquettes(&self) -> impl Iterator<Item = &String> {
        self.etiquettes.iter().map(|etiquette| &etiquette.nom)
    }

    /// A label as people see it, with a sign of its colour where it has one.
    pub fn etiquette_shown(&self, nom: &str) -> String {
        let known = self.etiquettes.iter().find(|known| known.nom == nom);
        match known.and_then(|known| known.couleur) {
            Some(couleur) => format!("{} {nom}", couleur.signe()),
            None => nom.to_owned(),
        }
    }

    /// The field of that id.
    pub fn champ(&self, id: &str) -> Option<&Champ> {
        self.champs.iter().find(|champ| champ.id == id)
    }

    /// Local part, in lower case, of the address that takes deposits by mail; none where it takes none.
    pub fn depot_local(&self) -> Option<String> {
        let chosen = || match &self.depot_adresse {
            Some(local) => local.to_lowercase(),
            None => format!("depot+{}", self.number),
        };
        self.depot_par_mail.then(chosen)
    }

    /// What stands wrong in it, sentence by sentence, for `greffier check`.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.groupes.is_empty() {
            faults.push("a démarche needs at least one [[groupe]]".to_owned());
        }
        for (table, attestation) in [
            ("attestation", &self.attestation),
            ("attestation_refus", &self.attestation_refus),
        ] {
            faults.extend(attestation.iter().flat_map(|text| text.faults(table, self)));
        }
        if self.conservation_mois == 0 || self.conservation_mois > 60 {
            faults.push("conservation_mois must be between 1 and 60".to_owned());
        }
        faults.extend(self.sva.and_then(|rule| rule.faults("sva")));
        faults.extend(self.svr.and_then(|rule| rule.faults("svr")));
        let automatic = [
            self.sva.is_some(),
            self.svr.is_some(),
            self.declarative.is_some(),
        ];
        if automatic.into_iter().filter(|it| *it).count() > 1 {
            faults.push("sva, svr and declarative exclude each other: keep one".to_owned());
        }
        if self.avis_reminder_days > 365 {
            faults
                .push("avis_reminder_days: write 1 to 365 days, or 0 for no reminders".to_owned());
        }
        if self.avis_reminders_max > 20 {
            faults.push(
                "avis_reminders_max: write how often an expert is reminded at most, 0 to 20"
                    .to_owned(),
            );
        }
        for (index, groupe) in self.groupes.iter().enumerate() {
            if self
                .groupes
                .iter()
                .skip(index + 1)
                .any(|other| super::fold(&other.label) == super::fold(&groupe.label))
            {
                faults.push(format!(
                    "two groups are labelled `{}`: give each its own label",
                    groupe.label
                ));
            }
            if groupe.label.contains('\0') || groupe.label.trim().is_empty() {
                faults.push("a [[groupe]] needs a label".to_owned());
            }
        }
        if let Some(routage) = &self.routage {
            match self.champ(&routage.champ) {
                None => faults.push(format!(
                    "routage.champ = `{}` is the id of no [[champ]]",
                    routage.champ
                )),
                Some(champ) if champ.kind != ChampType::DropDownList => {
                    faults.push(format!(
                        "routage.champ = `{}` must be of type drop_down_list",
                        routage.champ
                    ));
                }
                Some(champ) => {
                    for valeur in self.groupes.iter().flat_map(|groupe| &groupe.valeurs) {
                        if !champ.options.contains(valeur) {
                            faults.push(format!(
                                "valeurs: `{valeur}` is not an option of the champ `{}`",
                                champ.id
                            ));
                        }
                    }
                }
            }
        }
        faults.extend(self.depot_fault());
        faults.extend(self.address_faults());
        champ_faults(&self.champs, "champ", &mut faults);
        champ_faults(&self.annotations, "annotation", &mut faults);
        for champ in self
            .annotations
            .iter()
            .filter(|champ| champ.obligatoire && !champ.kind.typed())
        {
            faults.push(format!(
                "the [[annotation]] `{}` cannot be typed, so it cannot be `obligatoire`",
                champ.id
            ));
        }
        faults
    }
}

impl Attestation {
    /// What stands wrong in it; `table` is what it is called in the file.
    fn faults(&self, table: &str, demarche: &Demarche) -> Vec<String> {
        let mut faults = Vec::new();
        if self.titre.trim().is_empty() || self.corps.trim().is_empty() {
            faults.push(format!("[{table}] needs a `titre` and a `corps`"));
        }
        for (key, text) in [
            ("titre", &self.titre),
            ("corps", &self.corps),
            ("pied", &self.pied),
        ] {
            if text.chars().count() > super::MAX_TEXT {
                faults.push(format!(
                    "{table}.{key} is longer than {} characters",
                    super::MAX_TEXT
                ));
            }
            for stretch in balise::stretches(text, demarche) {
                if let Stretch::Unknown(name) = stretch {
                    faults.push(format!(
                        "{table}.{key}: `--{name}--` is the label of no champ and none of these: {}",
                        balise::named().collect::<Vec<_>>().join(", ")
                    ));
                }
            }
        }
        faults
    }
}

/// Longest local part (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

impl Demarche {
    /// People to whom no mail can be sent.
    fn address_faults(&self) -> Vec<String> {
        let instructeurs = self.groupes.iter().flat_map(|groupe| {
            let place = format!("the [[groupe]] `{}`, instructeurs", groupe.label);
            groupe
                .instructeurs
                .iter()
                .map(move |email| (place.clone(), email))
        });
        let experts = self.experts.list.iter();
        let experts = experts.map(|email| ("experts.list".to_owned(), email));
        instructeurs
            .chain(experts)
            .filter(|(_, email)| !email.plausible())
            .map(|(place, email)| {
                format!("{place}: `{email}` is no mail address; write one like \"prenom.nom@service.example\"")
            })
            .collect()
    }

    fn depot_fault(&self) -> Option<String> {
        let local = self.depot_adresse.as_deref()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
        let dotted = local.split('.').all(|atom| !atom.is_empty());
        if !self.depot_par_mail {
            return Some(
                "depot_adresse is of no use without depot_par_mail = true: add that, or remove it"
                    .to_owned(),
            );
        }
        (local.len() > MAX_LOCAL || !local.chars().all(plain) || !dotted).then(|| {
            format!("depot_adresse = `{local}` must be what stands before @: letters without accents, digits, `.`, `-`, `_`")
        })
    }
}

fn champ_faults(champs: &[Champ], what: &str, faults: &mut Vec<String>) {
    for (index, champ) in champs.iter().enumerate() {
        if champs
            .iter()
            .skip(index + 1)
            .any(|other| other.id == champ.id)
        {
            faults.push(format!("two [[{what}]] have the id `{}`", champ.id));
        }
        let listed = matches!(
            champ.kind,
            ChampType::DropDownList | ChampType::MultipleDropDownList
        );
        if listed && champ.options.is_empty() {
            faults.push(format!(
                "the [[{what}]] `{}` is a list and needs `options = [\"…\"]`",
                champ.id
            ));
        }
        if champ.kind == ChampType::Repetition && champ.champs.is_empty() {
            faults.push(format!(
                "the [[{what}]] `{}` is a repetition and needs its own [[{what}.champ]]",
                champ.id
            ));
        }
        champ_faults(&champ.champs, "champ.champ", faults);
    }
}

fn attestation() -> String {
    "Attestation".to_owned()
}

/// A day, from a text.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| {
        text.parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "\"{text}\" is no day; write one like \"2026-12-31\""
            ))
        })
    })
    .transpose()
}

fn seven() -> u32 {
    7
}

fn two() -> u32 {
    2
}

fn twelve() -> u32 {
    12
}

fn yes() -> bool {
    true
}
