//! A private PostgreSQL server for one test process: Debian's binaries, a fresh cluster in a
//! temporary folder, reached through a Unix socket alone, stopped at the end.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running server.
pub struct Server {
    folder: TempDir,
    binaries: PathBuf,
    process: Child,
}

/// The user to run as when the tests run as root, which PostgreSQL refuses.
const USER: &str = "postgres";

impl Server {
    /// Starts a server with these settings, or says why there is none.
    pub fn start(settings: &[&str]) -> Result<Self, String> {
        let binaries = binaries()?;
        let folder =
            TempDir::with_prefix("pendeen-pg-").map_err(|e| format!("no temporary folder: {e}"))?;
        give_to_user(folder.path())?;
        let data = folder.path().join("data");
        let made = as_user(&binaries.join("initdb"))
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(&data)
            .output()
            .map_err(|e| format!("initdb did not start: {e}"))?;
        if !made.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let process = as_user(&binaries.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args([
                "-h",
                "",
                "-cautovacuum=off",
                "-cmax_connections=300",
                "-clog_min_messages=fatal",
            ])
            .args(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("postgres did not start: {e}"))?;
        let mut server = Self { folder, binaries, process };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// The address of a database on this server.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.path().display())
    }

    fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_mins(1);
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("postgres ended at once: {status}"));
            }
            let ready = Command::new(self.binaries.join("pg_isready"))
                .args(["-q", "-U", "postgres", "-h"])
                .arg(self.folder.path())
                .status()
                .is_ok_and(|status| status.success());
            if ready {
                return Ok(());
            }
            // Waiting for another process to open its socket: there is no event to wait for.
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("postgres was not ready within a minute".to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _stopped = as_user(&self.binaries.join("pg_ctl"))
            .args(["stop", "--mode=immediate", "--silent", "--pgdata"])
            .arg(self.folder.path().join("data"))
            .status();
        let _ended = self.process.wait();
    }
}

/// The newest installed PostgreSQL's programs.
fn binaries() -> Result<PathBuf, String> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = installed
        .filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            let folder = version.path().join("bin");
            folder.join("initdb").exists().then_some((number, folder))
        })
        .max();
    newest.map(|(_, folder)| folder).ok_or_else(|| {
        "no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql, \
         or set PENDEEN_SKIP_POSTGRES=1 to test SQLite alone"
            .to_owned()
    })
}

/// A command that runs as a user PostgreSQL accepts and that ends when the tests end, even if
/// they are killed.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if root() {
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
    }
    command.arg("--").arg(program).current_dir("/");
    command
}

fn root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

fn give_to_user(folder: &Path) -> Result<(), String> {
    if !root() {
        return Ok(());
    }
    let passwd = std::fs::read_to_string("/etc/passwd").map_err(|e| e.to_string())?;
    let ids = passwd.lines().find_map(|line| {
        let mut parts = line.split(':');
        let (name, _, uid, gid) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (name == USER).then_some((uid.parse().ok()?, gid.parse().ok()?))
    });
    let (uid, gid): (u32, u32) =
        ids.ok_or("tests run as root and there is no user called postgres")?;
    chown(folder, Some(uid), Some(gid))
        .map_err(|e| format!("cannot give the folder to postgres: {e}"))
}
