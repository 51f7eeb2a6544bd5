//! What leaves the system: sealed bundles and documents.
