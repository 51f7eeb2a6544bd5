//! What the operator says of the sign-in service: `pendeen serve --oidc FILE.toml`.
//!
//! In: the file's values. Out: [`Settings`], checked; the client's secret is read from a file of
//! its own, so that it stands in no command line and no settings. Refused: an unknown name, an
//! issuer or an address of the pages that is neither HTTPS nor on this machine, an empty secret.
//! What each value means stands in docs/reference/oidc.md.

use std::path::{Path, PathBuf};

use openidconnect::url::Url;
use serde::Deserialize;
use thiserror::Error;

use super::http::{AuthoritiesError, may_be_asked};

/// What the operator says of the sign-in service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The service's issuer identifier, exactly as its metadata gives it.
    pub issuer: String,
    /// As whom the service knows this installation.
    pub client_id: String,
    /// The file whose first line is the client's secret.
    pub client_secret_file: PathBuf,
    /// The pages' own address, as browsers reach them.
    pub address: String,
    /// What people call the service.
    #[serde(default = "label")]
    pub label: String,
    /// Authorities to trust, in PEM, instead of those that browsers trust.
    pub ca_file: Option<PathBuf>,
    /// When the service has asked for a second factor itself.
    #[serde(default)]
    pub second_factor: SecondFactorBy,
}

/// What the service says when it has asked for a second factor; by default nothing counts, and
/// the program asks for its own.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorBy {
    /// Any of these methods (`amr`, RFC 8176), such as `mfa`.
    #[serde(default)]
    pub amr: Vec<String>,
    /// Any of these classes (`acr`), which are then asked for, too.
    #[serde(default)]
    pub acr: Vec<String>,
}

/// What is wrong with the settings. Whoever starts the program can mend it.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// Not an address that may be used.
    #[error("{name} is {value:?}: give an https address, or http on this machine")]
    Address {
        /// Which value.
        name: &'static str,
        /// What it is.
        value: String,
    },
    /// The pages' address is that of a page.
    #[error("address is {0:?}: give scheme, host and port alone")]
    Page(String),
    /// The secret is not there.
    #[error("no secret can be read from {path}")]
    Secret {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The secret's file begins with an empty line.
    #[error("the first line of {0} is empty: it must be the client's secret")]
    NoSecret(String),
    /// The authorities cannot be read.
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
}

fn label() -> String {
    "the sign-in service".to_owned()
}

/// An address that may be used.
pub(super) fn address(name: &'static str, value: &str) -> Result<Url, SettingsError> {
    let wrong = || SettingsError::Address { name, value: value.to_owned() };
    Url::parse(value).ok().filter(may_be_asked).ok_or_else(wrong)
}

/// The pages' own address, as [`address`], with no path after it.
pub(super) fn origin(value: &str) -> Result<Url, SettingsError> {
    let url = address("address", value)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if bare { Ok(url) } else { Err(SettingsError::Page(value.to_owned())) }
}

/// The secret of a file: its first line.
pub(super) fn secret(file: &Path) -> Result<String, SettingsError> {
    let path = || file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|source| SettingsError::Secret { path: path(), source })?;
    let secret = text.lines().next().unwrap_or_default().trim();
    if secret.is_empty() { Err(SettingsError::NoSecret(path())) } else { Ok(secret.to_owned()) }
}
