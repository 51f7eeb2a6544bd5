//! The form page, and the records that its fields offer.

use askama::Template;
use pendeen_casework::form::{Field, Fields, Input, Refusal};
use pendeen_casework::record::Kind;
use pendeen_store::query::{Query, Row, Slice, Sort};
use uuid::Uuid;

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
    typed: &Fields,
) -> Result<Vec<Offer>, WebError> {
    let mut offers = Vec::new();
    for field in spec {
        match field.input {
            Input::Record(kind) => {
                for row in newest(app, viewer, vec![kind]).await? {
                    let label = format!("{} ({})", row.title, row.number);
                    offers.push(Offer { field: field.name, value: row.id.to_string(), label });
                }
            }
            Input::AnyOf(kinds) => {
                offers.extend(chosen(app, viewer, field, typed).await?);
                for row in newest(app, viewer, kinds.to_vec()).await? {
                    let offer = of_any(field, row.kind, row.id, &row.title, &row.number);
                    if offers.iter().all(|o| o.field != field.name || o.value != offer.value) {
                        offers.push(offer);
                    }
                }
            }
            Input::Person => {
                let people = app.store.colleagues(&viewer.person).await?;
                offers.extend(people.into_iter().map(|person| Offer {
                    field: field.name,
                    value: person.id.0.to_string(),
                    label: person.name,
                }));
            }
            _ => {}
        }
    }
    Ok(offers)
}

/// Records of these kinds that the person may see, those changed last.
async fn newest(app: &App, viewer: &Viewer, kinds: Vec<Kind>) -> Result<Vec<Row>, WebError> {
    let page = Slice { offset: 0, limit: OFFERED };
    let query = Query { kinds, page, order: Sort::Updated, ..Query::default() };
    Ok(app.store.list(&viewer.person, &query, app.now()).await?.rows)
}

/// The record that is chosen already, however long ago it was changed.
async fn chosen(
    app: &App,
    viewer: &Viewer,
    field: &Field,
    typed: &Fields,
) -> Result<Option<Offer>, WebError> {
    let Some((kind, id)) = field.chosen(typed) else { return Ok(None) };
    let found = app.store.view(&viewer.person, kind, id, None, app.now()).await?;
    Ok(found.map(|record| of_any(field, kind, id, &record.title(), &record.head().number)))
}

fn of_any(field: &Field, kind: Kind, id: Uuid, title: &str, number: &str) -> Offer {
    let value = format!("{}/{id}", kind.key());
    Offer { field: field.name, value, label: format!("{}: {title} ({number})", kind.label()) }
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
        theirs: Vec::new(),
    }
}
