//! The Sleuth Kit's library behind a safe interface: names, times and block runs.
