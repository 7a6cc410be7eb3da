//! Balises: `--date de décision--` in a démarche's own text stands for what a dossier says there.

use super::demarche::{Attestation, Champ, Demarche};
use super::dossier::{Dossier, Statut};
use super::fold;
use super::valeur::Valeur;

/// The most characters between the dashes.
const LONGEST: usize = 200;

/// What a balise stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balise<'a> {
    /// The dossier's number.
    Numero,
    /// The démarche's title.
    Demarche,
    /// The service in charge.
    Service,
    /// The label of the dossier's group.
    Groupe,
    /// The day of the deposit.
    Depot,
    /// The day on which it passed en instruction.
    Instruction,
    /// The day of the decision.
    Decision,
    /// The reason of the decision.
    Motivation,
    /// The demandeur, be it a person or a legal person.
    Demandeur,
    /// `Madame` or `Monsieur`.
    Civilite,
    /// The demandeur's family name.
    Nom,
    /// The demandeur's first name.
    Prenom,
    /// The name of a legal person.
    RaisonSociale,
    /// The SIRET of a legal person.
    Siret,
    /// The answer to a champ.
    Champ(&'a Champ),
    /// An annotation privée.
    Annotation(&'a Champ),
}

/// A stretch of a text with balises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// Text to be kept.
    Text(&'a str),
    /// To be replaced.
    Balise(Balise<'a>),
    /// Written like a balise, but none: the name between the dashes.
    Unknown(&'a str),
}

const NAMED: [(&str, Balise<'static>); 14] = [
    ("numéro du dossier", Balise::Numero),
    ("libellé démarche", Balise::Demarche),
    ("nom du service", Balise::Service),
    ("groupe instructeur", Balise::Groupe),
    ("date de dépôt", Balise::Depot),
    ("date de passage en instruction", Balise::Instruction),
    ("date de décision", Balise::Decision),
    ("motivation", Balise::Motivation),
    ("demandeur", Balise::Demandeur),
    ("civilité", Balise::Civilite),
    ("nom", Balise::Nom),
    ("prénom", Balise::Prenom),
    ("raison sociale", Balise::RaisonSociale),
    ("SIRET", Balise::Siret),
];

/// The balises of every démarche, as they are written.
pub fn named() -> impl Iterator<Item = &'static str> {
    NAMED.iter().map(|(name, _)| *name)
}

impl Balise<'_> {
    /// Whether `dossier` says nothing there.
    fn is_empty(self, dossier: &Dossier, demarche: &Demarche) -> bool {
        let who = &dossier.demandeur;
        let unanswered =
            |answer: Option<&Valeur>| answer.is_none_or(|valeur| valeur.shown().is_empty());
        match self {
            Self::Numero | Self::Depot | Self::Decision => false,
            Self::Demarche => demarche.titre.is_empty(),
            Self::Service => demarche.service.is_empty(),
            Self::Groupe => dossier.groupe.is_empty(),
            Self::Instruction => {
                let mut steps = dossier.steps.iter();
                !steps.any(|step| step.statut == Statut::EnInstruction)
            }
            Self::Motivation => {
                let decided = dossier.decided.as_ref();
                decided.is_none_or(|decided| decided.motivation.is_none())
            }
            Self::Demandeur => who.name().is_empty(),
            Self::Civilite => who.civilite.is_empty(),
            Self::Nom => who.nom.is_empty(),
            Self::Prenom => who.prenom.is_empty(),
            Self::RaisonSociale => who.raison_sociale.is_empty(),
            Self::Siret => who.siret.is_empty(),
            Self::Champ(champ) => unanswered(dossier.champs.get(&champ.id)),
            Self::Annotation(champ) => unanswered(dossier.annotations.get(&champ.id)),
        }
    }

    /// What stands between its dashes.
    fn name(self) -> String {
        match self {
            Self::Champ(champ) | Self::Annotation(champ) => champ.libelle.clone(),
            named => {
                let mut known = NAMED.iter();
                let known = known.find(|(_, balise)| *balise == named);
                known.map_or("", |(name, _)| *name).to_owned()
            }
        }
    }
}

/// The balises that leave a blank in the attestation of the decision of `dossier`, each once; none where there is none.
pub fn blanks(dossier: &Dossier, demarche: &Demarche) -> Vec<String> {
    let decided = dossier.decided.as_ref();
    let attestation = decided.and_then(|decided| demarche.attestation_of(decided.decision));
    let texts = attestation.map(|attestation| {
        let Attestation { titre, corps, pied } = attestation;
        [titre, corps, pied]
    });
    let mut blanks = Vec::new();
    for text in texts.into_iter().flatten() {
        for stretch in stretches(text, demarche) {
            if let Stretch::Balise(balise) = stretch
                && balise.is_empty(dossier, demarche)
                && !blanks.contains(&balise.name())
            {
                blanks.push(balise.name());
            }
        }
    }
    blanks
}

/// A text of a démarche, cut at its balises; accents and case are forgiven. What is put in is not read again, so that an
/// answer that is written like a balise stays what it is.
pub fn stretches<'a>(text: &'a str, demarche: &'a Demarche) -> Vec<Stretch<'a>> {
    let mut stretches = Vec::new();
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        if !before.is_empty() {
            stretches.push(Stretch::Text(before));
        }
        stretches.push(of(name, demarche).map_or(Stretch::Unknown(name), Stretch::Balise));
        rest = after;
    }
    if !rest.is_empty() {
        stretches.push(Stretch::Text(rest));
    }
    stretches
}

/// What stands before the first balise, its name, and what stands after.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find("--")?;
        let inside = text.get(start + 2..)?;
        let name = inside.split("--").next()?;
        let closed = inside.len() > name.len();
        let written = closed
            && !name.is_empty()
            && name.trim() == name
            && !name.contains('\n')
            && name.chars().count() <= LONGEST;
        if written {
            let after = inside.get(name.len() + 2..)?;
            return Some((text.get(..start)?, name, after));
        }
        // A row of dashes is a rule, not the start of a balise.
        from = start + 2 + inside.len() - inside.trim_start_matches('-').len();
    }
}

