//! What every handler has at hand.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use pendeen_casework::ambient::{Clock, Ids};
use pendeen_store::Store;

use crate::mail::Mail;
use crate::notices::Notices;
use crate::oidc::Provider;
use crate::previews::Previews;

/// What the pages work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The case database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh identifiers.
    pub ids: Arc<dyn Ids>,
    /// The folder of keys, documents and examinations.
    pub data_dir: PathBuf,
    /// The folder of the audit log's checkpoints.
    pub checkpoints: PathBuf,
    /// The pages are reached through HTTPS: cookies are sent nowhere else.
    pub secure_cookies: bool,
    /// How blurred previews of pictures are made.
    pub previews: Previews,
    /// How much newly waits for whom.
    pub notices: Notices,
    /// The way to the force's mail relay, where there is one.
    pub mail: Option<Mail>,
    /// The force's sign-in service, where there is one.
    pub provider: Option<Arc<Provider>>,
}

impl App {
    /// The present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
