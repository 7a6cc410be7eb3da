//! Every document is valid, on the published schema and on older ones.

use std::path::Path;

use apollo_compiler::{ExecutableDocument, Schema as Sdl};
use greffier::channel::platform::{Schema, documents};

use super::fake::PUBLISHED;

/// Faults of the documents for `schema`, on the instance that `sdl` describes.
fn faults(schema: &Schema, sdl: &str) -> Vec<String> {
    let sdl = Sdl::parse_and_validate(sdl, "schema.graphql").unwrap();
    let mut faults = Vec::new();
    for (name, text) in documents::every(schema) {
        if let Err(error) = ExecutableDocument::parse_and_validate(&sdl, &text, &name) {
            faults.push(format!("{name}: {}", error.errors));
        }
    }
    faults
}

#[test]
fn every_document_is_valid_on_the_published_schema() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/reference/platform-schema.graphql");
    let near =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/platform-schema.graphql");
    let text = std::fs::read_to_string(reference).or_else(|_| std::fs::read_to_string(near));
    let schema = Schema::published();
    assert!(documents::every(&schema).len() >= 35);
    let same = PUBLISHED.concat();
    assert_eq!(faults(&schema, &same), Vec::<String>::new());
    match text {
        Ok(text) => assert_eq!(faults(&schema, &text), Vec::<String>::new()),
        Err(_) => eprintln!("skipped: the reference schema is not beside the repository"),
    }
}

#[test]
fn what_an_instance_lacks_is_left_out() {
    let every = |gone: &[(&str, &str)]| {
        let schema = gone
            .iter()
            .fold(Schema::published(), |schema, (kind, name)| {
                schema.without(kind, name)
            });
        documents::every(&schema)
    };
    let text = |every: &[(String, String)], name: &str| {
        let found = every.iter().find(|(own, _)| own == name);
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let whole = every(&[]);
    assert!(
        text(&whole, "One").contains("byteSizeBigInt")
            && !text(&whole, "One").contains("byteSize\n")
    );
    let old = every(&[
        ("File", "byteSizeBigInt"),
        ("Dossier", "labels"),
        ("PieceJustificativeChamp", "files"),
        ("TitreIdentiteChamp", ""),
        ("Mutation", "dossierBasculeSuivi"),
        ("Demarche", "dossiers.updatedSince"),
    ]);
    let one = text(&old, "One");
    assert!(
        one.contains("byteSize\n") && !one.contains("labels") && !one.contains("TitreIdentite")
    );
    assert!(one.contains("file {") && !one.contains("files {"));
    assert_eq!(text(&old, "Suivi"), "");
    let light = text(&old, "Light");
    assert!(
        light.contains("dossiers(first: $first, after: $after)")
            && !light.contains("$updatedSince")
    );
    assert!(!text(&whole, "Suivi").is_empty());
}

#[test]
fn no_document_asks_for_what_opens_a_dossier_to_anyone() {
    for (name, text) in documents::every(&Schema::published()) {
        let asks_url = text
            .lines()
            .any(|line| line.trim() == "url" || line.trim() == "pdf {");
        assert_eq!(asks_url, name == "Files" || name == "Upload", "{name}");
    }
}
