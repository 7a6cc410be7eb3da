use std::path::PathBuf;

use apollo_compiler::Schema;
use apollo_compiler::collections::IndexMap;
use apollo_compiler::schema::{ExtendedType, InputValueDefinition};
use serde_json::json;

use super::super::{Edition, Fake, NewDemarche, Options, PUBLISHED};
use super::{INES, ask, desk, post};

#[test]
fn everything_here_is_in_the_published_schema() {
    let Some(text) = published() else { return };
    let theirs = Schema::parse(text, "published.graphql").expect("the published schema");
    let ours = Schema::parse(PUBLISHED.concat(), "ours.graphql").expect("our schema");
    for (name, ours) in ours
        .types
        .iter()
        .filter(|(name, _)| !name.starts_with("__"))
    {
        let theirs = theirs
            .types
            .get(name)
            .unwrap_or_else(|| panic!("{name} is not published"));
        match (ours, theirs) {
            (ExtendedType::Object(ours), ExtendedType::Object(theirs)) => {
                fields(name, &ours.fields, &theirs.fields);
                assert_eq!(
                    ours.implements_interfaces, theirs.implements_interfaces,
                    "{name}"
                );
            }
            (ExtendedType::Interface(ours), ExtendedType::Interface(theirs)) => {
                fields(name, &ours.fields, &theirs.fields);
            }
            (ExtendedType::Enum(ours), ExtendedType::Enum(theirs)) => {
                assert!(ours.values.keys().eq(theirs.values.keys()), "{name}");
            }
            (ExtendedType::InputObject(ours), ExtendedType::InputObject(theirs)) => {
                for (field, ours) in &ours.fields {
                    input(
                        &format!("{name}.{field}"),
                        ours,
                        theirs.fields.get(field).map(|each| &***each),
                    );
                }
            }
            (ours, theirs) => assert_eq!(ours.is_scalar(), theirs.is_scalar(), "{name}"),
        }
    }
}

type Fields = IndexMap<
    apollo_compiler::Name,
    apollo_compiler::schema::Component<apollo_compiler::schema::FieldDefinition>,
>;

fn fields(name: &str, ours: &Fields, theirs: &Fields) {
    for (field, ours) in ours {
        let theirs = theirs
            .get(field)
            .unwrap_or_else(|| panic!("{name}.{field} is not published"));
        assert_eq!(ours.ty, theirs.ty, "{name}.{field}");
        for argument in &ours.arguments {
            input(
                &format!("{name}.{field}.{}", argument.name),
                argument,
                theirs.argument_by_name(&argument.name).map(|each| &**each),
            );
        }
    }
}

fn input(name: &str, ours: &InputValueDefinition, theirs: Option<&InputValueDefinition>) {
    let theirs = theirs.unwrap_or_else(|| panic!("{name} is not published"));
    assert_eq!(ours.ty, theirs.ty, "{name}");
    assert_eq!(ours.default_value, theirs.default_value, "{name}");
}

fn published() -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let places = ["../shared/reference", "../../shared/reference"];
    places.iter().find_map(|place| {
        std::fs::read_to_string(root.join(place).join("platform-schema.graphql")).ok()
    })
}

#[tokio::test]
async fn it_tells_its_schema() {
    let (fake, _) = desk().await;
    let query = "query IntrospectionQuery { __schema { queryType { name } types { kind name fields(includeDeprecated: true) {
        name args { name type { name kind ofType { name } } defaultValue } type { kind name ofType { kind name ofType { kind name ofType { name } } } } }
        inputFields { name } enumValues { name } possibleTypes { name } } } __type(name: \"Mutation\") { fields { name } } }";
    let found = ask(&fake, query, json!({})).await;
    let mutations: Vec<&str> = found["__type"]["fields"]
        .as_array()
        .expect("fields")
        .iter()
        .filter_map(|field| field["name"].as_str())
        .collect();
    assert!(
        mutations.contains(&"dossierBasculeSuivi")
            && mutations.contains(&"dossierAnnulerDemandeCorrection")
    );
}

#[tokio::test]
async fn an_older_instance_refuses_what_it_does_not_know() {
    let fake = Fake::start(Options {
        edition: Edition::lagging(),
        ..Options::default()
    })
    .await;
    let demarche = fake.add_demarche(NewDemarche::sample(&[INES]));
    let number = fake.usager_files(demarche, "usager@example.org");
    for (query, message) in [
        (
            "query Q { dossier(number: 1) { labels { name } } }",
            "Field 'labels' doesn't exist on type 'Dossier'",
        ),
        (
            "query Q { dossier(number: 1) { traitements { event } } }",
            "Field 'event' doesn't exist on type 'Traitement'",
        ),
        (
            "query Q { dossier(number: 1) { champs { ... on RNFChamp { id } } } }",
            "No such type RNFChamp, so it can't be a fragment condition",
        ),
        (
            "mutation M { dossierBasculeSuivi(input: { dossierId: \"1\", instructeurId: \"1\" }) { errors { message } } }",
            "Field 'dossierBasculeSuivi' doesn't exist on type 'Mutation'",
        ),
    ] {
        let (status, answer) = post(&fake, &fake.token(), query, json!({})).await;
        assert_eq!(status, 200);
        assert_eq!(answer["errors"][0]["message"], message, "{answer}");
    }
    let known = "query Q($n: Int!) { dossier(number: $n) { traitements { state dateTraitement } messages { attachment { byteSize } } } }";
    let found = ask(&fake, known, json!({ "n": number })).await;
    assert_eq!(
        found["dossier"]["traitements"][0]["state"],
        "en_construction"
    );
    let absent = ask(&fake, "{ __type(name: \"Label\") { name } }", json!({})).await;
    assert!(absent["__type"].is_null());
}
