//! What always holds.

use proptest::prelude::*;

use super::*;

type Sound = Result<(), TestCaseError>;

/// The arrows of the state machine; a declarative démarche alone goes from the deposit to a decision.
fn arrow(from: Statut, to: Statut, by: &Person) -> bool {
    match (from, to) {
        (Statut::EnConstruction, Statut::EnInstruction)
        | (Statut::EnInstruction, Statut::EnConstruction) => true,
        (Statut::EnInstruction, to) => to.traite(),
        (from, Statut::EnInstruction) => from.traite(),
        (Statut::EnConstruction, Statut::Accepte) => *by == Person::Greffier,
        _ => false,
    }
}

/// What one act may do to what was before.
pub(super) fn act(before: &Story, act: &[Recorded]) -> Sound {
    let mut dossier = before.dossier.clone();
    for recorded in act {
        let from = dossier.clone();
        dossier = evolve(Some(dossier), recorded).unwrap();
        if dossier.purged.is_some() {
            prop_assert!(from.trash.is_some() && recorded.by == Person::Greffier);
            continue;
        }
        if from.statut != dossier.statut {
            prop_assert!(arrow(from.statut, dossier.statut, &recorded.by));
            prop_assert_eq!(dossier.steps.len(), from.steps.len() + 1);
        }
        prop_assert!(dossier.messages.len() >= from.messages.len());
        prop_assert!(dossier.avis.len() >= from.avis.len());
        let (usager, number) = (&dossier.usager, dossier.number);
        prop_assert_eq!((usager, number), (&from.usager, from.number));
        prop_assert_eq!(dossier.updated, recorded.at);
        // Only the usager changes his answers.
        prop_assert!(from.champs == dossier.champs || recorded.by == camille());
        if from.archived && dossier.archived {
            prop_assert_eq!(&from.messages.len(), &dossier.messages.len());
            let mut followers = dossier.followers.iter();
            let none_lit = followers.all(|(follower, marks)| {
                let lit = from.followers.get(follower);
                marks.is_empty() || lit.is_some_and(|lit| marks.is_subset(lit))
            });
            prop_assert!(none_lit, "archived, and a mark was lit");
        }
    }
    Ok(())
}

/// What every state obeys.
pub(super) fn state(story: &Story) -> Sound {
    let Story {
        demarche,
        dossier,
        at,
        ..
    } = story;
    if dossier.purged.is_some() {
        prop_assert!(dossier.messages.is_empty() && dossier.avis.is_empty());
        prop_assert!(dossier.champs.is_empty() && dossier.annotations.is_empty());
        prop_assert!(dossier.followers.is_empty() && dossier.decided.is_none());
        prop_assert_eq!(due(dossier, demarche), None);
        return Ok(());
    }
    let statut = dossier.statut;
    prop_assert_eq!(dossier.steps[0].statut, Statut::EnConstruction);
    prop_assert_eq!(dossier.steps.last().map(|step| step.statut), Some(statut));
    let mut pairs = dossier.steps.windows(2);
    prop_assert!(pairs.all(|pair| arrow(pair[0].statut, pair[1].statut, &pair[1].by)));
    decision(dossier)?;
    prop_assert!(!dossier.archived || statut.traite());
    if let Some(trash) = &dossier.trash {
        prop_assert!(statut.traite() || trash.expired);
        prop_assert!(statut != Statut::EnInstruction);
    }
    if let Some(correction) = &dossier.correction {
        prop_assert_eq!(statut, Statut::EnConstruction);
        let message = &dossier.messages[&correction.message];
        prop_assert!(!message.withdrawn && message.correction == Some(correction.kind));
    }
    prop_assert!(dossier.expiry_noticed.is_none() || statut != Statut::EnInstruction);
    prop_assert_eq!(dossier.extension_mois > 0, dossier.kept_until.is_some());
    let groupe = demarche.groupe(&dossier.groupe).unwrap();
    let mut followers = dossier.followers.keys();
    prop_assert!(followers.all(|follower| groupe.instructeurs.contains(follower)));
    for message in dossier.messages.values() {
        prop_assert!(message.at <= *at);
        prop_assert!(message.withdrawn || !message.text.is_empty() || message.by == camille());
    }
    avis(dossier)
}

fn decision(dossier: &Dossier) -> Sound {
    prop_assert_eq!(dossier.statut.traite(), dossier.decided.is_some());
    let Some(decided) = &dossier.decided else {
        return Ok(());
    };
    prop_assert_eq!(decided.decision.statut(), dossier.statut);
    let silent = decided.by == Person::Greffier;
    prop_assert!(decided.motivation.is_some() || decided.decision == Decision::Accepte || silent);
    prop_assert!(decided.attestation.is_none() || decided.decision != Decision::SansSuite);
    Ok(())
}

