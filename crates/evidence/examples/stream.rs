//! How fast an image is read from beginning to end: `stream FILE` for one that is there, or
//! `stream --make FOLDER` to write and read a 1 GiB E01 (half random, a quarter text, a
//! quarter zeros). Prints gigabytes of the device's bytes per second, for 1 and 2 threads.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pendeen_evidence::image::ewf::write::{Recipe, write};
use pendeen_evidence::image::{self, Block};
use pendeen_evidence::unit::ByteLen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = match arguments.as_slice() {
        [flag, folder] if flag == "--make" => make(Path::new(folder))?,
        [file] => PathBuf::from(file),
        _ => return Err("usage: stream FILE | stream --make FOLDER".into()),
    };
    let image = image::open(&[path])?;
    for threads in [1, 2].into_iter().filter_map(NonZeroUsize::new) {
        let mut seconds: Vec<f64> = Vec::new();
        for _ in 0..5 {
            let (start, mut bytes, mut missing) = (Instant::now(), 0, 0);
            let _ = image::stream(&*image, threads, |block| {
                match block {
                    Block::Bytes { bytes: here, .. } => bytes += here.len(),
                    Block::Missing { len, .. } => missing += len.0,
                }
                ControlFlow::Continue(())
            });
            seconds.push(start.elapsed().as_secs_f64());
            assert_eq!(bytes as u64 + missing, image.len().0, "every byte is accounted for");
        }
        seconds.sort_by(f64::total_cmp);
        let length = u32::try_from(image.len().0 >> 20)?;
        let rate = f64::from(length) * 1.048_576e-3 / seconds[2];
        println!("{threads} thread(s): median {:.3} s, {rate:.2} GB/s", seconds[2]);
    }
    Ok(())
}

fn make(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join("speed.E01");
    let quarter = 256 << 20;
    let mut source = Noise(0x9e37_79b9_7f4a_7c15)
        .take(2 * quarter)
        .chain(Text(0).take(quarter))
        .chain(io::repeat(0).take(quarter));
    let files = write(&path, &Recipe::default(), &mut source, ByteLen(4 * quarter))?;
    println!("wrote {} file(s) beginning with {}", files.len(), path.display());
    Ok(path)
}

/// Bytes that do not compress.
struct Noise(u64);

impl Read for Noise {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        for part in buf.chunks_mut(8) {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            part.copy_from_slice(&self.0.to_le_bytes()[..part.len()]);
        }
        Ok(buf.len())
    }
}

/// Lines that differ a little.
struct Text(u64);

impl Read for Text {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            self.0 += 1;
            let mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let line = format!(
                "{:08} The tide at gauge {:x} stood at {} cm.\n",
                self.0,
                mixed >> 40,
                mixed >> 53
            );
            let here = line.len().min(buf.len() - done);
            buf[done..done + here].copy_from_slice(&line.as_bytes()[..here]);
            done += here;
        }
        Ok(done)
    }
}
