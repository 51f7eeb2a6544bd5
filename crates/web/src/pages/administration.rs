//! Administration: people, forces, settings; never case data.
//!
//! In: an administrator, and what should change about an account. Out: the account changed, or a
//! link with which its person sets a password. Refused to everybody else, as a page that is not
//! there, and recorded. What one administrator may not do alone, the store refuses
//! ([`pendeen_store::account::administration`]); the page passes on its words.

pub(crate) mod person;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_casework::force::FORCES;
use pendeen_casework::person::Role;
use pendeen_store::account::Account;
use pendeen_store::account::second_factor::Requirement;
use serde_json::Value;

use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::pages::sign_in::second_step::wrong;
use crate::request::Sent;
use crate::shell::{Shell, force_name};
use crate::view::{Choice, FormError};
use crate::viewer::Viewer;
use person::PersonForm;

/// The page.
#[derive(Debug, Template)]
#[template(path = "administration/page.html")]
pub(crate) struct AdministrationPage {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) people: Vec<PersonRow>,
    pub(crate) username: String,
    pub(crate) form: PersonForm,
    /// Who must have a second factor: everybody, nobody, or those with a role below.
    pub(crate) required: Vec<Choice>,
    pub(crate) required_roles: Vec<Choice>,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) forces: Vec<(&'static str, &'static str)>,
}

/// An account in the list.
#[derive(Debug, Clone)]
pub(crate) struct PersonRow {
    /// Their page.
    pub href: String,
    /// Rank and name.
    pub name: String,
    /// What they sign in with.
    pub username: String,
    /// Their roles.
    pub roles: String,
    /// Their force.
    pub force: String,
    /// Whether signing in is refused.
    pub disabled: bool,
}

/// `GET /administration`.
pub(crate) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    page(&overview(&app, &viewer, Vec::new(), String::new(), PersonForm::default()).await?)
}

/// `POST /administration/people`: an account that nobody can sign in to without its link.
pub(crate) async fn add(
    State(app): State<App>,
    viewer: Viewer,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    let username = fields.get("username").unwrap_or_default().to_owned();
    let form = PersonForm::from_fields(&fields);
    let problem = match form.person(app.ids.fresh()) {
        Err(problem) => problem,
        Ok(_) if username.is_empty() => wrong("username", "Enter a user name"),
        Ok(new) => {
            let (by, now) = (Some(&viewer.person), app.now());
            match app.store.add_person_by_link(by, &new, &username, now).await {
                Ok(()) => return see_other(&person::address(new.id)),
                Err(error) => person::told("username", error)?,
            }
        }
    };
    refused(&overview(&app, &viewer, vec![problem], username, form).await?)
}

/// `POST /administration/second-factor`: who must have one.
pub(crate) async fn require(
    State(app): State<App>,
    viewer: Viewer,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    administrator(&app, &viewer).await?;
    let key = match fields.get("required") {
        Some("roles") => person::ticked_roles(&fields, "required-")
            .iter()
            .map(|role| role.key())
            .collect::<Vec<_>>()
            .join(" "),
        Some(other) => other.to_owned(),
        None => String::new(),
    };
    let Some(requirement) = Requirement::from_key(&key) else {
        let problem = wrong("required-everybody", "Say who must have a second factor");
        let form = PersonForm::default();
        return refused(&overview(&app, &viewer, vec![problem], String::new(), form).await?);
    };
    let (by, now) = (Some(&viewer.person), app.now());
    app.store.set_second_factor_requirement(by, &requirement, now).await?;
    see_other("/administration")
}

/// Refuses, and records, whoever is no administrator.
pub(super) async fn administrator(app: &App, viewer: &Viewer) -> Result<(), WebError> {
    if viewer.person.is(Role::Administrator) {
        return Ok(());
    }
    app.store.denied(&viewer.person, "administration", None, app.now()).await?;
    Err(WebError::NotFound)
}

async fn overview(
    app: &App,
    viewer: &Viewer,
    errors: Vec<FormError>,
    username: String,
    form: PersonForm,
) -> Result<AdministrationPage, WebError> {
    let requirement = app.store.second_factor_requirement().await?;
    let (present, roles) = match &requirement {
        Requirement::Everybody => ("everybody", Vec::new()),
        Requirement::Nobody => ("nobody", Vec::new()),
        Requirement::Roles(roles) => ("roles", roles.iter().copied().collect()),
    };
    let required = [
        ("everybody", "Everybody"),
        ("roles", "Whoever holds one of these roles"),
        ("nobody", "Nobody: for demonstrations only"),
    ];
    Ok(AdministrationPage {
        shell: viewer.shell("Administration"),
        errors,
        people: app.store.people().await?.into_iter().map(row).collect(),
        username,
        form,
        required: required.map(|(key, label)| Choice::new(key, label, present)).into(),
        required_roles: person::role_choices(&roles),
        settings: settings(app)?,
        forces: FORCES.iter().map(|force| (force.key.as_str(), force.name)).collect(),
    })
}

fn row(account: Account) -> PersonRow {
    let roles: Vec<&str> = account.person.roles.iter().map(|role| role.label()).collect();
    PersonRow {
        href: person::address(account.person.id),
        name: account.person.name,
        username: account.username,
        roles: roles.join(", "),
        force: force_name(account.person.force),
        disabled: account.disabled,
    }
}

/// What the operator set, by name: kept in a file that the page does not change.
fn settings(app: &App) -> Result<Vec<(String, String)>, WebError> {
    let all = serde_json::to_value(app.store.settings());
    let all = all.map_err(|error| WebError::Internal(error.to_string()))?;
    let mut lines = Vec::new();
    if let Value::Object(sections) = all {
        for (section, values) in sections {
            for (name, value) in values.as_object().into_iter().flatten() {
                lines.push((format!("{section}.{name}"), value.to_string()));
            }
        }
    }
    Ok(lines)
}
