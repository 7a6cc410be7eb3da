//! French words for the field's tags. An unknown tag is shown as it is: wording never fails on a new one.

/// The part of an address before the `@`.
pub(super) fn local(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(local, _)| local)
}

/// `En instruction`.
pub(super) fn statut(tag: &str) -> String {
    match tag {
        "en_construction" => "En construction",
        "en_instruction" => "En instruction",
        "accepte" => "Accepté",
        "refuse" => "Refusé",
        "sans_suite" => "Classé sans suite",
        other => other,
    }
    .to_owned()
}

/// The sign of a statut.
pub(super) fn emoji(tag: &str) -> String {
    match tag {
        "en_construction" => "📝",
        "en_instruction" => "🔎",
        "accepte" => "✅",
        "refuse" => "⛔",
        "sans_suite" => "📁",
        _ => "📄",
    }
    .to_owned()
}

/// `accepter`, from the tag of a decision.
pub(super) fn decision(tag: &str) -> String {
    match tag {
        "accepte" => "accepter",
        "refuse" => "refuser",
        "sans_suite" => "classer sans suite",
        other => other,
    }
    .to_owned()
}

/// What an act is called, in the infinitive.
pub(super) fn acte(tag: &str) -> String {
    match tag {
        "deposit" => "déposer un dossier",
        "modify" => "modifier la demande",
        "follow" => "suivre le dossier",
        "unfollow" => "ne plus suivre le dossier",
        "pass_to_instruction" => "passer le dossier en instruction",
        "return_to_construction" => "repasser le dossier en construction",
        "request_correction" => "demander une correction",
        "resolve_correction" => "lever la demande de correction",
        "accept" => "accepter le dossier",
        "refuse" => "refuser le dossier",
        "dismiss" => "classer le dossier sans suite",
        "attach_attestation" => "joindre l’attestation",
        "reopen" => "repasser le dossier en instruction",
        "archive" => "archiver le dossier",
        "unarchive" => "désarchiver le dossier",
        "delete" => "supprimer le dossier",
        "restore" => "restaurer le dossier",
        "extend" => "prolonger la conservation du dossier",
        "post" => "écrire à l’usager",
        "withdraw" => "reprendre le message",
        "request_avis" => "demander un avis",
        "render_avis" => "rendre un avis",
        "remind_avis" => "relancer l’expert",
        "revoke_avis" => "révoquer l’avis",
        "annotate" => "annoter le dossier",
        "label" => "étiqueter le dossier",
        "send" => "envoyer le dossier",
        "reassign" => "réaffecter le dossier",
        other => other,
    }
    .to_owned()
}

/// The same of `count` dossiers: `accepter 12 dossiers`.
pub(super) fn actes(tag: &str, count: usize) -> String {
    let many = if count < 2 {
        format!("{count}\u{a0}dossier")
    } else {
        format!("{count}\u{a0}dossiers")
    };
    let one = acte(tag);
    if one.contains("le dossier") {
        one.replace("le dossier", &many)
    } else if one.contains("du dossier") {
        one.replace("du dossier", &format!("de {many}"))
    } else {
        format!("{one} pour {many}")
    }
}

/// With `de` before it, elided before a vowel.
pub(super) fn de(verb: &str) -> String {
    let vowel = crate::domain::fold(verb).starts_with(['a', 'e', 'i', 'o', 'u', 'y']);
    format!("{}{verb}", if vowel { "d’" } else { "de " })
}

/// What an act has done, as the end of a sentence that begins with the dossier or stands alone.
pub(super) fn fait(tag: &str) -> String {
    match tag {
        "follow" => "vous le suivez",
        "unfollow" => "vous ne le suivez plus",
        "pass_to_instruction" => "passé en instruction",
        "return_to_construction" => "repassé en construction",
        "request_correction" => "correction demandée",
        "resolve_correction" => "demande de correction levée",
        "accept" => "accepté",
        "refuse" => "refusé",
        "dismiss" => "classé sans suite",
        "reopen" => "repassé en instruction",
        "archive" => "archivé",
        "unarchive" => "désarchivé",
        "delete" => "supprimé",
        "restore" => "restauré",
        "extend" => "conservation prolongée d’un mois",
        "post" => "message enregistré",
        "withdraw" => "message repris, il ne sera pas envoyé",
        "request_avis" => "avis demandé",
        "render_avis" => "avis rendu",
        "remind_avis" => "relance envoyée",
        "revoke_avis" => "avis révoqué",
        "annotate" => "annotation enregistrée",
        "label" => "étiquettes mises à jour",
        "send" => "dossier envoyé",
        "reassign" => "réaffecté",
        "attach_attestation" => "attestation jointe, et envoyée à l’usager",
        _ => "c’est fait",
    }
    .to_owned()
}

