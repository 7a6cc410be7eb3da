//! The names of the payloads.

/// The type that `mutation` answers.
pub(super) fn name(mutation: &str) -> &'static str {
    match mutation {
        "createDirectUpload" => "CreateDirectUploadPayload",
        "dossierAccepter" => "DossierAccepterPayload",
        "dossierAjouterLabel" => "DossierAjouterLabelPayload",
        "dossierAnnulerDemandeCorrection" => "DossierAnnulerDemandeCorrectionPayload",
        "dossierArchiver" => "DossierArchiverPayload",
        "dossierBasculeSuivi" => "DossierBasculeSuiviPayload",
        "dossierChangerGroupeInstructeur" => "DossierChangerGroupeInstructeurPayload",
        "dossierClasserSansSuite" => "DossierClasserSansSuitePayload",
        "dossierDesarchiver" => "DossierDesarchiverPayload",
        "dossierEnvoyerMessage" => "DossierEnvoyerMessagePayload",
        "dossierModifierAnnotationAjouterLigne" => "DossierModifierAnnotationAjouterLignePayload",
        "dossierModifierAnnotationCheckbox" => "DossierModifierAnnotationCheckboxPayload",
        "dossierModifierAnnotationDate" => "DossierModifierAnnotationDatePayload",
        "dossierModifierAnnotationDatetime" => "DossierModifierAnnotationDatetimePayload",
        "dossierModifierAnnotationDecimalNumber" => "DossierModifierAnnotationDecimalNumberPayload",
        "dossierModifierAnnotationDropDownList" => "DossierModifierAnnotationDropDownListPayload",
        "dossierModifierAnnotationIntegerNumber" => "DossierModifierAnnotationIntegerNumberPayload",
        "dossierModifierAnnotationText" => "DossierModifierAnnotationTextPayload",
        "dossierModifierAnnotations" => "DossierModifierAnnotationsPayload",
        "dossierPasserEnInstruction" => "DossierPasserEnInstructionPayload",
        "dossierRefuser" => "DossierRefuserPayload",
        "dossierRepasserEnConstruction" => "DossierRepasserEnConstructionPayload",
        "dossierRepasserEnInstruction" => "DossierRepasserEnInstructionPayload",
        "dossierSupprimerLabel" => "DossierSupprimerLabelPayload",
        "dossierSupprimerMessage" => "DossierSupprimerMessagePayload",
        "groupeInstructeurAjouterInstructeurs" => "GroupeInstructeurAjouterInstructeursPayload",
        "groupeInstructeurCreer" => "GroupeInstructeurCreerPayload",
        "groupeInstructeurModifier" => "GroupeInstructeurModifierPayload",
        _ => "GroupeInstructeurSupprimerInstructeursPayload",
    }
}
