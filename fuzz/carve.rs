//! Bytes as a file of one kind, and what must hold of what a validator says of them.

use pendeen_evidence::carve::{Signature, measure_at};

/// Bytes that a validator may read: some hundred times what libFuzzer gives it.
const BUDGET: u64 = 16 << 20;

/// Puts the beginning that the scanner looks for before `data` and measures the file.
pub fn check(signature: Signature, head: &[u8], data: &[u8]) {
    for bytes in [[head, data].concat(), data.to_vec()] {
        if let Some(shape) = measure_at(signature, &bytes, 0, BUDGET) {
            assert!(shape.len > 0 && shape.len <= bytes.len() as u64);
        }
    }
}