fn avis(dossier: &Dossier) -> Sound {
    let mut open = BTreeSet::new();
    for avis in dossier.avis.values() {
        if avis.open() {
            prop_assert!(dossier.statut.en_cours() && avis.revoked.is_none());
            prop_assert!(open.insert(&avis.expert), "asked twice");
        }
        prop_assert!(avis.closed.is_none() || avis.answers.is_empty());
        prop_assert!(avis.question.is_some() || avis.oui_non().is_none());
        prop_assert!(avis.question.is_some() || !avis.asked_again);
        prop_assert_eq!(avis.reminders > 0, avis.reminded.is_some());
        prop_assert!(avis.expert.plausible());
    }
    Ok(())
}

/// Whether `dossier` is in a tab, as the design says it in words.
fn listed(dossier: &Dossier, onglet: Onglet, who: Option<&Email>) -> bool {
    let there = dossier.purged.is_none();
    let visible = there && dossier.trash.is_none() && !dossier.archived;
    match onglet {
        Onglet::ASuivre => visible && dossier.statut.en_cours() && dossier.followers.is_empty(),
        Onglet::Suivis => {
            visible && dossier.statut.en_cours() && who.is_some_and(|who| dossier.followed_by(who))
        }
        Onglet::Traites => visible && dossier.statut.traite(),
        Onglet::Total => visible,
        Onglet::Supprimes => there && dossier.trash.is_some(),
        Onglet::Expirants => there && dossier.trash.is_none() && dossier.expiry_noticed.is_some(),
        Onglet::Archives => there && dossier.trash.is_none() && dossier.archived,
    }
}

/// The lists are those that one would find by asking of each tab whether the dossier is in it.
pub(super) fn lists(story: &Story) -> Sound {
    let Story {
        dossier, demarche, ..
    } = story;
    let list = |of, onglet, marked| List {
        demarche: demarche.number,
        of,
        onglet,
        marked,
    };
    let mut naive = BTreeSet::new();
    for onglet in Onglet::ALL {
        if onglet != Onglet::Suivis && listed(dossier, onglet, None) {
            naive.insert(list(Of::Groupe(dossier.groupe.clone()), onglet, false));
        }
        for person in [ines(), paul(), zoe(), stranger()] {
            let who = email(&person);
            let marked = dossier
                .followers
                .get(&who)
                .is_some_and(|marks| !marks.is_empty());
            let hers = Of::Instructeur(who.clone());
            let counted = matches!(onglet, Onglet::Suivis | Onglet::Traites);
            if listed(dossier, onglet, Some(&who)) && counted && marked {
                naive.insert(list(hers.clone(), onglet, true));
            }
            if onglet == Onglet::Suivis && listed(dossier, onglet, Some(&who)) {
                naive.insert(list(hers, onglet, false));
            }
        }
    }
    let view = View::of(dossier, demarche);
    prop_assert_eq!(&view.lists, &naive);
    prop_assert_eq!(view.due, due(dossier, demarche));
    Ok(())
}

/// What may be said to whom, and that nobody is told a thing twice.
pub(super) fn words(story: &Story, by: &Person, effects: &[Effect]) -> Sound {
    let cards = effects
        .iter()
        .filter(|effect| **effect == Effect::Card)
        .count();
    prop_assert!(cards <= 1);
    let all = told(effects.to_vec());
    for (index, one) in all.iter().enumerate() {
        prop_assert!(!all[index + 1..].contains(one), "{:?} twice", one);
    }
    let mut experts = BTreeSet::new();
    let mut to_usager = 0;
    for (to, notice) in &all {
        match to {
            Recipient::Usager => {
                to_usager += 1;
                prop_assert!(for_usager(notice), "{:?} to the usager", notice);
            }
            Recipient::Expert { avis } => {
                prop_assert!(notice.topic() == Topic::Avis || told_decision(story, notice));
                prop_assert!(experts.insert(&story.dossier.avis[avis].expert), "twice");
            }
            Recipient::Instructeur { email } => prop_assert!(by.email() != Some(email)),
            Recipient::Rooms
            | Recipient::RoomsOf { .. }
            | Recipient::Groupe
            | Recipient::Followers => {}
        }
    }
    let filed = all.iter().any(|(_, notice)| *notice == Notice::Deposited);
    prop_assert!(to_usager <= 1 + usize::from(filed));
    Ok(())
}

fn told_decision(story: &Story, notice: &Notice) -> bool {
    story.demarche.experts.decision_access && matches!(notice, Notice::Decided { .. })
}

/// The usager never hears of avis, annotations, followers or labels.
fn for_usager(notice: &Notice) -> bool {
    match notice {
        Notice::Deposited
        | Notice::PassedToInstruction
        | Notice::CorrectionRequested { .. }
        | Notice::Decided { .. }
        | Notice::AttestationMade
        | Notice::Reopened
        | Notice::ExpiryNoticed { .. }
        | Notice::Expired => true,
        Notice::MessagePosted { author, .. } => matches!(author, Person::Instructeur(_)),
        _ => false,
    }
}
