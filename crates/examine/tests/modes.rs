//! Triage, what is set apart, and runs that are interrupted and resumed.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use pendeen_evidence::image::ewf::write::{Recipe, write};
use pendeen_evidence::unit::ByteLen;
use pendeen_examine::{
    Checkpoints, ExamineError, Mode, Options, Progress, Silent, SourceKind, Step, load, run,
};
use pendeen_fingerprint::Digests;
use pendeen_item::{read_gaps, read_items};
use pendeen_knownset::Known;
use support::{have, items, noise, options, recipe, tables, text, zip};

/// A folder of some pictures and texts.
fn tree(root: &Path) {
    fs::create_dir_all(root.join("DCIM")).unwrap();
    for n in 0..120_u16 {
        let size = 1000 + usize::from(n) * 613;
        fs::write(root.join(format!("DCIM/{n:03}.dat")), noise(n.into(), size)).unwrap();
    }
    fs::write(root.join("long.bin"), noise(77, 900_000)).unwrap();
}

fn mode(mode: Mode<'static>, options: Options<'static>) -> Options<'static> {
    Options { mode, ..options }
}

/// Remembers what a triage tells.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn begin(&self, _step: Step, _items: Option<u64>, _bytes: Option<u64>) {}
    fn advance(&self, _items: u64, _bytes: u64) {}
    fn hit(&self, forensic_path: &str, known: &Known) {
        self.0.lock().unwrap().push(format!("{} {} {forensic_path}", known.list, known.category));
    }
}

#[test]
fn a_triage_reads_only_files_of_a_size_that_a_list_has_and_tells_hits_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    let known = fs::read(root.join("DCIM/007.dat")).unwrap();
    let md5 = hex::encode_upper(Digests::of(&known).md5);
    let list = dir.path().join("cards.json");
    // Another file of the same size would be read and is not known.
    fs::write(root.join("same size.dat"), noise(5000, known.len())).unwrap();
    fs::write(
        &list,
        format!(r#"{{"value":[{{"MD5":"{md5}","Category":1,"MediaSize":{}}}]}}"#, known.len()),
    )
    .unwrap();
    let triage = Mode { triage: true, ..Mode::default() };
    let told = Told::default();
    let examination = run(&mode(triage, options(&[&root], &[&list], &out, 2)), &told).unwrap();
    assert_eq!(told.0.into_inner().unwrap(), ["cards 1 /DCIM/007.dat"]);
    let counts = &examination.counts;
    assert_eq!((counts.items, counts.known, counts.not_read), (122, 1, 120));
    assert_eq!((counts.items_with_gaps, counts.gaps), (0, 1));
    assert!(examination.options.triage);
    for item in items(&out) {
        let read = item.name == "007.dat" || item.name == "same size.dat";
        assert_eq!(item.sha256.is_some(), read, "{}", item.name);
        assert_eq!(item.gap.is_none(), read, "{}", item.name);
        assert!(item.modified.is_some());
    }
    let gaps = read_gaps(&out.join("gaps.parquet")).unwrap();
    assert!(gaps[0].wanted.contains("120 items"), "{:?}", gaps[0]);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("This was a triage."));
    load(&out).unwrap();
}

#[test]
fn a_triage_with_a_list_without_sizes_reads_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    let list = dir.path().join("own.txt");
    let known = fs::read(root.join("long.bin")).unwrap();
    fs::write(&list, format!("{}\n", hex::encode(Digests::of(&known).sha1))).unwrap();
    let triage = Mode { triage: true, ..Mode::default() };
    let counts = run(&mode(triage, options(&[&root], &[&list], &out, 2)), &Silent).unwrap().counts;
    assert_eq!((counts.known, counts.not_read, counts.gaps), (1, 0, 0));
}

