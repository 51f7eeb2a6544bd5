//! `pendeen intake`: referral documents into the case database, each kept byte for byte.
//!
//! One transaction per document: the document, its referrals and observations, and their audit
//! leaves are there together or not at all. A document that cannot be read is kept as well, as
//! an unread referral that waits for a person.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use pendeen_casework::ambient::{Clock, Ids};
use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, decide, decide_create};
use pendeen_casework::person::{Person, Role};
use pendeen_casework::record::operation::Operation;
use pendeen_casework::record::{AnyRecord, Head, Id, Kind, observation::Observation};
use pendeen_intake::{Digest, Document, Outcome, Rejected, Report, Status, read_document};
use pendeen_store::Store;
use pendeen_store::write::Batch;

use crate::args;
use crate::system::{SystemClock, SystemIds, operator};
use crate::{Ended, data, output};

/// The longest document that is kept, in bytes; SQLite's limit for one value is a billion.
const LARGEST_KEPT: u64 = 512 << 20;

/// Takes in every document that the command names.
pub async fn run(args: &args::Intake) -> Result<Ended> {
    let files = documents(&args.sources)?;
    let store = data::open_or_make(&args.data).await?;
    let by = operator(Role::IntelligenceOfficer);
    let intake =
        Intake { store: &store, ids: &SystemIds, by: &by, operation: None, simulated: false };
    let mut seen = [0_u64; 3];
    let mut refused = false;
    for path in &files {
        let outcome = intake
            .file(path, SystemClock.now())
            .await
            .with_context(|| format!("taking in {}", path.display()))?;
        seen[outcome.status as usize] += 1;
        refused |= outcome.parts.iter().any(|part| part.status == Status::Rejected);
        if args.json {
            output::json_line(&outcome)?;
        } else {
            let said = outcome.referral.or(outcome.reason).unwrap_or_default();
            let status = format!("{:?}", outcome.status).to_lowercase();
            output::print(&format!("{status:<10} {} {said}", outcome.file))?;
        }
    }
    let [accepted, duplicate, rejected] = seen;
    output::say(&format!(
        "{} documents: {accepted} accepted, {duplicate} duplicates, {rejected} rejected",
        files.len()
    ));
    Ok(if rejected == 0 && !refused { Ended::Done } else { Ended::WithGaps })
}

/// Every file named, and every file of the folders named, in order of path.
fn documents(sources: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = BTreeSet::new();
    for source in sources {
        let meta =
            fs::metadata(source).with_context(|| format!("looking at {}", source.display()))?;
        if meta.is_dir() {
            collect(source, &mut files)?;
        } else {
            files.insert(source.clone());
        }
    }
    if files.is_empty() {
        bail!(
            "there is no file in what was named: name referral documents or folders that hold some"
        );
    }
    Ok(files.into_iter().collect())
}

fn collect(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in
        fs::read_dir(folder).with_context(|| format!("reading the folder {}", folder.display()))?
    {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.insert(entry.path());
        }
    }
    Ok(())
}

/// What documents are taken in with.
pub struct Intake<'a> {
    /// Where to.
    pub store: &'a Store,
    /// Fresh identifiers.
    pub ids: &'a dyn Ids,
    /// Who takes them in.
    pub by: &'a Person,
    /// The operation that they belong to, if any.
    pub operation: Option<Id<Operation>>,
    /// Whether they are simulated.
    pub simulated: bool,
}

