//! The domain, told as stories: given what happened, when somebody asks, then this follows.

mod admission;
mod avis;
mod calendar;
mod conservation;
mod decision;
mod deposit;
mod form;
mod instruction;
mod messagerie;
mod partage;
mod property;
mod query;
mod react;
mod time;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::*;

const ABF: &str = "abf@culture.example";
const SDIS: &str = "sdis@secours.example";

/// In both groups.
fn ines() -> Person {
    Person::Instructeur("ines@ddt.example".into())
}

/// In the group Nord, with Ines.
fn paul() -> Person {
    Person::Instructeur("paul@ddt.example".into())
}

/// In the group Sud alone.
fn zoe() -> Person {
    Person::Instructeur("zoe@ddt.example".into())
}

/// An instructeur of no group of this démarche.
fn stranger() -> Person {
    Person::Instructeur("max@ailleurs.example".into())
}

fn camille() -> Person {
    Person::Usager("camille@exemple.example".into())
}

fn expert(address: &str) -> Person {
    Person::Expert(address.into())
}

fn email(person: &Person) -> Email {
    person.email().cloned().unwrap()
}

fn champ(id: &str, kind: ChampType) -> Champ {
    Champ {
        id: id.to_owned(),
        libelle: format!("Libellé de {id}"),
        kind,
        obligatoire: false,
        options: vec!["Forêt".to_owned(), "Étang".to_owned()],
        champs: Vec::new(),
    }
}

fn groupe(label: &str, people: &[Person]) -> Groupe {
    Groupe {
        label: label.to_owned(),
        instructeurs: people.iter().map(email).collect(),
        valeurs: Vec::new(),
        ferme: false,
    }
}

fn demarche() -> Demarche {
    Demarche {
        number: DemarcheId(12),
        titre: "Travaux".to_owned(),
        description: String::new(),
        service: "DDT".to_owned(),
        etat: Etat::Publiee,
        declarative: None,
        sva: None,
        svr: None,
        auto_archive_on: None,
        avis_reminder_days: 7,
        avis_reminders_max: 2,
        conservation_mois: 12,
        conservation_en_construction: false,
        attestation: Some(Attestation {
            titre: "Attestation".to_owned(),
            corps: "Le dossier --numéro du dossier-- est accepté.".to_owned(),
            pied: String::new(),
        }),
        attestation_refus: None,
        four_eyes: false,
        motivation_dans_mail: true,
        depot_par_mail: false,
        depot_adresse: None,
        experts: ExpertPolicy::default(),
        routage: None,
        groupes: vec![
            groupe("Nord", &[ines(), paul()]),
            groupe("Sud", &[ines(), zoe()]),
        ],
        champs: vec![
            champ("travaux", ChampType::Textarea),
            champ("milieu", ChampType::DropDownList),
        ],
        annotations: vec![
            champ("suite", ChampType::Text),
            champ("visite", ChampType::Date),
        ],
        etiquettes: vec!["Urgent".into()],
        mail: MailTexts::default(),
        plateforme: None,
    }
}

fn deposited() -> Deposit {
    Deposit {
        groupe: None,
        usager: email(&camille()),
        demandeur: Demandeur {
            nom: "Durand".to_owned(),
            ..Demandeur::default()
        },
        champs: BTreeMap::from([("travaux".to_owned(), Valeur::Text("Toiture".to_owned()))]),
        invites: BTreeSet::new(),
    }
}

fn start() -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_000)
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn piece(bytes: u64) -> Piece {
    Piece {
        hash: "0".repeat(64),
        name: "plan.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes,
    }
}

/// A dossier, its démarche, the hour, and all that happened.
#[derive(Debug, Clone)]
struct Story {
    demarche: Demarche,
    dossier: Dossier,
    at: Timestamp,
    log: Vec<Recorded>,
}

type Then = Result<Vec<Event>, Refusal>;

/// A dossier just filed.
fn given() -> Story {
    given_in(demarche())
}

/// A dossier just filed in `demarche`.
fn given_in(demarche: Demarche) -> Story {
    let log = deposit(&demarche, DossierId(4807), deposited(), start()).unwrap();
    Story {
        dossier: replay(&log).unwrap(),
        demarche,
        at: start(),
        log,
    }
}

/// A dossier en instruction, followed by Ines.
fn given_instructed() -> Story {
    given().and(&ines(), Command::PassToInstruction)
}

/// A dossier that Ines accepted.
fn given_accepted() -> Story {
    given_instructed().and(&ines(), accept())
}

impl Story {
    /// What follows when `by` asks for `command`; nothing changes.
    fn when(&self, by: &Person, command: Command) -> Then {
        let request = Request {
            by: by.clone(),
            at: self.at,
            command,
        };
        decide(&self.dossier, &self.demarche, &request)
    }

