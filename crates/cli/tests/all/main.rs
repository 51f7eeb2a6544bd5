//! All end-to-end tests, in one binary: each test binary links the whole program once.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod accounts;
mod backup;
mod bad_input;
mod commands;
mod demo;
mod dependencies;
mod examine;
mod intake;
mod interrupted;
mod layers;
mod operation;
mod real_images;
mod serve;
mod support;
mod unlock;
mod validation;
mod whole_way;