#[test]
fn what_words_mark_is_set_apart_by_digest_and_stands_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    fs::create_dir(root.join("Harcourt and Vane")).unwrap();
    fs::write(root.join("Harcourt and Vane/advice.txt"), "by name").unwrap();
    fs::write(root.join("letter.txt"), "from LEGAL@example.org to you").unwrap();
    let wide: Vec<u8> = "Legal@Example.Org".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(root.join("wide.txt"), &wide).unwrap();
    // A long one, whose word lies in the middle.
    let long = [noise(9, 700_000), b"harcourt AND vane".to_vec(), noise(10, 700_000)].concat();
    fs::write(root.join("long mail.bin"), &long).unwrap();
    let words = dir.path().join("privileged.txt");
    fs::write(&words, "# counsel\nharcourt and vane\nlegal@example.org\n").unwrap();
    let apart = Mode { privileged: Some(words), ..Mode::default() };
    let examination = run(&mode(apart.clone(), options(&[&root], &[], &out, 2)), &Silent).unwrap();
    let counts = &examination.counts;
    assert_eq!((counts.entries, counts.items, counts.privileged), (125, 121, 4));
    assert_eq!(examination.options.privileged.as_ref().unwrap().words, 2);
    let set_apart: Vec<_> =
        read_items(&out.join("privileged.parquet")).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(set_apart.len(), 4);
    let letter = set_apart.iter().find(|item| item.name == "letter.txt").unwrap();
    let wanted = Digests::of(b"from LEGAL@example.org to you");
    assert_eq!((letter.sha256, letter.md5), (Some(wanted.sha256), Some(wanted.md5)));
    assert_eq!(
        (letter.media_type.as_deref(), &letter.media),
        (None, &pendeen_item::Media::default())
    );
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains(&hex::encode(wanted.sha256)));
    for name in ["letter.txt", "Harcourt and Vane/", "wide.txt", "long mail.bin"] {
        assert!(!report.contains(name), "{name} stands in the report");
        assert!(items(&out).iter().all(|item| !item.path.contains(name)), "{name}");
    }
    load(&out).unwrap();
    // One thread gives the same.
    let one = dir.path().join("one");
    run(&mode(apart, options(&[&root], &[], &one, 1)), &Silent).unwrap();
    let bytes = |out: &Path| fs::read(out.join("privileged.parquet")).unwrap();
    assert_eq!((bytes(&one), tables(&one)), (bytes(&out), tables(&out)));
}

#[test]
fn a_compressed_member_that_words_mark_is_set_apart_and_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    fs::create_dir(&root).unwrap();
    // Deflated twice over, so that no word stands in the bytes of what lies around it. A zip in
    // the zip is marked by a word in its own bytes: a stored member's name.
    let mut noted = zip::member("Harcourt and Vane.txt", b"advice");
    noted.deflated = false;
    let marked = zip::zip(&[noted, zip::member("plan.txt", &[b'p'; 500])]);
    let plain = zip::zip(&[zip::member("list.txt", &[b'l'; 500])]);
    let letter = [&[b' '; 4000][..], b"from legal@example.org"].concat();
    let outer = zip::zip(&[
        zip::member("letter.txt", &letter),
        zip::member("notes.txt", &[b'n'; 3000]),
        zip::member("marked.zip", &marked),
        zip::member("plain.zip", &plain),
    ]);
    fs::write(root.join("mail.zip"), &outer).unwrap();
    let words = dir.path().join("privileged.txt");
    fs::write(&words, "harcourt and vane\nlegal@example.org\n").unwrap();
    let apart = Mode { privileged: Some(words), ..Mode::default() };
    run(&mode(apart, options(&[&root], &[], &out, 2)), &Silent).unwrap();
    let names = |items: Vec<pendeen_item::Item>| {
        let mut names: Vec<String> = items.into_iter().map(|item| item.name).collect();
        names.sort();
        names
    };
    assert_eq!(names(items(&out)), ["list.txt", "mail.zip", "notes.txt", "plain.zip"]);
    let set_apart: Vec<_> =
        read_items(&out.join("privileged.parquet")).unwrap().collect::<Result<_, _>>().unwrap();
    let letter = Digests::of(&letter).sha256;
    assert!(set_apart.iter().any(|item| item.sha256 == Some(letter)));
    assert_eq!(names(set_apart), ["letter.txt", "marked.zip"]);
    load(&out).unwrap();
}