impl Intake<'_> {
    /// Takes in a file; one that no database keeps as a document is refused where it lies.
    async fn file(&self, path: &Path, at: Timestamp) -> Result<Outcome> {
        let name = path.display().to_string();
        let reading = || format!("reading {name}");
        let len = fs::metadata(path).with_context(reading)?.len();
        if len <= LARGEST_KEPT {
            return self.take_in(&name, fs::read(path).with_context(reading)?, at).await;
        }
        let digest =
            Digest::of_reader(fs::File::open(path).with_context(reading)?).with_context(reading)?;
        Ok(Outcome::too_large(&name, digest, len, LARGEST_KEPT))
    }

    /// Takes in one document and says what became of it.
    pub async fn take_in(&self, name: &str, bytes: Vec<u8>, at: Timestamp) -> Result<Outcome> {
        match read_document(name, &bytes) {
            Ok(document) => self.reports(&document, bytes, at).await,
            Err(rejected) => self.unread(name, bytes, &rejected, at).await,
        }
    }

    async fn reports(&self, document: &Document, bytes: Vec<u8>, at: Timestamp) -> Result<Outcome> {
        let mut stored = Vec::new();
        let mut batch = self.store.batch().await?;
        let digest = batch.put_document(self.by, bytes, "application/octet-stream", at).await?;
        // Whether some referral names this document, so that it can be read.
        let mut named =
            batch.first_with(Kind::Referral, "document", &digest.to_string()).await?.is_some();
        for report in &document.reports {
            let key = report.key();
            let first = batch.first_with(Kind::Referral, "report", key.as_str()).await?;
            stored.push(match first {
                None => (Status::Accepted, Some(self.report(&mut batch, report, at).await?)),
                Some(first) => {
                    if !named {
                        self.repeat(&mut batch, report, &first, at).await?;
                    }
                    (Status::Duplicate, Some(first.head().number.clone()))
                }
            });
            named = true;
        }
        batch.commit().await?;
        Ok(Outcome::read(document, &stored))
    }

    /// The same report in another document: kept as a referral of its own that is closed as a
    /// duplicate, since what changed may matter.
    async fn repeat(
        &self,
        batch: &mut Batch,
        report: &Report,
        first: &AnyRecord,
        at: Timestamp,
    ) -> Result<()> {
        let again = self.create(batch, Kind::Referral, &report.referral_fields(), at).await?;
        let permit = decide(self.by, Action::Act("duplicate"), &again)?;
        let of: Fields = [("of", first.head().id.to_string())].into_iter().collect();
        batch.act(permit, &of, at).await?;
        Ok(())
    }

    /// A referral and its observations; answers with the referral's number.
    async fn report(&self, batch: &mut Batch, report: &Report, at: Timestamp) -> Result<String> {
        let referral = self.create(batch, Kind::Referral, &report.referral_fields(), at).await?;
        for fields in report.observation_fields(Id::new(referral.head().id)) {
            self.create(
                batch,
                <Observation as pendeen_casework::record::Record>::KIND,
                &fields,
                at,
            )
            .await?;
        }
        Ok(referral.head().number.clone())
    }

    async fn unread(
        &self,
        name: &str,
        bytes: Vec<u8>,
        why: &Rejected,
        at: Timestamp,
    ) -> Result<Outcome> {
        let outcome = Outcome::rejected(name, &bytes, why);
        let digest = outcome.sha256.to_string();
        let mut batch = self.store.batch().await?;
        if batch.first_with(Kind::Referral, "document", &digest).await?.is_some() {
            return Ok(outcome);
        }
        let file = Path::new(name).file_name().map_or(name.into(), |n| n.to_string_lossy());
        let summary =
            format!("The document {file} was received and could not be read by the program.");
        let fields: Fields = [
            ("source", "Unread document"),
            ("reference", &digest[..12]),
            ("summary", &summary),
            ("document", &digest),
            ("unread", &why.to_string()),
        ]
        .into_iter()
        .collect();
        batch.put_document(self.by, bytes, "application/octet-stream", at).await?;
        self.create(&mut batch, Kind::Referral, &fields, at).await?;
        batch.commit().await?;
        Ok(outcome)
    }

    async fn create(
        &self,
        batch: &mut Batch,
        kind: Kind,
        fields: &Fields,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        let mut head = Head::new(kind, self.ids.fresh(), self.by, at);
        head.operation = self.operation;
        head.simulated = self.simulated;
        let permit = decide_create(self.by, kind, &head)?;
        Ok(batch.create(permit, head, kind, fields, at).await?)
    }
}
