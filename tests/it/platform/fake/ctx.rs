//! The execution of one request: its objects, and the roots of queries.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::HashSet;
use std::rc::Rc;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::{JsonMap, JsonValue};

use super::clock::parse;
use super::fault::Broken;
use super::page::{Filter, Window, deleted, dossiers};
use super::state::State;
use super::token::Token;
use super::tree::Tree;
use super::{demarche, descriptor, dossier, mutation};

/// Between the code and the sentence of a root error, until the answer is written.
pub(super) const CODE: char = '\u{1}';

/// A root error with `extensions.code`.
pub(super) fn fail(code: &str, message: impl std::fmt::Display) -> FieldError {
    FieldError {
        message: format!("{code}{CODE}{message}"),
    }
}

pub(super) struct Ctx<'s> {
    state: RefCell<&'s mut State>,
    pub(super) base: &'s str,
    pub(super) token: Option<Token>,
    fragments: HashSet<String>,
    budget: Cell<Option<u64>>,
    /// Set when the request must end in a 500.
    pub(super) crashed: Cell<bool>,
}

impl<'s> Ctx<'s> {
    pub(super) fn new(
        state: &'s mut State,
        base: &'s str,
        token: Option<Token>,
        document: &ExecutableDocument,
        budget: Option<u64>,
    ) -> Self {
        let state = RefCell::new(state);
        let (budget, crashed) = (Cell::new(budget), Cell::new(false));
        Self {
            state,
            base,
            token,
            fragments: super::schema::fragments(document),
            budget,
            crashed,
        }
    }

    pub(super) fn state(&self) -> Ref<'_, &'s mut State> {
        self.state.borrow()
    }

    pub(super) fn state_mut(&self) -> RefMut<'_, &'s mut State> {
        self.state.borrow_mut()
    }

    pub(super) fn has_fragment(&self, name: &str) -> bool {
        self.fragments.contains(name)
    }

    pub(super) fn file(&self, id: u32) -> Option<Tree> {
        self.state().file_tree(self.base, id)
    }

    pub(super) fn files(&self, ids: &[u32]) -> Vec<Tree> {
        ids.iter().filter_map(|&id| self.file(id)).collect()
    }

    pub(super) fn dossier_exists(&self, number: i32) -> bool {
        self.state().dossiers.contains_key(&number)
    }

    pub(super) fn covers(&self, demarche: i32) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| token.covers(demarche))
    }

    /// Charges for a field; when the time allowed is used up, this and all later ones come back null.
    fn spend(&self, field: &str) -> Result<(), FieldError> {
        let cost = match field {
            "messages" | "avis" | "champs" | "annotations" | "traitements" => 10,
            _ => 1,
        };
        match self.budget.get() {
            Some(left) if left < cost => {
                self.budget.set(Some(0));
                Err(fail("timeout", format!("Timeout on Dossier.{field}")))
            }
            left => {
                self.budget.set(left.map(|left| left - cost));
                Ok(())
            }
        }
    }
}

enum Kind {
    Query,
    Mutation,
    Demarche(i32),
    Groupe(i32),
    Dossier(i32),
    Descriptor(i32),
    Tree(&'static str, Rc<Vec<(&'static str, Tree)>>),
}

/// An object of the answer.
pub(super) struct Node<'c, 's> {
    ctx: &'c Ctx<'s>,
    kind: Kind,
}

impl<'c, 's> Node<'c, 's> {
    pub(super) fn root(ctx: &'c Ctx<'s>, mutation: bool) -> Self {
        Self {
            ctx,
            kind: if mutation {
                Kind::Mutation
            } else {
                Kind::Query
            },
        }
    }

