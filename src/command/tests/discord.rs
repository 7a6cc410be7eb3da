//! Every command can be registered on Discord as it is (discord-api-docs, application commands).

use super::*;

fn is_name(name: &str) -> bool {
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '\'');
    (1..=32).contains(&name.chars().count())
        && name.chars().all(fits)
        && name == name.to_lowercase()
}

fn is_description(text: &str) -> bool {
    (1..=100).contains(&text.chars().count())
}

/// What a command's own arguments, its dossiers and a file make of options.
fn options(spec: &Spec) -> usize {
    let dossiers = match spec.selection {
        Takes::None => 0,
        Takes::Optional | Takes::One => 1,
        Takes::Many | Takes::Any => 3,
    };
    spec.args.len() + dossiers + usize::from(spec.files)
}

/// Characters that count towards the limit of 8 000 for one command.
fn characters(spec: &Spec) -> usize {
    let mut all = vec![spec.slug(), spec.help.clone()];
    for arg in &spec.args {
        all.extend([arg.name.clone(), arg.help.clone()]);
        let choices = arg.choices.iter();
        all.extend(choices.flat_map(|choice| [choice.value.clone(), choice.label().to_owned()]));
    }
    all.iter().map(|text| text.chars().count()).sum()
}

#[test]
fn names_descriptions_and_options_fit() {
    for spec in catalogue().specs() {
        assert!(is_name(&spec.slug()), "{}", spec.slug());
        assert!(is_description(&spec.help), "{}: {}", spec.name, spec.help);
        assert!(is_description(&spec.help_en), "{}", spec.name);
        assert!(options(spec) <= 25, "{}", spec.name);
        assert!(characters(spec) <= 4000, "{}", spec.name);
        for arg in &spec.args {
            assert!(is_name(&arg.name), "{}: {}", spec.name, arg.name);
            assert!(is_description(&arg.help), "{}: {}", spec.name, arg.help);
            assert!(is_description(&arg.help_en), "{}: {}", spec.name, arg.name);
            assert!(arg.choices.len() <= 25, "{}: {}", spec.name, arg.name);
            for choice in &arg.choices {
                assert!(is_description(choice.label()) && is_description(&choice.value));
            }
        }
    }
}

#[test]
fn there_are_at_most_a_hundred_and_each_has_its_own_name() {
    let mut slugs: Vec<_> = catalogue().specs().iter().map(Spec::slug).collect();
    slugs.sort_unstable();
    let all = slugs.len();
    slugs.dedup();
    assert_eq!(slugs.len(), all);
    assert!(all <= 100);
}

#[test]
fn a_command_typed_as_one_word_is_the_same() {
    for spec in catalogue().specs() {
        assert_eq!(
            catalogue().get(&spec.slug()).map(|found| &found.name),
            Some(&spec.name)
        );
    }
}