/// Stops the run after so many bytes were read.
struct StopAfter<'a> {
    bytes: u64,
    read: AtomicU64,
    stop: &'a AtomicBool,
}

impl Progress for StopAfter<'_> {
    fn begin(&self, _step: Step, _items: Option<u64>, _bytes: Option<u64>) {}
    fn advance(&self, _items: u64, bytes: u64) {
        if self.read.fetch_add(bytes, Ordering::Relaxed) + bytes >= self.bytes {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_run_that_is_stopped_says_so_and_the_next_reads_only_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("source");
    tree(&root);
    let whole = dir.path().join("whole");
    run(&options(&[&root], &[], &whole, 1), &Silent).unwrap();
    let out = dir.path().join("out");
    let stop = AtomicBool::new(false);
    let often = Checkpoints { bytes: 1, contents: 1, pause: Duration::ZERO };
    let first = Options {
        mode: Mode { stop: Some(&stop), checkpoints: often, ..Mode::default() },
        ..options(&[&root], &[], &out, 1)
    };
    let progress = StopAfter { bytes: 900_000, read: AtomicU64::new(0), stop: &stop };
    let stopped = run(&first, &progress).unwrap_err();
    assert!(matches!(stopped, ExamineError::Interrupted { .. }), "{stopped}");
    assert!(stopped.to_string().contains("--resume"), "{stopped}");
    assert!(!out.exists() && dir.path().join("out.partial/checkpoint").is_dir());
    let resume = Mode { resume: true, ..Mode::default() };
    let examination = run(&mode(resume, options(&[&root], &[], &out, 2)), &Silent).unwrap();
    assert!(examination.options.resumed);
    assert_eq!(tables(&out), tables(&whole));
    assert!(!out.join("checkpoint").exists());
    load(&out).unwrap();
}

/// Stops a run when it begins to read contents.
struct StopOnReading<'a>(&'a AtomicBool);

impl Progress for StopOnReading<'_> {
    fn begin(&self, step: Step, _items: Option<u64>, _bytes: Option<u64>) {
        if step == Step::Reading {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    fn advance(&self, _items: u64, _bytes: u64) {}
}

#[test]
fn an_image_that_a_stopped_triage_did_not_compare_is_compared_by_the_run_that_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (first, out) = (dir.path().join("disk.E01"), dir.path().join("out"));
    let bytes = noise(9, 1 << 20);
    write(&first, &Recipe::default(), &mut bytes.as_slice(), ByteLen(1 << 20)).unwrap();
    let stop = AtomicBool::new(false);
    let triage = Options {
        mode: Mode { stop: Some(&stop), triage: true, ..Mode::default() },
        verify: true,
        ..options(&[&first], &[], &out, 2)
    };
    run(&triage, &StopOnReading(&stop)).unwrap_err();
    let whole = Options {
        mode: Mode { resume: true, ..Mode::default() },
        verify: true,
        ..options(&[&first], &[], &out, 2)
    };
    let examination = run(&whole, &Silent).unwrap();
    let SourceKind::Image(image) = &examination.sources[0].kind else { panic!("not an image") };
    assert_eq!(image.verified.as_ref().and_then(|verified| verified.matches), Some(true));
}

#[test]
fn evidence_that_changed_between_is_not_taken_for_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    let stop = AtomicBool::new(false);
    let first = Options {
        mode: Mode { stop: Some(&stop), ..Mode::default() },
        ..options(&[&root], &[], &out, 1)
    };
    let progress = StopAfter { bytes: 100_000, read: AtomicU64::new(0), stop: &stop };
    run(&first, &progress).unwrap_err();
    fs::write(root.join("another"), "new").unwrap();
    let resume = Mode { resume: true, ..Mode::default() };
    let refused = run(&mode(resume, options(&[&root], &[], &out, 1)), &Silent).unwrap_err();
    assert!(matches!(refused, ExamineError::NotTheSame { .. }), "{refused}");
}