/// A tab, as people read it.
pub(super) fn onglet(tag: &str) -> String {
    match tag {
        "a_suivre" => "à suivre",
        "suivis" => "suivis",
        "traites" => "traités",
        "total" => "au total",
        "supprimes" => "supprimés récemment",
        "expirants" => "expirants",
        "archives" => "archivés",
        other => other,
    }
    .to_owned()
}

/// What an orange mark points at.
pub(super) fn marque(tag: &str) -> String {
    match tag {
        "demande" => "demande modifiée",
        "messagerie" => "nouveau message",
        "avis" => "avis rendu",
        "annotations" => "annotation",
        other => other,
    }
    .to_owned()
}

/// Kinds of corrections.
pub(super) fn motif(tag: &str) -> String {
    match tag {
        "incorrect" => "une information est à corriger",
        "incomplete" => "le dossier est incomplet",
        "outdated" => "une information n’est plus à jour",
        other => other,
    }
    .to_owned()
}

/// Why a mail is held.
pub(super) fn raison(tag: &str) -> String {
    match tag {
        "sender" | "sender_not_expected" => "l’expéditeur n’est pas la personne attendue",
        "no_sender" => "l’expéditeur n’est pas indiqué",
        "forged" => "l’adresse de l’expéditeur semble usurpée",
        "unknown" | "unknown_address" => "aucun dossier n’a été reconnu",
        "automatic" => "le message semble automatique",
        "absence" => "le message semble être un avis d’absence",
        "empty" | "text_required" => "le message ne contient ni texte ni pièce jointe",
        "too_large" => "une pièce jointe est trop lourde",
        "mail_too_large" => "le courriel est trop lourd pour être lu",
        "encrypted" => {
            "le message est chiffré, il faut demander qu’il soit renvoyé sans chiffrement"
        }
        "infected" => "l’antivirus y a trouvé un virus",
        "not_scanned" => "le courriel est trop lourd pour être analysé par l’antivirus",
        "challenge" => "un service de filtrage demande une confirmation",
        "unreadable" | "not_understood" => "le contenu n’a pas pu être lu",
        "receipt" => "c’est un accusé de lecture",
        "calendar" => "c’est une réponse à une invitation",
        "list" => "le message vient d’une liste de diffusion",
        "bounce" => "un serveur signale qu’un de nos courriels n’a pas été remis",
        "avis_revoked" => "l’avis a été révoqué",
        "avis_closed" => "l’avis est clos, la décision est prise",
        "dossier_archived" => "le dossier est archivé",
        "dossier_deleted" => "le dossier est supprimé",
        "reply_expired" => "l’adresse de réponse a expiré",
        "address_retired" => "l’adresse de réponse a été renouvelée depuis",
        "references_only" => {
            "il cite un de nos courriels, mais sans adresse de réponse valable, et rien ne prouve qu’il vient de la personne attendue"
        }
        "crossed" => {
            "il est adressé à une autre conversation que celle de l’adresse de réponse où il arrive"
        }
        "replayed" => "un autre courriel de même identifiant est déjà au dossier",
        "too_many" => "trop de courriels de cet expéditeur en peu de temps",
        "instructeur_unproven" => "rien ne prouve qu’il vient de cet instructeur",
        "instructeur_empty" => "la réponse de l’instructeur n’a pas de texte",
        "instructeur_address" => {
            "l’adresse de réponse est celle d’un instructeur, et non la sienne"
        }
        "instructeur_left" => "l’expéditeur n’instruit plus ce dossier",
        "attachment_refused" => "une pièce jointe ne peut pas être transmise",
        "not_allowed" | "refused" => "le dossier ne peut plus recevoir ce message",
        _ => "le message n’a pas pu être traité automatiquement",
    }
    .to_owned()
}
