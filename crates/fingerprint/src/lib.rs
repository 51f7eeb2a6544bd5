//! Digests and media types of byte streams.
