//! The worker of this crate's tests, and what they want to see from inside its sandbox.
//!
//! Without an argument it is a worker. `probe` enters the sandbox, tries what must fail there,
//! and prints a line for each attempt; `garbage` and `silent` are workers gone wrong.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, ExitCode};

use pendeen_evidence::worker::{sandbox, serve};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        None => serve::main(),
        Some("probe") => probe(args.next().unwrap_or_default().as_ref()),
        Some("garbage") => garbage(),
        Some("silent") => silent(),
        Some(_) => ExitCode::FAILURE,
    }
}

/// Each attempt's name and whether it succeeded. In `folder` are files to be worked on, named
/// after `turn`; something listens at `listener`.
fn attempts(folder: &Path, turn: &str, listener: SocketAddr) -> Vec<(&'static str, bool)> {
    let file = |name: &str| folder.join(format!("{turn}-{name}"));
    vec![
        ("open a file for reading", File::open("/etc/passwd").is_ok()),
        ("open a device", File::open("/dev/null").is_ok()),
        ("create a file", File::create(file("new")).is_ok()),
        ("list a folder", fs::read_dir("/").is_ok()),
        ("stat a file", fs::metadata("/etc/passwd").is_ok()),
        ("remove a file", fs::remove_file(file("remove")).is_ok()),
        ("rename a file", fs::rename(file("rename"), file("renamed")).is_ok()),
        ("make a folder", fs::create_dir(file("dir")).is_ok()),
        ("make a link", fs::hard_link(file("keep"), file("link")).is_ok()),
        ("connect by TCP", TcpStream::connect(listener).is_ok()),
        ("listen on TCP", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("make a UDP socket", UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("make a Unix socket", UnixDatagram::unbound().is_ok()),
        ("listen on a Unix socket", UnixListener::bind(file("socket")).is_ok()),
        ("make a pair of sockets", UnixStream::pair().is_ok()),
        ("run a program", Command::new("/bin/true").status().is_ok()),
        ("start a thread", std::thread::Builder::new().spawn(|| ()).is_ok()),
        ("duplicate a descriptor", std::io::stdin().lock().another().is_ok()),
    ]
}

trait Another {
    fn another(&self) -> std::io::Result<std::os::fd::OwnedFd>;
}

impl<T: std::os::fd::AsFd> Another for T {
    fn another(&self) -> std::io::Result<std::os::fd::OwnedFd> {
        self.as_fd().try_clone_to_owned()
    }
}

fn probe(folder: &Path) -> ExitCode {
    // What is printed before shows that each attempt can succeed at all.
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return ExitCode::FAILURE };
    let Ok(address) = listener.local_addr() else { return ExitCode::FAILURE };
    print(&attempts(folder, "outside", address), "outside");
    let Ok(report) = sandbox::enter(false) else { return ExitCode::FAILURE };
    print(&attempts(folder, "inside", address), "inside");
    println!("report {report:?}");
    ExitCode::SUCCESS
}

fn print(attempts: &[(&str, bool)], place: &str) {
    for (what, succeeded) in attempts {
        println!("{place}: {what}: {}", if *succeeded { "succeeded" } else { "refused" });
    }
}

/// Answers anything with bytes that are no frame.
fn garbage() -> ExitCode {
    let Ok(socket) = std::io::stdin().lock().another() else { return ExitCode::FAILURE };
    let written = UnixStream::from(socket).write_all(&[0xff; 64]);
    if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Reads and never answers.
fn silent() -> ExitCode {
    let mut sink = [0; 256];
    while !matches!(std::io::stdin().read(&mut sink), Ok(0) | Err(_)) {}
    ExitCode::SUCCESS
}