fn of<'a>(name: &str, demarche: &'a Demarche) -> Option<Balise<'a>> {
    let wanted = fold(name);
    let named = NAMED.iter().find(|(name, _)| fold(name) == wanted);
    let answered = |champs: &'a [Champ]| {
        champs
            .iter()
            .filter(|champ| champ.kind.answered())
            .find(|champ| fold(&champ.libelle) == wanted)
    };
    named
        .map(|(_, balise)| *balise)
        .or_else(|| answered(&demarche.champs).map(Balise::Champ))
        .or_else(|| answered(&demarche.annotations).map(Balise::Annotation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{Texts, demarche};

    #[test]
    fn a_text_is_cut_at_its_balises() {
        let demarche = demarche(&Texts::default());
        let surface = demarche.champ("surface").unwrap();
        assert_eq!(
            stretches(
                "Dossier --Numero du dossier--, --surface en m²-- m².",
                &demarche
            ),
            [
                Stretch::Text("Dossier "),
                Stretch::Balise(Balise::Numero),
                Stretch::Text(", "),
                Stretch::Balise(Balise::Champ(surface)),
                Stretch::Text(" m²."),
            ]
        );
    }

    #[test]
    fn an_annotation_is_found_after_the_champs() {
        let demarche = demarche(&Texts::default());
        assert!(matches!(
            stretches("--Visite faite--", &demarche)[..],
            [Stretch::Balise(Balise::Annotation(_))]
        ));
    }

    #[test]
    fn an_unknown_balise_is_told() {
        let demarche = demarche(&Texts::default());
        assert_eq!(
            stretches("--couleur du ciel--", &demarche),
            [Stretch::Unknown("couleur du ciel")]
        );
    }

    #[test]
    fn dashes_that_are_no_balise_stay() {
        let demarche = demarche(&Texts::default());
        for text in [
            "a -- b -- c",
            "------",
            "a --b",
            "--a\nb--",
            "-- --",
            "Le projet",
            "----nom",
        ] {
            assert_eq!(stretches(text, &demarche), [Stretch::Text(text)], "{text}");
        }
    }

    #[test]
    fn what_a_legal_person_leaves_blank_is_known() {
        let texts = Texts::default();
        let mut demarche = demarche(&texts);
        demarche.attestation = Some(Attestation {
            titre: "Attestation".to_owned(),
            corps: "--prénom-- --nom-- --demandeur--, --nom--, --SIRET--".to_owned(),
            pied: String::new(),
        });
        let dossiers = crate::domain::samples::dossiers(&texts);
        let (_, mut accepted) = dossiers
            .into_iter()
            .find(|(name, _)| *name == "accepted")
            .unwrap();
        assert_eq!(blanks(&accepted, &demarche), ["SIRET"]);
        accepted.demandeur = crate::domain::Demandeur {
            raison_sociale: "SCI du Port".to_owned(),
            siret: "12345678901237".to_owned(),
            ..Default::default()
        };
        assert_eq!(blanks(&accepted, &demarche), ["prénom", "nom"]);
        accepted.decided = None;
        assert_eq!(blanks(&accepted, &demarche), [""; 0]);
    }
}
