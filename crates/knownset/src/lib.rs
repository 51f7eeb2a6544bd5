//! Known-hash lists: read once, matched by digest.
