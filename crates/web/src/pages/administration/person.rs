//! One account: name, roles and force; its link, its second factor, whether it may sign in.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use pendeen_casework::agency::AgencyKey;
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::form::Fields;
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_store::StoreError;
use pendeen_store::account::Account;
use pendeen_store::account::administration::Changed;
use pendeen_store::account::enrolment::LINK_HOURS;
use pendeen_store::account::second_factor::SecondFactor;
use uuid::Uuid;

use super::administrator;
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::pages::sign_in::second_step::wrong;
use crate::request::Sent;
use crate::shell::Shell;
use crate::view::{Choice, FormError};
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "administration/person.html")]
pub(crate) struct PersonPage {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) address: String,
    pub(crate) username: String,
    pub(crate) disabled: bool,
    /// Whether a second factor is set.
    pub(crate) factor: bool,
    /// What people call the sign-in service, where the account is linked to it.
    pub(crate) service: Option<String>,
    /// A link that was just made: shown once.
    pub(crate) link: Option<String>,
    /// How long it lasts.
    pub(crate) link_hours: i64,
    pub(crate) form: PersonForm,
}

/// What a person's form holds.
#[derive(Debug, Clone)]
pub(crate) struct PersonForm {
    pub(crate) name: String,
    pub(crate) roles: Vec<Choice>,
    pub(crate) forces: Vec<Choice>,
    pub(crate) agency: String,
}

impl Default for PersonForm {
    fn default() -> Self {
        Self::new(String::new(), &[], "", String::new())
    }
}

impl PersonForm {
    fn new(name: String, roles: &[Role], force: &str, agency: String) -> Self {
        let forces =
            FORCES.iter().map(|known| Choice::new(known.key.as_str(), known.name, force)).collect();
        Self { name, roles: role_choices(roles), forces, agency }
    }

    fn of(person: &Person) -> Self {
        let roles: Vec<Role> = person.roles.iter().copied().collect();
        let agency = person.knows.agency.as_ref().map(ToString::to_string).unwrap_or_default();
        Self::new(person.name.clone(), &roles, person.force.map_or("", ForceKey::as_str), agency)
    }

    /// As it was typed.
    pub(super) fn from_fields(fields: &Fields) -> Self {
        let text = |name| fields.get(name).unwrap_or_default().to_owned();
        let roles: Vec<Role> = ticked_roles(fields, "role-").into_iter().collect();
        Self::new(text("name"), &roles, &text("force"), text("agency"))
    }

    /// The person whom it describes, or what is wrong with it.
    pub(super) fn person(&self, id: Uuid) -> Result<Person, FormError> {
        let chosen = |choices: &[Choice]| -> Vec<String> {
            choices.iter().filter(|c| c.chosen).map(|c| c.value.clone()).collect()
        };
        let roles: BTreeSet<Role> =
            chosen(&self.roles).iter().filter_map(|key| Role::from_key(key)).collect();
        if self.name.is_empty() {
            return Err(wrong("name", "Enter rank and name, as shown beside every act"));
        }
        if roles.is_empty() {
            return Err(wrong("role-coordinator", "Say what the person is trusted to do"));
        }
        if roles.contains(&Role::Administrator) && roles.len() > 1 {
            let text = "An administrator works on no case: give the account no other role";
            return Err(wrong("role-administrator", text));
        }
        let agency = match self.agency.as_str() {
            "" => None,
            typed => Some(AgencyKey::parse(typed).ok_or_else(|| {
                wrong("agency", "Enter the code of a local authority, such as E06000026")
            })?),
        };
        if roles.contains(&Role::Partner) == agency.is_none() {
            let text = "Enter the authority for a partner agency, and for nobody else";
            return Err(wrong("agency", text));
        }
        Ok(Person {
            id: PersonId(id),
            name: self.name.clone(),
            roles,
            force: chosen(&self.forces).first().and_then(|key| ForceKey::parse(key)),
            knows: Knows { agency, ..Knows::default() },
        })
    }
}

/// Every role, ticked where it is among these.
pub(super) fn role_choices(held: &[Role]) -> Vec<Choice> {
    let choice = |role: Role| {
        let present = if held.contains(&role) { role.key() } else { "" };
        Choice::new(role.key(), role.label(), present)
    };
    Role::ALL.into_iter().map(choice).collect()
}

/// The roles whose boxes are ticked.
pub(super) fn ticked_roles(fields: &Fields, prefix: &str) -> BTreeSet<Role> {
    let ticked = |role: &Role| fields.ticked(&format!("{prefix}{}", role.key()));
    Role::ALL.into_iter().filter(ticked).collect()
}

