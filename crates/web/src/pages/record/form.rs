//! The form page, and the records that its fields offer.

use askama::Template;
use pendeen_casework::form::{Field, Fields, Input, Refusal};
use pendeen_store::query::{Query, Slice, Sort};

use crate::app::App;
use crate::error::WebError;
use crate::shell::Shell;
use crate::view::{FieldView, FormError, FormView, Offer, Widget};
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "form.html")]
pub(crate) struct FormPage {
    pub(crate) shell: Shell,
    pub(crate) form: FormView,
}

/// Records offered in one field at most; those changed last come first.
const OFFERED: u64 = 500;

/// The records that the person may see and that the form's record fields can name.
pub(super) async fn offers(
    app: &App,
    viewer: &Viewer,
    spec: &[Field],
) -> Result<Vec<Offer>, WebError> {
    let mut offers = Vec::new();
    for field in spec {
        let Input::Record(kind) = field.input else { continue };
        let page = Slice { offset: 0, limit: OFFERED };
        let query = Query { page, order: Sort::Updated, ..Query::of(kind) };
        let found = app.store.list(&viewer.person, &query, app.now()).await?;
        offers.extend(found.rows.into_iter().map(|row| Offer {
            field: field.name,
            value: row.id.to_string(),
            label: format!("{} ({})", row.title, row.number),
        }));
    }
    Ok(offers)
}

/// What a form is for and where it leads.
pub(super) struct Purpose {
    pub caption: String,
    pub action: String,
    pub back: String,
    pub submit: String,
    pub hidden: Vec<(&'static str, String)>,
}

/// The form for `spec` with what was typed so far and why it was refused, if it was.
pub(super) fn form(
    purpose: Purpose,
    spec: &[Field],
    typed: &Fields,
    offers: &[Offer],
    refusal: Option<&Refusal>,
) -> FormView {
    FormView {
        caption: purpose.caption,
        action: purpose.action,
        back: purpose.back,
        submit: purpose.submit,
        hidden: purpose.hidden,
        fields: FieldView::all(spec, typed, offers, refusal),
        errors: refusal.map(FormError::from).into_iter().collect(),
    }
}
