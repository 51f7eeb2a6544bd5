//! All end-to-end tests, in one binary: each test binary links the whole program once.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod commands;
mod examine;
mod layers;
mod support;