#[test]
fn a_run_is_not_resumed_with_other_words_than_those_it_searched_for() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    let words = dir.path().join("privileged.txt");
    fs::write(&words, "counsel\n").unwrap();
    let apart = Mode { privileged: Some(words.clone()), ..Mode::default() };
    let stop = AtomicBool::new(false);
    let first = mode(Mode { stop: None, ..apart.clone() }, options(&[&root], &[], &out, 1));
    let first = Options { mode: Mode { stop: Some(&stop), ..first.mode.clone() }, ..first };
    let progress = StopAfter { bytes: 100_000, read: AtomicU64::new(0), stop: &stop };
    run(&first, &progress).unwrap_err();
    fs::write(&words, "counsel\nsolicitor\n").unwrap();
    let resume = Mode { resume: true, ..apart };
    let refused = run(&mode(resume, options(&[&root], &[], &out, 1)), &Silent).unwrap_err();
    assert!(matches!(refused, ExamineError::NotTheSame { .. }), "{refused}");
}

/// A small ext4 image with pictures, texts and an archive of more of them.
fn image(dir: &Path) -> std::path::PathBuf {
    let root = dir.join("root");
    tree(&root);
    fs::create_dir(root.join("packed")).unwrap();
    for n in 0..40_u16 {
        fs::write(root.join(format!("packed/{n:02}.dat")), noise((500 + n).into(), 3000)).unwrap();
    }
    let archive = root.join("packed.tar");
    let args = ["--sort=name", "--mtime=@1400000000", "-cf", text(&archive), "-C", text(&root)];
    recipe("tar", &[&args[..], &["packed"]].concat());
    let disk = dir.join("disk.dd");
    fs::File::create(&disk).unwrap().set_len(24 << 20).unwrap();
    recipe("mke2fs", &["-q", "-F", "-t", "ext4", "-d", text(&root), text(&disk)]);
    disk
}

#[test]
fn a_run_that_is_killed_at_50_random_moments_ends_with_the_tables_of_one_that_was_not() {
    const KILLS: u32 = 50;
    if !have(&["mke2fs", "tar"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let disk = image(dir.path());
    let begin = |out: &Path| {
        std::process::Command::new(env!("CARGO_BIN_EXE_pendeen-examine-worker"))
            .arg("examine")
            .args([&disk, out])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let whole = dir.path().join("whole");
    let started = std::time::Instant::now();
    assert!(begin(&whole).wait().unwrap().success());
    let length = u64::try_from(started.elapsed().as_micros()).unwrap();
    let embedded = items(&whole).into_iter().filter(|item| item.parent.is_some()).count();
    assert_eq!(embedded, 40, "the archive's members have their parents");
    let (mut killed, mut finished, mut took_over) = (0, 0, 0);
    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    let mut out = dir.path().join("out0");
    while killed < KILLS {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let mut run = begin(&out);
        let until = std::time::Instant::now() + std::time::Duration::from_micros(chance % length);
        // Polling is the only way to reach another process at a moment of its work.
        while std::time::Instant::now() < until && run.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        run.kill().unwrap();
        if run.wait().unwrap().success() {
            assert_eq!(tables(&out), tables(&whole), "after {killed} kills");
            finished += 1;
            out = dir.path().join(format!("out{finished}"));
        } else {
            killed += 1;
            let parts = fs::read_dir(out.with_extension("partial").join("checkpoint"));
            let part = |e: std::io::Result<fs::DirEntry>| {
                e.is_ok_and(|e| e.path().extension().is_some_and(|x| x == "part"))
            };
            took_over += u32::from(parts.is_ok_and(|mut all| all.any(part)));
        }
    }
    println!(
        "{killed} kills, {took_over} of them with parts to go on from, {finished} runs finished between"
    );
    assert!(took_over > 0, "no kill came while contents were read");
    if !out.exists() {
        assert!(begin(&out).wait().unwrap().success());
    }
    assert_eq!(tables(&out), tables(&whole));
    load(&out).unwrap();
}
