//! The definitions of what is counted: each figure as data, with a sentence that says what it counts.