/// A person's page.
pub(super) fn address(id: PersonId) -> String {
    format!("/administration/people/{}", id.0)
}

/// What the store refuses, in its own words; anything else is our failure.
pub(super) fn told(field: &str, error: StoreError) -> Result<FormError, WebError> {
    match error {
        StoreError::Conflict(why) => Ok(wrong(field, why)),
        other => Err(other.into()),
    }
}

/// `GET /administration/people/{id}`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    let account = find(&app, id).await?;
    page(&view(&app, &viewer, account, Vec::new(), None).await?)
}

/// `POST /administration/people/{id}`: name, roles, force, agency.
pub(crate) async fn change(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    let account = find(&app, id).await?;
    let form = PersonForm::from_fields(&fields);
    let problem = match form.person(id) {
        Err(problem) => problem,
        Ok(to) => {
            let to = Changed {
                name: to.name,
                roles: to.roles,
                force: to.force,
                agency: to.knows.agency,
            };
            let by = Some(&viewer.person);
            match app.store.change_person(by, account.person.id, &to, app.now()).await {
                Ok(()) => return see_other(&address(account.person.id)),
                Err(error) => told("name", error)?,
            }
        }
    };
    refused(&PersonPage { form, ..view(&app, &viewer, account, vec![problem], None).await? })
}

/// `POST /administration/people/{id}/link`: the answer shows the link, once.
pub(crate) async fn link(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    let account = find(&app, id).await?;
    match app.store.make_enrolment(Some(&viewer.person), account.person.id, app.now()).await {
        Ok(secret) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let scheme = if app.secure_cookies { "https" } else { "http" };
            let site = host.map(|host| format!("{scheme}://{host}")).unwrap_or_default();
            let link = Some(format!("{site}/enrol/{secret}"));
            page(&view(&app, &viewer, account, Vec::new(), link).await?)
        }
        Err(error) => not_done(&app, &viewer, account, error).await,
    }
}

/// `POST /administration/people/{id}/reset`: takes the second factor away.
pub(crate) async fn reset(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    let account = find(&app, id).await?;
    let (by, whose) = (Some(&viewer.person), account.person.id);
    match app.store.reset_second_factor(by, whose, app.now()).await {
        Ok(()) => see_other(&address(whose)),
        Err(error) => not_done(&app, &viewer, account, error).await,
    }
}

/// `POST /administration/people/{id}/unlink`: takes the link to the sign-in service away.
pub(crate) async fn unlink(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    let whose = find(&app, id).await?.person.id;
    let issuer = app.provider.as_ref().ok_or(WebError::NotFound)?.issuer();
    app.store.unlink_provider(Some(&viewer.person), whose, issuer, app.now()).await?;
    see_other(&address(whose))
}

/// `POST /administration/people/{id}/disable`.
pub(crate) async fn disable(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    set_disabled(&app, &viewer, id, true).await
}

/// `POST /administration/people/{id}/enable`.
pub(crate) async fn enable(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    set_disabled(&app, &viewer, id, false).await
}

async fn set_disabled(
    app: &App,
    viewer: &Viewer,
    id: Uuid,
    disabled: bool,
) -> Result<Response, WebError> {
    administrator(app, viewer).await?;
    let account = find(app, id).await?;
    let (by, whose) = (Some(&viewer.person), account.person.id);
    match app.store.set_disabled(by, whose, disabled, app.now()).await {
        Ok(()) => see_other(&address(whose)),
        Err(error) => not_done(app, viewer, account, error).await,
    }
}

async fn find(app: &App, id: Uuid) -> Result<Account, WebError> {
    let people = app.store.people().await?;
    people.into_iter().find(|account| account.person.id.0 == id).ok_or(WebError::NotFound)
}

async fn not_done(
    app: &App,
    viewer: &Viewer,
    account: Account,
    error: StoreError,
) -> Result<Response, WebError> {
    let errors = vec![told("", error)?];
    refused(&view(app, viewer, account, errors, None).await?)
}

async fn view(
    app: &App,
    viewer: &Viewer,
    account: Account,
    errors: Vec<FormError>,
    link: Option<String>,
) -> Result<PersonPage, WebError> {
    let mut service = None;
    if let Some(provider) = &app.provider {
        let since = app.store.linked_since(account.person.id, provider.issuer()).await?;
        service = since.map(|_| provider.label().to_owned());
    }
    Ok(PersonPage {
        service,
        shell: viewer.shell(account.person.name.clone()),
        errors,
        address: address(account.person.id),
        disabled: account.disabled,
        factor: app.store.second_factor(&account.person).await? == SecondFactor::On,
        link,
        link_hours: LINK_HOURS,
        form: PersonForm::of(&account.person),
        username: account.username,
    })
}
