//! Which domains are one organisation's (RFC 7489 §3.1, §3.2), by the Public Suffix List.

/// `domain` as it stands in the DNS: A-labels in lower case, without the dot at the end.
pub fn in_dns(domain: &str) -> String {
    let domain = domain.trim().trim_end_matches('.');
    idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase())
}

/// The organizational domain (RFC 7489 §3.2) of `domain`, in A-labels: one label below the public suffix. None for a public
/// suffix itself, under which anybody may register.
pub fn organization(domain: &str) -> Option<String> {
    psl::domain_str(&in_dns(domain)).map(str::to_owned)
}

/// Whether the two domains are one organisation's: the same, or below the same organizational domain (relaxed alignment).
pub fn aligned(one: &str, other: &str) -> bool {
    let (one, other) = (in_dns(one), in_dns(other));
    let organization_of_one = organization(&one);
    !one.is_empty()
        && (one == other
            || (organization_of_one.is_some() && organization_of_one == organization(&other)))
}

/// Whether the two are one and the same domain (strict alignment).
pub fn is_same(one: &str, other: &str) -> bool {
    let one = in_dns(one);
    !one.is_empty() && one == in_dns(other)
}

/// Whether `domain` is `parent` or below it, and `parent` is not a name under which others register.
pub fn is_within(domain: &str, parent: &str) -> bool {
    let (domain, parent) = (in_dns(domain), in_dns(parent));
    organization(&parent).is_some()
        && domain
            .strip_suffix(parent.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_one_organisation_are_aligned() {
        for (one, other) in [
            ("culture.gouv.fr", "culture.gouv.fr"),
            ("mail.culture.gouv.fr", "Culture.Gouv.FR."),
            ("mail.ville.fr", "news.ville.fr"),
            ("mairie-élan.fr", "mail.xn--mairie-lan-h7a.fr"),
            ("a.b.example", "b.example"),
        ] {
            assert!(aligned(one, other), "{one} {other}");
            assert!(aligned(other, one), "{other} {one}");
        }
    }

    #[test]
    fn a_public_suffix_aligns_nobody() {
        for (one, other) in [
            ("culture.gouv.fr", "interieur.gouv.fr"),
            ("culture.gouv.fr", "gouv.fr"),
            ("a.asso.fr", "b.asso.fr"),
            ("a.github.io", "b.github.io"),
            ("ville.fr", "autreville.fr"),
            ("ville.fr", "fr"),
            ("", ""),
        ] {
            assert!(!aligned(one, other), "{one} {other}");
        }
    }

    #[test]
    fn within_a_domain_is_it_and_what_is_below() {
        assert!(is_within("lists.univ.example", "univ.example"));
        assert!(is_within("univ.example", "univ.example"));
        assert!(!is_within("univ.example", "lists.univ.example"));
        assert!(!is_within("notuniv.example", "univ.example"));
        assert!(!is_within("culture.gouv.fr", "gouv.fr"));
        assert!(is_same("A.example", "a.example."));
        assert!(!is_same("a.b.example", "b.example"));
    }
}
