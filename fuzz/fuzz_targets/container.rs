//! Any bytes as each kind of container that our own code reads: opened or refused, never a panic,
//! and never more told than the limits allow.
#![no_main]

use std::cell::Cell;
use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use pendeen_content::protocol::{Kind, Limits, Reply, Want};
use pendeen_content::{Children, Source, container};

const LIMITS: Limits = Limits { children: 1000, bytes: 1 << 20 };

fuzz_target!(|input: (u8, &[u8])| {
    let (which, bytes) = input;
    let kind = match which % 5 {
        0 => Kind::Zip,
        1 => Kind::Tar,
        2 => Kind::Gzip,
        3 => Kind::Zstd,
        _ => Kind::Backup,
    };
    let told = Rc::new(Cell::new((0_u64, 0_u64, false)));
    let hear = Rc::clone(&told);
    let tell = Box::new(move |reply: &Reply| {
        let (children, bytes, inside) = hear.get();
        hear.set(match reply {
            Reply::Child(_) => {
                assert!(!inside);
                (children + 1, bytes, true)
            }
            Reply::ChildEnd { .. } => {
                assert!(inside);
                (children, bytes, false)
            }
            Reply::Piece(piece) => (children, bytes + piece.0.len() as u64, inside),
            _ => (children, bytes, inside),
        });
    });
    let mut children = Children::new(tell, Want::All, LIMITS);
    let _ = container::open(kind, &Source::of_bytes(bytes.to_vec()), &mut children);
    let (children, bytes, inside) = told.get();
    assert!(children <= LIMITS.children && bytes <= LIMITS.bytes && !inside);
});
