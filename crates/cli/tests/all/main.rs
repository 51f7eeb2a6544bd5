//! All end-to-end tests, in one binary: each test binary links the whole program once.

mod layers;
