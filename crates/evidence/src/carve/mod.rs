//! Carving: files found by their own structure, where no file system names them any more.
//!
//! In: an image, its volumes, the space that their file systems do not use, and the entries
//! listed ([`spaces`]). Out: pictures and videos with the runs of the image that they lie in
//! ([`find`]). A signature only says where a file may begin; a validator for each format parses
//! it to its true end, and says how much of it that proves ([`Proof`]): JPEG, PNG, GIF, `WebP`,
//! BMP, HEIC and AVIF, MP4, MOV and 3GP, AVI, Matroska and `WebM`. A thumbnail belongs to its
//! picture, a frame to its film: what lies in a carved file is not carved again.
//!
//! Everything is bounded, and no byte is held but in small buffers: a film of four gigabytes is
//! walked like any other. Refused: files that were cut short, and files in more pieces than the
//! live files around them explain, but for sequential JPEGs in two (see `jpeg/fragment.rs`).

mod address;
mod bmp;
mod ebml;
mod extents;
mod find;
mod gif;
mod iso_media;
mod jpeg;
mod kind;
mod png;
mod riff;
mod signature;
mod space;
mod window;

pub use address::{address, runs_of};
pub use find::{Carved, Found, find, measure_at};
pub use kind::{Kind, Proof, Shape, Signature};
pub use space::{Known, Space, spaces};
pub use window::Bytes;
