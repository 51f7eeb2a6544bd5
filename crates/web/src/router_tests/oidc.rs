//! Signing in through a sign-in service.
