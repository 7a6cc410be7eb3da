//! Who and what is there: démarches, rooms, accounts, limits, keys, files.

use std::rc::Rc;

use greffier::config::Room;
use greffier::domain::{DemarcheId, Privacy, Topic};
use greffier::message::{Account, Destination, Heard, Place, RoomIn};
use greffier::store::Store as _;

use super::super::person::Typing;
use super::super::site::Site;

use super::Stage;

impl Stage {
    pub(super) fn demarche(&mut self, name: &str) {
        let path = self.demarches.join(format!("{name}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let demarche: greffier::domain::Demarche = toml::from_str(&text).unwrap();
        assert_eq!(demarche.faults(), Vec::<String>::new(), "{name}");
        self.setting.demarches.insert(demarche.number, demarche);
    }

    /// `plateforme ines@oise.example paul@oise.example`: its one démarche has these instructeurs; `| usager_mail = true` and
    /// the like as in `bot.toml`.
    pub(super) fn plateforme(&mut self, rest: &str, more: &[String]) -> Vec<String> {
        let instructeurs: Vec<&str> = rest.split(' ').collect();
        let site = Rc::new(Site::open(&instructeurs, self.start));
        let desk = self.desk();
        site.follow(desk, more);
        desk.site = Some(site);
        self.deliver()
    }

    pub(super) fn salon(&mut self, rest: &str) {
        let mut words = rest.split(' ');
        let (network, id) = (words.next().unwrap(), words.next().unwrap());
        let mut room = Room {
            externals: false,
            network: network.to_owned(),
            id: id.to_owned(),
            demarche: None,
            groupe: None,
            notify: None,
            threads: true,
            privacy: Some(Privacy::Full),
        };
        for option in words {
            let (name, value) = option.split_once('=').unwrap();
            match name {
                "démarche" => room.demarche = Some(DemarcheId(value.parse().unwrap())),
                "groupe" => room.groupe = Some(value.to_owned()),
                "montre" => room.privacy = Some(serde_json::from_value(value.into()).unwrap()),
                "fils" => room.threads = value == "oui",
                "prévient" => {
                    let topics = value
                        .split(',')
                        .map(|topic| serde_json::from_value::<Topic>(topic.into()).unwrap());
                    room.notify = Some(topics.collect());
                }
                _ => panic!("not an option of a room: {option}"),
            }
        }
        self.home.get_or_insert((network.to_owned(), id.to_owned()));
        self.setting.rooms.push(room);
    }

    /// The channel finds that a room is encrypted.
    pub(super) fn chiffre(&mut self, rest: &str) {
        let (network, address) = rest.split_once(' ').unwrap();
        let found = RoomIn {
            room: Destination {
                network: network.to_owned(),
                address: address.to_owned(),
            },
            encrypted: true,
        };
        self.desk().hear(None, Heard::Room(found));
    }

    /// Links an account, as its owner would, without a word of it in the conversation.
    pub(super) fn compte(&mut self, rest: &str) {
        let words: Vec<&str> = rest.split(' ').collect();
        let [account, network, email] = words[..] else {
            panic!("compte COMPTE RÉSEAU ADRESSE, not {rest}");
        };
        let typing = |text: &str| Typing {
            who: account.to_owned(),
            network: network.to_owned(),
            place: Place::Direct,
            about: None,
            files: Vec::new(),
            text: text.to_owned(),
        };
        self.types(typing(&format!("lier {email}")), &[]);
        let code = self.codes.last().unwrap().clone();
        self.types(typing(&format!("lier {code}")), &[]);
        let link = Account {
            network: network.to_owned(),
            id: account.to_owned(),
        };
        let key = format!("account\u{0}{}\u{0}{}", link.network, link.id);
        let linked = self
            .desk()
            .app
            .store
            .get(greffier::store::Collection::Link, &key);
        assert_eq!(
            linked.unwrap(),
            Some(email.into()),
            "{account} is not linked"
        );
    }

    /// `exports jour=3 ensemble=1 taille=2000`: what one person may order, and how large an export may be.
    pub(super) fn exports(&mut self, rest: &str) {
        let desk = self.desk();
        for option in rest.split(' ') {
            let (name, value) = option.split_once('=').unwrap();
            match name {
                "jour" => desk.app.ration.per_day = value.parse().unwrap(),
                "ensemble" => desk.app.ration.under_way = value.parse().unwrap(),
                "taille" => desk.largest_export = value.parse().unwrap(),
                _ => panic!("not a limit of exports: {option}"),
            }
        }
    }

    /// `perdu plan.pdf`: the shelf has that file no more; `retrouvé plan.pdf` puts it back.
    pub(super) fn lose(&mut self, name: &str) {
        let hash = self.file(name).hash;
        let place = self.desk().app.shelf.located(&hash).unwrap();
        std::fs::remove_file(place).unwrap();
    }

    /// `nouvelle clé`: what `greffier mail rotate-key` and a restart do.
    pub(super) fn new_key(&mut self) {
        let app = &mut self.desk().app;
        let new = format!("another secret, number {}", app.replies.retired.len());
        let old = std::mem::replace(&mut app.secret, new.into_bytes());
        app.replies.retired.insert(0, old);
    }
}
