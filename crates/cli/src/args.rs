//! The command line as a person types it. The names are a contract that scripts rely on.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::Role;
use pendeen_store::audit::witness::Witness;

/// From digital footprint to safeguarded child.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 finished with gaps (something could not be
/// read, and says so).
#[derive(Debug, Parser)]
#[command(name = "pendeen", version, about, long_about, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Examine disk images or folders: every file, its digests, known files, and what could not be read
    Examine(Examine),
    /// The image alone: what it is, its digests, its bytes
    #[command(subcommand)]
    Image(Image),
    /// Give a finished examination to other programs: CSV, VICS 2.0, CASE/UCO
    Export(Export),
    /// Take referrals into the case database
    Intake(Intake),
    /// Serve the pages
    Serve(Serve),
    /// The people who may sign in
    #[command(subcommand)]
    Account(Account),
    /// Make a whole synthetic operation of 45 forces, and serve it
    Demo(Demo),
    /// Count the figures from the records
    Figures(Figures),
    /// The audit log
    #[command(subcommand)]
    Audit(Audit),
    /// Back up the whole installation into a folder, while work goes on
    Backup(Backup),
    /// Restore a backup into a new folder (and database), or check it by restoring it
    Restore(Restore),
    /// Say what this machine has for the work, and what is missing
    Doctor(Doctor),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// The sandboxed processes that read hostile content; started by the program itself
    #[command(hide = true)]
    Worker {
        /// Which
        kind: WorkerKind,
    },
}

/// The two kinds of sandboxed process.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum WorkerKind {
    /// Reads file systems through libtsk.
    Filesystem,
    /// Opens archives, and decodes a picture and blurs it.
    Content,
}

/// `pendeen examine`.
#[derive(Debug, Args)]
pub struct Examine {
    /// Disk image (raw, split raw, E01, QCOW2, VMDK, VHD, VHDX, VDI: name the first file), archive (ZIP, UFDR, tar) or folder
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// List of known files: CSV, VICS JSON, NSRL database, plain digests; may be given several times
    #[arg(long, value_name = "FILE")]
    pub known: Vec<PathBuf>,
    /// Folder for the results; must not exist yet or be empty
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Exhibit reference, such as ABC/1
    #[arg(long, value_name = "REF", default_value = "")]
    pub exhibit: String,
    /// How many threads read and digest; all cores by default
    #[arg(long, value_name = "N")]
    pub threads: Option<std::num::NonZeroUsize>,
    /// Do not search the space that no live file owns for pictures and films
    #[arg(long)]
    pub no_carve: bool,
    /// First answers fast: read only files of a size that a known list has; open and carve nothing
    #[arg(long)]
    pub triage: bool,
    /// Go on from where an interrupted run to the same folder stopped
    #[arg(long)]
    pub resume: bool,
    /// Words, one a line, that mark what may be legally privileged: it is digested and set apart
    #[arg(long, value_name = "LIST")]
    pub exclude_privileged: Option<PathBuf>,
    /// Secrets to open encrypted volumes with, one a line (a password, password:TEXT, recovery:DIGITS, key:HEX), or one key file; - or /dev/fd/N for a descriptor; may be given several times
    #[arg(long, value_name = "FILE", requires = "unlock_authority")]
    pub unlock: Vec<PathBuf>,
    /// Under which authority encrypted volumes may be opened; goes into the record, as the secrets never do
    #[arg(long, value_name = "TEXT", requires = "unlock")]
    pub unlock_authority: Option<String>,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// `pendeen export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder of a finished examination
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The form: csv (one table), vics (pictures and films as a case of the Project VIC data model
    /// 2.0), case (everything as a CASE/UCO graph in JSON-LD), portable (a folder that opens with a
    /// browser and a spreadsheet), sfr (says what is missing for it)
    #[arg(long, value_name = "FORMAT")]
    pub format: ExportFormat,
    /// Which table, for CSV: what was found, what could not be read, or what happened when
    #[arg(long, value_name = "TABLE", default_value = "items")]
    pub table: ExportTable,
    /// The file (for a portable case the folder), which must not exist yet; standard output by default
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ExportFormat {
    // One table as comma-separated values.
    Csv,
    // Pictures and films as a case of the Project VIC data model 2.0.
    Vics,
    // Everything as a CASE/UCO graph in JSON-LD.
    Case,
    // A folder that opens with a browser and a spreadsheet: report, tables, digests.
    Portable,
    // Streamlined forensic report: says what is missing for it.
    Sfr,
}

/// The tables of an examination.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum ExportTable {
    // What was found.
    Items,
    // What could not be read.
    Gaps,
    // What happened when.
    Events,
}

/// `pendeen image`.
#[derive(Debug, Subcommand)]
pub enum Image {
    /// What the image is: container, segments, length, header, volumes
    Info(ImageSource),
    /// Read every byte, compute three digests, compare with what the image stores
    Verify(ImageSource),
    /// Write the bytes of the acquired device to standard output
    Cat {
        /// The image: its first segment
        source: PathBuf,
    },
}

/// Which image, and how to report.
#[derive(Debug, Args)]
pub struct ImageSource {
    /// The image: its first segment
    pub source: PathBuf,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Where the case data is.
#[derive(Debug, Clone, Args)]
pub struct Data {
    /// Folder of the case database, documents and examinations
    #[arg(long, value_name = "DIR", env = "PENDEEN_DATA", default_value = "pendeen-data")]
    pub data: PathBuf,
    /// Database address: sqlite:FILE or postgres://...; by default pendeen.db in the data folder
    // Help shows what the environment sets: here that may hold a password.
    #[arg(long, value_name = "URL", env = "PENDEEN_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Folder for checkpoints of the audit log, better on another machine; by default checkpoints in the data folder
    #[arg(long, value_name = "DIR", env = "PENDEEN_WITNESS")]
    pub witness: Option<PathBuf>,
    /// Where the bytes of documents lie: database, a folder, or s3://BUCKET/PREFIX
    #[arg(long, value_name = "PLACE", env = "PENDEEN_DOCUMENTS", default_value = "database")]
    pub documents: String,
}

impl Data {
    /// This folder and database, and everything else where it is by default.
    pub fn within(data: PathBuf, database: Option<String>) -> Self {
        Self { data, database, witness: None, documents: "database".to_owned() }
    }

