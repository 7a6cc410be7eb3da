//! What the bot may do in a channel: from the roles that it has and from what the channel changes of that.

use serde_json::Value;

/// May do everything.
const ADMINISTRATOR: u64 = 1 << 3;

/// What Greffier needs in a room, each with the name that Discord's settings show.
pub(super) const NEEDED: [(u64, &str); 5] = [
    (1 << 10, "View Channel"),
    (1 << 11, "Send Messages"),
    (1 << 14, "Embed Links"),
    (1 << 15, "Attach Files"),
    (1 << 16, "Read Message History"),
];
/// What it needs beside where each dossier has its thread.
pub(super) const THREADS: [(u64, &str); 2] = [
    (1 << 35, "Create Public Threads"),
    (1 << 38, "Send Messages in Threads"),
];
/// All of it, for the address by which the bot is invited.
pub(super) const ALL: u64 =
    (1 << 10) | (1 << 11) | (1 << 14) | (1 << 15) | (1 << 16) | (1 << 35) | (1 << 38);

/// What `me`, a member of `guild` as Discord tells it, may do in `channel`, where `roles` are those of the server.
pub(super) fn permissions(
    guild: &str,
    me: &str,
    member: &Value,
    roles: &Value,
    channel: &Value,
) -> u64 {
    let mine: Vec<&str> = texts(member.get("roles"));
    let has = |id: &str| id == guild || mine.contains(&id);
    let base = list(Some(roles))
        .filter(|role| has(text(role, "id")))
        .fold(0, |all, role| all | bits(role, "permissions"));
    if base & ADMINISTRATOR != 0 {
        return u64::MAX;
    }
    let overwrites = || list(channel.get("permission_overwrites"));
    let mut allowed = base;
    let mut apply = |(deny, allow): (u64, u64)| allowed = allowed & !deny | allow;
    // First those for everybody, then those for roles together, then the bot's own.
    for overwrite in overwrites().filter(|overwrite| text(overwrite, "id") == guild) {
        apply((bits(overwrite, "deny"), bits(overwrite, "allow")));
    }
    let of_roles = overwrites().filter(|overwrite| {
        let id = text(overwrite, "id");
        id != guild && mine.contains(&id)
    });
    apply(of_roles.fold((0, 0), |(deny, allow), overwrite| {
        (
            deny | bits(overwrite, "deny"),
            allow | bits(overwrite, "allow"),
        )
    }));
    for overwrite in overwrites().filter(|overwrite| text(overwrite, "id") == me) {
        apply((bits(overwrite, "deny"), bits(overwrite, "allow")));
    }
    allowed
}

/// The names of what is missing.
pub(super) fn missing(allowed: u64, threads: bool) -> Vec<&'static str> {
    let needed = NEEDED.iter().chain(THREADS.iter().filter(|_| threads));
    needed
        .filter(|(bit, _)| allowed & bit == 0)
        .map(|(_, name)| *name)
        .collect()
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    list(value).filter_map(Value::as_str).collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn bits(value: &Value, key: &str) -> u64 {
    text(value, key).parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allowed(base: u64, overwrites: &Value) -> u64 {
        let roles = json!([
            { "id": "1", "permissions": base.to_string() },
            { "id": "2", "permissions": "0" },
            { "id": "3", "permissions": "8" },
        ]);
        let channel = json!({ "permission_overwrites": overwrites });
        permissions("1", "9", &json!({ "roles": ["2"] }), &roles, &channel)
    }

    #[test]
    fn what_is_nearer_decides() {
        let all = ALL.to_string();
        assert!(missing(allowed(ALL, &json!([])), true).is_empty());
        let closed = json!({ "id": "1", "deny": all, "allow": "0" });
        assert_eq!(missing(allowed(ALL, &json!([closed])), true).len(), 7);
        let role = json!({ "id": "2", "deny": "0", "allow": all });
        assert!(missing(allowed(ALL, &json!([role, closed])), true).is_empty());
        let own = json!({ "id": "9", "deny": (1 << 15).to_string(), "allow": "0" });
        assert_eq!(
            missing(allowed(ALL, &json!([own, role, closed])), true),
            ["Attach Files"]
        );
        // A role that the bot has not changes nothing.
        let other = json!({ "id": "3", "deny": all, "allow": "0" });
        assert!(missing(allowed(ALL, &json!([other])), true).is_empty());
    }

    #[test]
    fn threads_are_needed_only_where_there_are_any() {
        let without = ALL & !(1 << 35) & !(1 << 38);
        assert!(missing(without, false).is_empty());
        assert_eq!(
            missing(without, true),
            ["Create Public Threads", "Send Messages in Threads"]
        );
    }
}
