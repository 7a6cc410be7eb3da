//! One of everything: a démarche, the life of a dossier, each notice, each refusal. `greffier check` words them all,
//! and tests are made of them.

mod each;
mod life;

pub use each::{events, notices, refusals};
pub use life::{dossiers, story};

use jiff::{SignedDuration, Timestamp};

use super::{
    Attestation, Champ, ChampType, Couleur, Demarche, DemarcheId, Email, Etat, Etiquette,
    ExpertPolicy, Groupe, MailTexts, Piece, Policy,
};

/// Whatever people wrote or are called in the samples. Tests put other words in their place.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each is named for what it is")]
pub struct Texts {
    pub nom: String,
    pub prenom: String,
    pub usager: String,
    pub invite: String,
    pub expert: String,
    pub autre_expert: String,
    pub instructeur: String,
    pub collegue: String,
    pub champ: String,
    pub annotation: String,
    pub etiquette: String,
    pub message: String,
    pub reponse: String,
    pub correction: String,
    pub demande: String,
    pub question: String,
    pub avis: String,
    pub avis_partage: String,
    pub avis_confidentiel: String,
    pub motivation: String,
    pub fichier: String,
    pub fichier_avis: String,
    pub bounce: String,
}

impl Default for Texts {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            nom: text("Durand"),
            prenom: text("Camille"),
            usager: text("camille.durand@exemple.example"),
            invite: text("architecte@atelier.example"),
            expert: text("abf@culture.example"),
            autre_expert: text("sdis@secours.example"),
            instructeur: text("ines.roux@ddt-nord.example"),
            collegue: text("paul.lefevre@ddt-nord.example"),
            champ: text("Réfection de la toiture en ardoise,\npose de deux lucarnes côté jardin."),
            annotation: text("Visite prévue avec la mairie"),
            etiquette: text("Prioritaire"),
            message: text(
                "Pourriez-vous nous envoyer une photo de la façade sur rue ?\n\nUne vue d’ensemble suffit.",
            ),
            reponse: text("Voici la photo demandée.\nBien cordialement,\nCamille Durand"),
            correction: text(
                "Le plan de masse n’est pas à l’échelle. Merci d’en joindre un nouveau.",
            ),
            demande: text(
                "Le projet est dans les abords de l’église. Merci de nous donner votre avis sur les lucarnes.",
            ),
            question: text("Êtes-vous favorable au projet ?"),
            avis: text(
                "Oui, sous réserve que les lucarnes soient alignées sur les baies de l’étage.",
            ),
            avis_partage: text("Pas d’observation quant à la sécurité."),
            avis_confidentiel: text("Une procédure est en cours sur la parcelle voisine."),
            motivation: text(
                "Le projet respecte le règlement du site.\nLes lucarnes seront alignées sur les baies.",
            ),
            fichier: text("Plan de masse.pdf"),
            fichier_avis: text("Croquis des lucarnes.pdf"),
            bounce: text("5.1.1 Adresse inconnue"),
        }
    }
}

fn at(day: i64, minute: i64) -> Timestamp {
    let start = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_717_401_120);
    start + SignedDuration::from_hours(24 * day) + SignedDuration::from_mins(minute)
}

/// The time at which the samples are told: one day after the last event.
pub fn now() -> Timestamp {
    at(40, 0)
}

fn champ(id: &str, libelle: &str, kind: ChampType) -> Champ {
    Champ {
        id: id.to_owned(),
        libelle: libelle.to_owned(),
        kind,
        obligatoire: false,
        options: Vec::new(),
        champs: Vec::new(),
    }
}

fn piece(name: &str, bytes: u64) -> Piece {
    Piece {
        hash: "0".repeat(64),
        name: name.to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes,
    }
}

const ATTESTATION: &str = "Vu le dossier n° --numéro du dossier-- déposé le --date de dépôt-- par --civilité-- --prénom-- --nom-- ;
Vu son passage en instruction le --date de passage en instruction-- ;

Les travaux suivants sont autorisés, sur une surface de --Surface en m²-- m² :

--Description des travaux--

--motivation--";

/// A démarche with a bit of everything.
pub fn demarche(texts: &Texts) -> Demarche {
    let groupe = |label: &str, instructeurs: &[&String]| Groupe {
        label: label.to_owned(),
        instructeurs: instructeurs.iter().map(|email| Email::new(email)).collect(),
        valeurs: Vec::new(),
        ferme: false,
    };
    let lignes = Champ {
        champs: vec![
            champ("nature", "Nature", ChampType::Text),
            champ("montant", "Montant en euros", ChampType::IntegerNumber),
        ],
        ..champ("depenses", "Dépenses prévues", ChampType::Repetition)
    };
    Demarche {
        number: DemarcheId(12),
        titre: "Autorisation de travaux en site classé".to_owned(),
        description: "Demander l’autorisation de modifier l’état d’un site classé.".to_owned(),
        service: "Direction départementale des territoires du Nord".to_owned(),
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
            titre: "Autorisation de travaux".to_owned(),
            corps: ATTESTATION.to_owned(),
            pied: "Cette autorisation est à afficher sur le terrain pendant toute la durée des travaux.".to_owned(),
        }),
        attestation_refus: Some(Attestation {
            titre: "Refus de travaux".to_owned(),
            corps: "Le dossier n° --numéro du dossier-- a été refusé le --date de décision--.\n\n--motivation--".to_owned(),
            pied: String::new(),
        }),
        four_eyes: false,
        motivation_dans_mail: true,
        depot_par_mail: false,
        depot_adresse: None,
        experts: ExpertPolicy {
            policy: Policy::List,
            list: vec![Email::new(&texts.expert), Email::new(&texts.autre_expert)],
            decision_access: true,
        },
        routage: None,
        groupes: vec![
            groupe("Littoral", &[&texts.instructeur, &texts.collegue]),
            groupe("Intérieur", &[&texts.collegue]),
        ],
        champs: vec![
            champ("titre", "Le projet", ChampType::HeaderSection),
            champ("travaux", "Description des travaux", ChampType::Textarea),
            champ("surface", "Surface en m²", ChampType::DecimalNumber),
            champ("abords", "Dans les abords d’un monument", ChampType::YesNo),
            champ("plan", "Plan de masse", ChampType::PieceJustificative),
            lignes,
        ],
        annotations: vec![
            champ("suite", "Suites à donner", ChampType::Text),
            champ("visite", "Visite faite", ChampType::YesNo),
        ],
        etiquettes: vec![
            Etiquette {
                nom: texts.etiquette.clone(),
                couleur: Some(Couleur::PinkMacaron),
            },
            "À revoir".into(),
        ],
        mail: MailTexts {
            depot: Some("Le délai d’instruction est de deux mois.".to_owned()),
            instruction: Some("Une visite du site peut vous être proposée.".to_owned()),
            accepte: Some("Vous pouvez contester cette décision devant le tribunal administratif dans les deux mois.".to_owned()),
            refuse: Some("Vous pouvez contester cette décision devant le tribunal administratif dans les deux mois.".to_owned()),
            sans_suite: Some("Vous pouvez déposer un nouveau dossier à tout moment.".to_owned()),
        },
        plateforme: None,
    }
}