    /// Where the audit log's key and checkpoints lie.
    pub fn witness(&self) -> Witness {
        let checkpoints = || self.data.join("checkpoints");
        Witness::new(&self.data.join("keys"), &self.witness.clone().unwrap_or_else(checkpoints))
    }

    /// The database's address.
    pub fn database_url(&self) -> String {
        self.database.clone().unwrap_or_else(|| {
            format!("sqlite:{}?mode=rwc", self.data.join("pendeen.db").display())
        })
    }
}

/// `pendeen intake`.
#[derive(Debug, Args)]
pub struct Intake {
    /// Referral documents (CyberTipline XML, CSV) or folders of them
    #[arg(required = true, value_name = "FILE-OR-FOLDER")]
    pub sources: Vec<PathBuf>,
    /// Where the case data is.
    #[command(flatten)]
    pub data: Data,
    /// One JSON line per document: file, status, referral, selectors, reason
    #[arg(long)]
    pub json: bool,
}

/// `pendeen serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where the case data is.
    #[command(flatten)]
    pub data: Data,
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The pages are reached through HTTPS: mark cookies accordingly
    #[arg(long)]
    pub secure_cookies: bool,
    /// Serve HTTPS: the certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
    /// Tell metrics for Prometheus on this address, which only monitoring should reach
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// Let people sign in through a sign-in service (OpenID Connect): its settings, TOML
    #[arg(long, value_name = "FILE")]
    pub oidc: Option<PathBuf>,
    /// Tell people by mail that something waits for them: the relay's settings, TOML
    #[arg(long, value_name = "FILE")]
    pub mail: Option<PathBuf>,
}

impl Serve {
    /// Plain HTTP on this address, and nothing else.
    pub fn plain(data: Data, listen: SocketAddr) -> Self {
        let (tls_certificate, tls_key, metrics, oidc, mail) = (None, None, None, None, None);
        let secure_cookies = false;
        Self { data, listen, secure_cookies, tls_certificate, tls_key, metrics, oidc, mail }
    }
}

/// `pendeen account`.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Add an account; its password is the first line of standard input
    Add {
        /// What the person signs in with
        username: String,
        /// Rank and name, as shown beside every act
        #[arg(long)]
        name: String,
        /// What the person is trusted to do; may be given several times
        #[arg(long, required = true, value_name = "ROLE", value_parser = parse_role)]
        role: Vec<Role>,
        /// The person's force: its ONS code, or PSNI; none for national staff
        #[arg(long, value_name = "KEY", value_parser = parse_force)]
        force: Option<ForceKey>,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
    /// Set a new password; it is the first line of standard input
    Password {
        /// Whose
        username: String,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
    /// Stop an account from signing in
    Disable {
        /// Whose
        username: String,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
    /// Make a one-time link's path, with which the person sets a password of their own
    Link {
        /// Whose
        username: String,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
    /// Take away a lost second factor; the person sets up another when they next sign in
    ResetSecondFactor {
        /// Whose
        username: String,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
    /// Say who must have a second factor: everybody (the default), nobody, or roles
    SecondFactor {
        /// everybody, nobody, or the keys of roles
        #[arg(required = true, value_name = "WHO")]
        who: Vec<String>,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
    /// List the devices that a person is signed in on
    Sessions {
        /// Whose
        username: String,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
    /// List the accounts
    List {
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
    },
}

impl Account {
    /// Where the case data is.
    pub fn data(&self) -> &Data {
        match self {
            Self::Add { data, .. }
            | Self::Password { data, .. }
            | Self::Disable { data, .. }
            | Self::Link { data, .. }
            | Self::ResetSecondFactor { data, .. }
            | Self::SecondFactor { data, .. }
            | Self::Sessions { data, .. }
            | Self::List { data } => data,
        }
    }
}

fn parse_role(key: &str) -> Result<Role, String> {
    Role::from_key(key).ok_or_else(|| {
        let keys: Vec<&str> = Role::ALL.iter().map(|role| role.key()).collect();
        format!("no such role; the roles are {}", keys.join(", "))
    })
}

fn parse_force(key: &str) -> Result<ForceKey, String> {
    ForceKey::parse(key)
        .ok_or_else(|| "no such force: give an ONS code such as E23000035, or PSNI".to_owned())
}

/// `pendeen demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Folder to make the operation in; must not exist yet, or hold an earlier demo
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    pub data: PathBuf,
    /// Database address, to make the operation in PostgreSQL: an empty database
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Address to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Make the operation, but do not serve it
    #[arg(long)]
    pub no_serve: bool,
    /// How many times as large as the published operation: 0 for the stories told by hand alone
    #[arg(long, value_name = "N", default_value_t = 1, hide = true)]
    pub scale: usize,
}

/// `pendeen figures`.
#[derive(Debug, Args)]
pub struct Figures {
    /// Where the case data is.
    #[command(flatten)]
    pub data: Data,
    /// Only this force: its ONS code, or PSNI
    #[arg(long, value_name = "KEY")]
    pub force: Option<String>,
    /// Work that belongs to no operation, instead of the operation's
    #[arg(long)]
    pub outside_operation: bool,
    /// As at a day (its end) or a time, such as 2026-11-25 or 2026-11-25T09:30Z, instead of now
    #[arg(long, value_name = "DATE-OR-TIME")]
    pub as_at: Option<String>,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// `pendeen audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that the log is whole, in itself and against the checkpoints outside the database
    Verify {
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
        /// Folder of checkpoints to hold it against; by default that of --witness
        #[arg(long, value_name = "DIR")]
        checkpoints: Option<PathBuf>,
        /// Report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Prove that a leaf is under the newest checkpoint
    Prove {
        /// The leaf's number, from 1
        seq: u64,
        /// Where the case data is.
        #[command(flatten)]
        data: Data,
        /// Folder of checkpoints to prove it against; by default that of --witness
        #[arg(long, value_name = "DIR")]
        checkpoints: Option<PathBuf>,
        /// Report as JSON
        #[arg(long)]
        json: bool,
    },
}

/// `pendeen backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where the case data is.
    #[command(flatten)]
    pub data: Data,
    /// Folder for the backup; must not exist yet or be empty. It will hold private keys
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// `pendeen restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup: the folder that `pendeen backup` made
    pub backup: PathBuf,
    /// Where to restore to: a folder that does not exist yet, an empty database.
    #[command(flatten)]
    pub data: Data,
    /// Restore into a folder that is thrown away: is the backup good?
    #[arg(long)]
    pub check: bool,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// `pendeen doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
