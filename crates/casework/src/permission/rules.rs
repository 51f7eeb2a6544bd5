//! Asks the Cedar policies one question: may this person do this to a record of that relation?
//!
//! The policies are parsed once and sorted by kind and action from what their heads say, so
//! that a question meets the few that can apply and not all of them. Whatever cannot be asked
//! (an act that does not exist) and whatever fails while it is answered is denied.
//!
//! Source: Cedar policy language 4, <https://docs.cedarpolicy.com>.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Effect, Entities, Entity, EntityId,
    EntityTypeName, EntityUid, Policy, PolicySet, PrincipalConstraint, Request, ResourceConstraint,
    RestrictedExpression,
};
use uuid::Uuid;

use super::memory::{Question, answer};
use super::{COMMON_ACTIONS, POLICIES, entity_name};
use crate::agency::AgencyKey;
use crate::person::{Person, PersonId, Role};
use crate::record::Kind;

/// What the policies know of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relation<'a> {
    pub(super) id: Uuid,
    pub(super) force: &'a str,
    pub(super) author: PersonId,
    /// The partner agency that it was referred to.
    pub(super) agency: Option<&'a AgencyKey>,
    /// The circle that alone may know of it.
    pub(super) circle: Option<Uuid>,
    pub(super) restricted_to: Option<Role>,
    /// The person who asks broke the glass for this record, and that still lasts.
    pub(super) opened: bool,
}

/// What is the same for every question about one kind and one action.
struct Cell {
    resource: EntityTypeName,
    action: EntityUid,
    policies: PolicySet,
    /// Of each policy that permits: the role that it is for; none where its head names no role.
    permits: Vec<Option<EntityUid>>,
}

/// Everything that is parsed once.
struct Rules {
    person: EntityTypeName,
    role: EntityTypeName,
    circle: EntityTypeName,
    cells: HashMap<(Kind, &'static str), Cell>,
}

/// Asks the policies; whatever cannot be asked is denied.
pub(super) fn allowed(
    person: &Person,
    force: &str,
    action: &str,
    kind: Kind,
    relation: &Relation<'_>,
) -> bool {
    let rules = rules();
    let Some((name, cell)) = rules.cell(kind, action) else { return false };
    let question = Question::of(person, force, name, kind, relation);
    answer(question, || rules.ask(person, force, cell, relation).unwrap_or(false))
}

impl Rules {
    fn cell(&self, kind: Kind, action: &str) -> Option<(&'static str, &Cell)> {
        let name = names(kind).find(|name| *name == action)?;
        Some((name, self.cells.get(&(kind, name))?))
    }

    fn ask(
        &self,
        person: &Person,
        force: &str,
        cell: &Cell,
        relation: &Relation<'_>,
    ) -> Result<bool, Box<dyn std::error::Error>> {
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let entity = RestrictedExpression::new_entity_uid;
        let principal = uid(&self.person, person.id.0.to_string());
        let resource = uid(&cell.resource, relation.id.to_string());
        let roles: Vec<_> = person.roles.iter().map(|r| uid(&self.role, r.key())).collect();
        let may_permit = |role: &Option<EntityUid>| role.as_ref().is_none_or(|r| roles.contains(r));
        if !cell.permits.iter().any(may_permit) {
            // What no policy permits is denied, whatever the others forbid.
            return Ok(false);
        }
        // Of the circles only the record's own can matter.
        let circle = relation.circle.map(|id| uid(&self.circle, id.to_string()));
        let member = relation.circle.is_some_and(|id| person.knows.circles.contains(&id));
        let groups = roles.into_iter().chain(circle.clone().filter(|_| member)).collect();
        let author = uid(&self.person, relation.author.0.to_string());
        let opened_to = relation.opened.then(|| entity(principal.clone()));
        let of_person = attributes([
            ("force", Some(text(force))),
            ("agency", person.knows.agency.as_ref().map(|agency| text(agency.as_str()))),
        ]);
        let restricted_to = relation.restricted_to.map(|role| uid(&self.role, role.key()));
        let of_record = attributes([
            ("force", Some(text(relation.force))),
            ("author", Some(entity(author))),
            ("agency", relation.agency.map(|agency| text(agency.as_str()))),
            ("circle", circle.map(entity)),
            ("restricted_to", restricted_to.map(entity)),
            ("opened_to", opened_to),
        ]);
        let entities = Entities::from_entities(
            [
                Entity::new(principal.clone(), of_person, groups)?,
                Entity::new(resource.clone(), of_record, HashSet::new())?,
            ],
            None,
        )?;
        let request =
            Request::new(principal, cell.action.clone(), resource, Context::empty(), None)?;
        let answer = Authorizer::new().is_authorized(&request, &cell.policies, &entities);
        // An error in a policy drops that policy: with one that forbids, that would permit.
        let sound = answer.diagnostics().errors().next().is_none();
        Ok(sound && answer.decision() == Decision::Allow)
    }
}

/// The attributes that are there.
fn attributes<const N: usize>(
    all: [(&str, Option<RestrictedExpression>); N],
) -> HashMap<String, RestrictedExpression> {
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn uid(of: &EntityTypeName, id: impl AsRef<str>) -> EntityUid {
    EntityUid::from_type_name_and_id(of.clone(), EntityId::new(id))
}

/// What can be asked about a kind.
fn names(kind: Kind) -> impl Iterator<Item = &'static str> {
    COMMON_ACTIONS.into_iter().chain(kind.acts().iter().map(|act| act.name))
}

fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| parse().expect("the policies are compiled in and a test parses them"))
}

fn parse() -> Result<Rules, Box<dyn std::error::Error>> {
    let all: PolicySet = POLICIES.map(|(_, text)| text).join("\n").parse()?;
    let action_type: EntityTypeName = "Action".parse()?;
    let role: EntityTypeName = "Role".parse()?;
    let mut cells = HashMap::new();
    for kind in Kind::ALL {
        let resource: EntityTypeName = entity_name(*kind).parse()?;
        for name in names(*kind) {
            let action = uid(&action_type, name);
            let applying = all.policies().filter(|p| applies(p, &action, &resource)).cloned();
            let policies = PolicySet::from_policies(applying)?;
            let permits = policies.policies().filter(|p| p.effect() == Effect::Permit);
            let permits = permits.map(|policy| role_of(policy, &role)).collect();
            let resource = resource.clone();
            cells.insert((*kind, name), Cell { resource, action, policies, permits });
        }
    }
    Ok(Rules { person: "Person".parse()?, role, circle: "Members".parse()?, cells })
}

/// The role that a policy's head asks for, if it does.
fn role_of(policy: &Policy, role: &EntityTypeName) -> Option<EntityUid> {
    match policy.principal_constraint() {
        PrincipalConstraint::In(of) if of.type_name() == role => Some(of),
        _ => None,
    }
}

/// Whether a policy's head leaves it possible that the policy has something to say.
fn applies(policy: &Policy, action: &EntityUid, resource: &EntityTypeName) -> bool {
    let action = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(one) => one == *action,
        ActionConstraint::In(several) => several.contains(action),
    };
    let resource = match policy.resource_constraint() {
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => kind == *resource,
        ResourceConstraint::Any | ResourceConstraint::In(_) | ResourceConstraint::Eq(_) => true,
    };
    action && resource
}
