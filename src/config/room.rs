//! `[[room]]`: which rooms there are, and what each is told.

use serde::{Deserialize, Serialize};

use super::Config;
use crate::channel::discord;
use crate::domain::{DemarcheId, Demarches, Privacy, Topic};

/// `[[room]]`: a room, the démarche that it is for, and what it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// The channel: `console`, `matrix` or `discord`.
    pub network: String,
    /// The network's id of the room (on Discord, of the channel); on Matrix, its alias does as well.
    pub id: String,
    /// On Matrix, whether people of servers outside `matrix.allowed_servers` may be there when dossiers are spoken of.
    #[serde(default)]
    pub externals: bool,
    /// The démarche; every one where absent.
    #[serde(default)]
    pub demarche: Option<DemarcheId>,
    /// The group of instructeurs; every one where absent.
    #[serde(default)]
    pub groupe: Option<String>,
    /// What it is told; everything where absent.
    #[serde(default)]
    pub notify: Option<Vec<Topic>>,
    /// One thread for each dossier.
    #[serde(default = "yes")]
    pub threads: bool,
    /// How much of a dossier it may show. Where it is absent, `standard` if the room is known to be encrypted end to end,
    /// `minimal` if not.
    #[serde(default)]
    pub privacy: Option<Privacy>,
}

fn yes() -> bool {
    true
}

impl Room {
    /// Whether it is bound to that démarche and group.
    pub fn is_for(&self, demarche: DemarcheId, groupe: &str) -> bool {
        self.demarche.is_none_or(|bound| bound == demarche)
            && self.groupe.as_deref().is_none_or(|bound| bound == groupe)
    }

    /// How much of a dossier it may show, if it is known to be `encrypted` end to end or not.
    pub fn privacy(&self, encrypted: bool) -> Privacy {
        self.privacy.unwrap_or(if encrypted {
            Privacy::Standard
        } else {
            Privacy::Minimal
        })
    }

    /// Whether it wants to be told of that.
    pub fn wants(&self, topic: Topic) -> bool {
        self.notify
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&topic))
    }
}

impl Config {
    /// Rooms of networks that nothing connects to.
    pub(super) fn homeless(&self) -> impl Iterator<Item = String> {
        self.rooms.iter().filter_map(|room| {
            let Room { id, network, .. } = room;
            match network.as_str() {
                "console" => None,
                "matrix" if self.matrix.is_none() => Some(format!(
                    "room {id}: there is no [matrix]; write one, with homeserver, user and password_file"
                )),
                "matrix" if !id.starts_with(['!', '#']) => Some(format!(
                    "room {id}: write the id or the alias of a Matrix room, like \"!abc:agent.example.fr\" or \"#instruction:agent.example.fr\""
                )),
                "matrix" => None,
                "discord" if self.discord.is_none() => Some(format!(
                    "room {id}: there is no [discord]; write one, with token_file"
                )),
                "discord" if !discord::settings::is_snowflake(id) => Some(format!(
                    "room {id}: write the id of a Discord channel, like \"1234567890123456789\""
                )),
                "discord" => None,
                _ => Some(format!(
                    "room {id}: network = \"{network}\" is not in this build; write \"console\", \"matrix\" or \"discord\""
                )),
            }
        })
    }

    /// Rooms that would show Discord more than was decided that it may see.
    pub(super) fn exposed(&self) -> impl Iterator<Item = String> {
        let decided = self
            .discord
            .as_ref()
            .is_none_or(|discord| discord.privacy_acknowledged);
        let shown = self.rooms.iter().filter(move |room| {
            !decided
                && room.network == "discord"
                && room
                    .privacy
                    .is_some_and(|privacy| privacy != Privacy::Minimal)
        });
        shown.map(|room| discord::settings::acknowledge(&format!("room {}", room.id)))
    }

    /// Rooms that have two `[[room]]`.
    pub(super) fn bound_twice(&self) -> impl Iterator<Item = String> {
        let rooms = self.rooms.iter().enumerate();
        let twice = rooms.filter(|(index, room)| {
            let mut others = self.rooms.iter().skip(index + 1);
            others.any(|other| other.network == room.network && other.id == room.id)
        });
        twice.map(|(_, room)| {
            format!(
                "room {}: bound twice on {}; leave one [[room]]",
                room.id, room.network
            )
        })
    }

    /// Why a room can be told nothing of the démarche or the group that it is bound to.
    pub(super) fn misplaced(&self, room: &Room, demarches: &Demarches) -> Option<String> {
        let Room { id, groupe, .. } = room;
        let bound = room.demarche.map(|number| (number, demarches.get(&number)));
        match (bound, groupe) {
            // It may not have been read yet.
            (Some((number, None)), _) if self.mirrored.iter().any(|own| own.number == number) => {
                None
            }
            (Some((number, None)), _) if self.platform.is_some() => Some(format!(
                "room {id}: no [[demarche]] has the number {number}; add one"
            )),
            (Some((number, None)), _) => Some(format!(
                "room {id}: there is no démarche {number} in {}",
                self.greffier.demarches.display()
            )),
            (Some((number, Some(demarche))), Some(groupe)) => {
                let known = demarche.groupes.iter();
                let known: Vec<&str> = known.map(|groupe| groupe.label.as_str()).collect();
                (!known.contains(&groupe.as_str())).then(|| {
                    format!("room {id}: the démarche {number} has no group \"{groupe}\"; write one of {known:?}")
                })
            }
            (None, Some(_)) => Some(format!("room {id}: a groupe needs its demarche")),
            (Some(_) | None, None) => None,
        }
    }
}