    /// Does it. Gives what happened, with the story after it.
    fn act(mut self, by: &Person, command: Command) -> Result<(Self, Vec<Recorded>), Refusal> {
        let mut act: Vec<Recorded> = self
            .when(by, command)?
            .into_iter()
            .map(|event| Recorded {
                at: self.at,
                by: by.clone(),
                event,
            })
            .collect();
        for recorded in &act {
            self.dossier = evolve(Some(self.dossier), recorded).unwrap();
        }
        if !act.is_empty()
            && let Some(recorded) = resumed(&self.dossier, &self.demarche, self.at)
        {
            self.dossier = evolve(Some(self.dossier), &recorded).unwrap();
            act.push(recorded);
        }
        self.log.extend(act.iter().cloned());
        Ok((self, act))
    }

    /// The story after `by` did `command`, which must be possible.
    fn and(self, by: &Person, command: Command) -> Self {
        self.act(by, command).unwrap().0
    }

    /// The story some time later.
    fn later(mut self, time: SignedDuration) -> Self {
        self.at += time;
        self
    }

    /// What is to be said when `by` does `command`.
    fn says(&self, by: &Person, command: Command) -> Vec<Effect> {
        let (after, act) = self.clone().act(by, command).unwrap();
        super::react(&after.dossier, &after.demarche, &act)
    }

    /// Who is told what when `by` does `command`.
    fn tells(&self, by: &Person, command: Command) -> Vec<(Recipient, Notice)> {
        told(self.says(by, command))
    }
}

fn told(effects: Vec<Effect>) -> Vec<(Recipient, Notice)> {
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Tell { to, notice, .. } => Some((to, notice)),
            Effect::Card | Effect::Attest { .. } | Effect::Unsay { .. } => None,
        })
        .collect()
}

fn wrong(act: &str, statut: Statut, needed: &[Statut]) -> Then {
    Err(Refusal::WrongStatut {
        act: act.to_owned(),
        statut,
        needed: needed.to_vec(),
    })
}

fn unknown() -> Then {
    Err(Refusal::UnknownDossier {
        number: DossierId(4807),
    })
}

fn accept() -> Command {
    Command::Accept {
        motivation: None,
        justificatif: None,
    }
}

fn refuse(motivation: &str) -> Command {
    Command::Refuse {
        motivation: Some(motivation.to_owned()),
        justificatif: None,
    }
}

fn dismiss(motivation: &str) -> Command {
    Command::Dismiss {
        motivation: Some(motivation.to_owned()),
        justificatif: None,
    }
}

fn post(text: &str) -> Command {
    Command::Post {
        text: text.to_owned(),
        pieces: Vec::new(),
        mail: None,
        awaits: false,
    }
}

fn correct(text: &str) -> Command {
    Command::RequestCorrection {
        kind: CorrectionKind::Incomplete,
        text: text.to_owned(),
        pieces: Vec::new(),
    }
}

fn modify(text: &str) -> Command {
    Command::Modify {
        champs: BTreeMap::from([("travaux".to_owned(), Valeur::Text(text.to_owned()))]),
    }
}

fn ask(experts: &[&str]) -> Command {
    Command::RequestAvis {
        experts: experts.iter().map(|expert| Email::new(expert)).collect(),
        text: "Votre avis ?".to_owned(),
        question: None,
        confidentiel: false,
        pieces: Vec::new(),
    }
}

fn ask_oui_non(expert: &str) -> Command {
    Command::RequestAvis {
        experts: vec![Email::new(expert)],
        text: "Votre avis ?".to_owned(),
        question: Some("Favorable ?".to_owned()),
        confidentiel: false,
        pieces: Vec::new(),
    }
}

fn render(avis: u32, oui_non: Option<bool>) -> Command {
    Command::RenderAvis {
        avis: AvisId(avis),
        text: "Vu.".to_owned(),
        oui_non,
        pieces: Vec::new(),
        mail: None,
    }
}

fn annotate(name: &str, value: &str) -> Command {
    Command::Annotate {
        annotation: name.to_owned(),
        value: value.to_owned(),
    }
}

fn label(etiquette: &str, on: bool) -> Command {
    Command::Label {
        etiquette: etiquette.to_owned(),
        on,
    }
}

fn reassign(groupe: &str) -> Command {
    Command::Reassign {
        groupe: groupe.to_owned(),
    }
}

fn send(to: &Person) -> Command {
    Command::Send { to: email(to) }
}

fn look(marks: &[Mark]) -> Command {
    Command::Look {
        marks: marks.iter().copied().collect(),
    }
}
