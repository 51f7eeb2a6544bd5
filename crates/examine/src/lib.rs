//! An examination: evidence against known lists, written as tables.
