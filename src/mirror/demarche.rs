//! A démarche of the platform as the domain knows démarches.

use super::Settings;
use crate::domain::{
    Champ, ChampType, Couleur, Declarative, Demarche, DemarcheId, Email, Etat, Etiquette, Groupe,
    MailTexts, Plateforme,
};
use crate::message::platform::{DemarcheIn, DescriptorIn, LabelIn};

/// What `read` and `settings` make of a démarche. Rules of conservation, of silence and of attestations are the platform's own:
/// it applies them, and says what came of it.
pub fn demarche(read: &DemarcheIn, settings: &Settings) -> Demarche {
    let service = Some(settings.service.clone()).filter(|service| !service.is_empty());
    let service = service.or_else(|| read.service.clone());
    let annotations = champs(&read.annotations);
    let mut demarche = Demarche {
        number: DemarcheId(read.number),
        titre: read.title.clone(),
        description: String::new(),
        service: service.unwrap_or_else(|| read.title.clone()),
        etat: etat(&read.state),
        declarative: match read.declarative.as_deref() {
            Some("accepte") => Some(Declarative::Accepte),
            Some("en_instruction") => Some(Declarative::EnInstruction),
            _ => None,
        },
        sva: None,
        svr: None,
        auto_archive_on: None,
        avis_reminder_days: settings.avis_reminder_days,
        avis_reminders_max: settings.avis_reminders_max,
        conservation_mois: 12,
        conservation_en_construction: false,
        attestation: None,
        attestation_refus: None,
        four_eyes: settings.four_eyes,
        motivation_dans_mail: false,
        experts: settings.experts.clone(),
        routage: None,
        groupes: read
            .groupes
            .iter()
            .map(|groupe| Groupe {
                label: groupe.label.clone(),
                instructeurs: groupe
                    .instructeurs
                    .iter()
                    .map(|profile| Email::new(&profile.email))
                    .collect(),
                valeurs: Vec::new(),
                ferme: groupe.closed,
            })
            .collect(),
        champs: champs(&read.champs),
        annotations,
        etiquettes: read.labels.iter().map(etiquette).collect(),
        mail: MailTexts::default(),
        depot_par_mail: false,
        depot_adresse: None,
        plateforme: None,
    };
    let annotation = settings.avis_annotation.as_deref();
    demarche.plateforme = Some(Plateforme {
        usager_mail: settings.usager_mail,
        porte_parole: settings.porte_parole.clone(),
        avis_annotation: annotation
            .and_then(|name| demarche.annotation(name))
            .map(|champ| champ.id.clone()),
        avis_message: settings.avis_message,
    });
    demarche
}

fn etat(state: &str) -> Etat {
    match state {
        "publiee" => Etat::Publiee,
        "brouillon" => Etat::Test,
        "depubliee" => Etat::Depubliee,
        // What a newer instance has is at least not open to everybody.
        _ => Etat::Close,
    }
}

fn etiquette(label: &LabelIn) -> Etiquette {
    Etiquette {
        nom: label.name.clone(),
        couleur: serde_json::from_value::<Couleur>(label.color.clone().into()).ok(),
    }
}

fn champs(descriptors: &[DescriptorIn]) -> Vec<Champ> {
    descriptors.iter().map(champ).collect()
}

fn champ(descriptor: &DescriptorIn) -> Champ {
    let kind = kind(&descriptor.kind);
    let listed = matches!(
        kind,
        ChampType::DropDownList | ChampType::MultipleDropDownList
    );
    Champ {
        id: descriptor.id.clone(),
        libelle: descriptor.label.clone(),
        // A list whose choices the instance does not tell is a text: its own check will say what fits.
        kind: if listed && descriptor.options.is_empty() {
            ChampType::Text
        } else {
            kind
        },
        obligatoire: descriptor.required,
        options: descriptor.options.clone(),
        champs: champs(&descriptor.champs),
    }
}

/// The type of a `TypeDeChamp`. What Greffier has no type for is shown, and compared, as text.
fn kind(name: &str) -> ChampType {
    match name {
        "textarea" => ChampType::Textarea,
        "email" => ChampType::Email,
        "phone" => ChampType::Phone,
        "address" => ChampType::Address,
        "siret" => ChampType::Siret,
        "integer_number" => ChampType::IntegerNumber,
        "decimal_number" | "number" => ChampType::DecimalNumber,
        "date" => ChampType::Date,
        "yes_no" => ChampType::YesNo,
        "checkbox" => ChampType::Checkbox,
        "civilite" => ChampType::Civilite,
        "drop_down_list" => ChampType::DropDownList,
        "multiple_drop_down_list" => ChampType::MultipleDropDownList,
        "piece_justificative" | "titre_identite" => ChampType::PieceJustificative,
        "repetition" => ChampType::Repetition,
        "header_section" => ChampType::HeaderSection,
        "explication" => ChampType::Explication,
        _ => ChampType::Text,
    }
}
