//! The form of a correction: the form that the record was made with, filled in as it was.
//!
//! A browser's date field holds neither seconds nor an offset. A moment that comes back as it
//! was shown is therefore taken as it was recorded, and not as a correction.

use pendeen_casework::form::{Field, Fields, Input, uk_zone};
use pendeen_casework::record::{AnyRecord, Kind};

use crate::app::App;
use crate::error::WebError;
use crate::view::Offer;
use crate::viewer::Viewer;

/// What the form shows at first: what was recorded. A record whose form the viewer may not see,
/// or that had none, is not corrected here.
pub(super) async fn to_correct(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
) -> Result<Fields, WebError> {
    let made = made_with(app, viewer, record).await?.unwrap_or_default();
    let specs = record.kind().create_fields();
    Ok(made.iter().map(|(name, value)| (name, shown(specs, &made, name, value))).collect())
}

/// What was sent, with moments that were left as they were shown as they were recorded.
pub(super) async fn as_recorded(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    sent: Fields,
) -> Result<Fields, WebError> {
    let Some(made) = made_with(app, viewer, record).await? else { return Ok(sent) };
    let specs = record.kind().create_fields();
    let kept = |name: &str, value: &str| match made.get(name) {
        Some(recorded) if shown(specs, &made, name, recorded) == value => recorded.to_owned(),
        _ => value.to_owned(),
    };
    Ok(sent.iter().map(|(name, value)| (name, kept(name, value))).collect())
}

/// Offers what is recorded also where the viewer may not choose it anew.
pub(super) fn keep_offered(specs: &[Field], typed: &Fields, offers: &mut Vec<Offer>) {
    for spec in specs {
        let chooses = matches!(spec.input, Input::Record(_) | Input::AnyOf(_) | Input::Person);
        let Some(value) = typed.get(spec.name).filter(|_| chooses) else { continue };
        if !offers.iter().any(|offer| offer.field == spec.name && offer.value == value) {
            let label = "As recorded".to_owned();
            offers.push(Offer { field: spec.name, value: value.to_owned(), label });
        }
    }
}

async fn made_with(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
) -> Result<Option<Fields>, WebError> {
    let (kind, id): (Kind, _) = (record.kind(), record.head().id);
    Ok(app.store.made_with(&viewer.person, kind, id, app.now()).await?)
}

/// A recorded value as its widget shows it.
fn shown(specs: &[Field], made: &Fields, name: &str, value: &str) -> String {
    let moment = specs.iter().any(|spec| spec.name == name && spec.input == Input::Moment);
    match made.moment(name) {
        Ok(at) if moment => at.to_zoned_datetime(uk_zone()).strftime("%Y-%m-%dT%H:%M").to_string(),
        _ => value.to_owned(),
    }
}
