//! Signing in through the force's own sign-in service, by OpenID Connect.
//!
//! In: one service that the operator set up ([`Settings`]). Out: for a person whom it vouches for
//! and whose identity was linked to an account, a session like any other. Accounts, roles and
//! force are the program's own and never the service's.
//!
//! Find your way: `settings` is the operator's file; `http` asks the service; `provider`
//! sends people there and verifies what they bring back; `refusal` says why it was not believed;
//! `pages` are the addresses. Whose an identity is, the store knows
//! ([`pendeen_store::account::provider`]).

mod http;
pub(crate) mod pages;
mod provider;
mod refusal;
mod settings;

pub use provider::Provider;
pub use settings::{SecondFactorBy, Settings, SettingsError};
