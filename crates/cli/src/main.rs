//! The command line: every part of Pendeen, assembled.

fn main() {}