    pub(super) fn tree(
        ctx: &'c Ctx<'s>,
        name: &'static str,
        fields: Rc<Vec<(&'static str, Tree)>>,
    ) -> Self {
        Self {
            ctx,
            kind: Kind::Tree(name, fields),
        }
    }

    pub(super) fn dossier(ctx: &'c Ctx<'s>, number: i32) -> Self {
        Self {
            ctx,
            kind: Kind::Dossier(number),
        }
    }

    pub(super) fn descriptor(ctx: &'c Ctx<'s>, demarche: i32) -> Self {
        Self {
            ctx,
            kind: Kind::Descriptor(demarche),
        }
    }

    fn query<'a>(&'a self, name: &str, args: &JsonMap) -> Result<ResolvedValue<'a>, FieldError> {
        let ctx = self.ctx;
        let number = integer(args, "number").unwrap_or_default();
        let hidden = |kind| {
            fail(
                "unauthorized",
                format!("An object of type {kind} was hidden due to permissions"),
            )
        };
        match name {
            "demarche" => {
                ctx.state()
                    .demarches
                    .get(&number)
                    .ok_or_else(|| fail("not_found", "Demarche not found"))?;
                if !ctx.covers(number) {
                    return Err(hidden("Demarche"));
                }
                Ok(ResolvedValue::object(Self {
                    ctx,
                    kind: Kind::Demarche(number),
                }))
            }
            "groupeInstructeur" => {
                let state = ctx.state();
                let groupe = state.groupes.get(&number);
                let groupe = groupe
                    .ok_or_else(|| fail("not_found", "GroupeInstructeurWithDossiers not found"))?;
                if !ctx.covers(groupe.demarche) {
                    return Err(hidden("GroupeInstructeurWithDossiers"));
                }
                Ok(ResolvedValue::object(Self {
                    ctx,
                    kind: Kind::Groupe(number),
                }))
            }
            "dossier" => {
                let state = ctx.state();
                let found = state
                    .dossiers
                    .get(&number)
                    .filter(|dossier| dossier.visible());
                let dossier = found.ok_or_else(|| fail("not_found", "Dossier not found"))?;
                if !ctx.covers(dossier.demarche) {
                    return Err(hidden("Dossier"));
                }
                Ok(ResolvedValue::object(Self::dossier(ctx, number)))
            }
            "demarcheDescriptor" => {
                let by_number = args
                    .get("demarche")
                    .and_then(|find| find.get("number"))
                    .and_then(JsonValue::as_i64);
                let by_id = args
                    .get("demarche")
                    .and_then(|find| find.get("id"))
                    .and_then(JsonValue::as_str);
                let by_id = by_id.and_then(|id| descriptor::key("Procedure", id)?.parse().ok());
                let number = by_number
                    .and_then(|number| i32::try_from(number).ok())
                    .or(by_id)
                    .unwrap_or_default();
                if !ctx.state().demarches.contains_key(&number) {
                    return Err(fail("not_found", "DemarcheDescriptor not found"));
                }
                Ok(ResolvedValue::object(Self::descriptor(ctx, number)))
            }
            _ => Ok(ResolvedValue::null()),
        }
    }

    fn listing(
        &self,
        name: &str,
        args: &JsonMap,
        demarche: i32,
        groupe: Option<i32>,
    ) -> Result<Tree, FieldError> {
        let window = Window::read(args)?;
        let state = self.ctx.state();
        if name == "dossiers" {
            let text = |name: &str| args.get(name).and_then(JsonValue::as_str);
            let filter = Filter {
                groupe,
                statut: text("state").map(str::to_owned),
                archived: args.get("archived").and_then(JsonValue::as_bool),
                updated_since: text("updatedSince").and_then(parse),
                created_since: text("createdSince").and_then(parse),
                revision: revision(text("revision")),
                min_revision: revision(text("minRevision")),
                max_revision: revision(text("maxRevision")),
            };
            Ok(dossiers(&state, demarche, &filter, &window))
        } else {
            let since = args
                .get("deletedSince")
                .and_then(JsonValue::as_str)
                .and_then(parse);
            Ok(deleted(
                &state,
                demarche,
                groupe,
                since,
                name == "pendingDeletedDossiers",
                &window,
            ))
        }
    }

    fn field<'a>(&'a self, info: &ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let (ctx, name, args) = (self.ctx, info.field_name(), info.arguments());
        let tree = match &self.kind {
            Kind::Query => return self.query(name, args),
            Kind::Mutation => mutation::run(ctx, name, args)?,
            Kind::Demarche(number) if name.ends_with("ossiers") => {
                self.listing(name, args, *number, None)?
            }
            Kind::Demarche(number) => demarche::field(ctx, *number, name, args),
            Kind::Groupe(number) if name.ends_with("ossiers") => {
                let demarche = ctx
                    .state()
                    .groupes
                    .get(number)
                    .map(|groupe| groupe.demarche)
                    .unwrap_or_default();
                self.listing(name, args, demarche, Some(*number))?
            }
            Kind::Groupe(number) => demarche::groupe_field(ctx, *number, name),
            Kind::Descriptor(number) => demarche::descriptor_field(ctx, *number, name),
            Kind::Dossier(number) => {
                ctx.spend(name)?;
                if name == "champs"
                    && let Some(broken) = ctx.state().broken.get(number)
                {
                    match broken {
                        Broken::Crashes => ctx.crashed.set(true),
                        // Without a code: what may not be null is.
                        Broken::Null => {
                            return Err(FieldError {
                                message: "null".to_owned(),
                            });
                        }
                        Broken::Hides => return Err(fail("unauthorized", "hidden")),
                    }
                }
                dossier::field(ctx, *number, name, args)
            }
            Kind::Tree(_, fields) => Tree::get(fields, name),
        };
        Ok(tree.resolve(ctx))
    }
}

impl ObjectValue for Node<'_, '_> {
    fn type_name(&self) -> &str {
        match &self.kind {
            Kind::Query => "Query",
            Kind::Mutation => "Mutation",
            Kind::Demarche(_) => "Demarche",
            Kind::Groupe(_) => "GroupeInstructeurWithDossiers",
            Kind::Dossier(_) => "Dossier",
            Kind::Descriptor(_) => "DemarcheDescriptor",
            Kind::Tree(name, _) => name,
        }
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        self.field(info)
    }
}

pub(super) fn integer(args: &JsonMap, name: &str) -> Option<i32> {
    args.get(name)
        .and_then(JsonValue::as_i64)
        .and_then(|number| i32::try_from(number).ok())
}

fn revision(id: Option<&str>) -> Option<u32> {
    descriptor::key("Revision", id?)?.parse().ok()
}
