//! Things seized: custody, examination, grading.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use pendeen_casework::ambient::Clock;
use pendeen_casework::person::Person;
use pendeen_casework::record::Kind;
use pendeen_casework::record::exhibit::Exhibit;
use pendeen_examine::{Examination, Options, Silent};
use pendeen_item::read_items;
use sha2::{Digest, Sha256};

use super::{Story, typed};
use crate::demo::ExhibitFiles;
use crate::demo::walk::Ref;
use crate::examine;
use crate::system::SystemClock;

/// What a simulated examination is said to have found.
pub struct Simulated {
    /// Items.
    pub items: u64,
    /// Gaps.
    pub gaps: u64,
    /// Items that match a known list.
    pub known: u64,
}

impl Story<'_, '_> {
    /// A thing is seized and put into the store.
    pub async fn seize(
        &mut self,
        case: Ref,
        search: Ref,
        number: u32,
        device: &str,
        what: &str,
    ) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let initials = self.cast.force.to_uppercase();
        let reference = format!("{}/{number}", &initials[..3]);
        let seal = format!("A{:06}", 40_000 + number * 17 + u32::from(initials.as_bytes()[0]));
        let fields = [
            ("case", &*case.to_string()),
            ("search", &*search.to_string()),
            ("reference", &*reference),
            ("description", what),
            ("device", device),
            ("owner", "suspect"),
            ("found", "Back room, desk"),
            ("seized_at", &*self.moment(-1)),
            ("seal", &*seal),
        ];
        let exhibit = self.walk.make(oic, Kind::Exhibit, &fields).await?;
        self.walk
            .act(oic, exhibit, "store", &[("to", "Store 2, shelf 14"), ("seal", &seal)])
            .await?;
        Ok(exhibit)
    }

    /// The image of an exhibit is examined, really, and the result recorded.
    pub async fn examine(
        &mut self,
        exhibit: Ref,
        folder: &Path,
        files: &ExhibitFiles,
    ) -> Result<Ref> {
        let (oic, examiner) = (
            self.people.in_force("oic", self.cast.force)?,
            self.people.in_force("examiner", self.cast.force)?,
        );
        let handed = [("to", &*examiner.name), ("seal", &*self.seal_of(exhibit, oic).await?)];
        self.walk.act(oic, exhibit, "to_examiner", &handed).await?;
        let scope = [
            ("exhibit", &*exhibit.to_string()),
            ("scope", "Pictures and videos, live and deleted; documents."),
        ];
        // Nothing about this examination is simulated: the program examines a real image.
        self.walk.simulated = false;
        let examination = self.walk.make(oic, Kind::Examination, &scope).await?;
        let competence = format!("{}, competent in file-system examination", examiner.name);
        self.walk.act(examiner, examination, "queue", &[("examiner", &competence)]).await?;
        self.walk.act(examiner, examination, "start", &[]).await?;
        let name = "examinations/demo-disk";
        let (out, files, who) = (folder.join(name), files.clone(), examiner.name.clone());
        let found = tokio::task::spawn_blocking(move || really_examine(files, out, who)).await??;
        let record = std::fs::read(folder.join(name).join("examination.json"))?;
        let digest = hex::encode(Sha256::digest(record));
        let (items, gaps, known) = (
            found.counts.items.to_string(),
            found.counts.gaps.to_string(),
            found.counts.known.to_string(),
        );
        let tool = format!("{} {}", found.tool, found.version);
        let result = [
            ("folder", name),
            ("examination_digest", &*digest),
            ("items", &*items),
            ("gaps", &*gaps),
            ("known_hits", &*known),
            ("tool_version", &*tool),
        ];
        self.walk.act(examiner, examination, "finish", &result).await?;
        let sealed = [
            ("to", "Store 2, shelf 14"),
            ("seal", "B040018"),
            ("explanation", "Opened for examination, sealed again."),
        ];
        self.walk.act(examiner, exhibit, "examined", &sealed).await?;
        self.walk.simulated = true;
        Ok(examination)
    }

    /// An exhibit is handed to an examiner, and its examination authorised and queued; all of
    /// it is marked as simulated.
    pub async fn queue_examination(&mut self, exhibit: Ref) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let examiner = self.people.in_force("examiner", self.cast.force)?;
        let handed = [("to", &*examiner.name), ("seal", &*self.seal_of(exhibit, oic).await?)];
        self.walk.act(oic, exhibit, "to_examiner", &handed).await?;
        let scope = [
            ("exhibit", &*exhibit.to_string()),
            ("scope", "Pictures and videos, live and deleted. Simulated: no image was read."),
        ];
        let examination = self.walk.make(oic, Kind::Examination, &scope).await?;
        let competence = format!("{}, competent in file-system examination", examiner.name);
        self.walk.act(examiner, examination, "queue", &[("examiner", &competence)]).await?;
        Ok(examination)
    }

    /// A queued examination is said to have run: records alone, and they say so.
    pub async fn simulate_examination(
        &mut self,
        exhibit: Ref,
        examination: Ref,
        found: &Simulated,
    ) -> Result<()> {
        let examiner = self.people.in_force("examiner", self.cast.force)?;
        self.walk.act(examiner, examination, "start", &[]).await?;
        let digest = hex::encode(Sha256::digest(format!("simulated {exhibit}")));
        let [items, gaps, known] = [found.items, found.gaps, found.known].map(|n| n.to_string());
        let result = [
            ("folder", "simulated"),
            ("examination_digest", &*digest),
            ("items", &*items),
            ("gaps", &*gaps),
            ("known_hits", &*known),
            ("tool_version", "simulated: no image was read"),
        ];
        self.walk.act(examiner, examination, "finish", &result).await?;
        let seal = self.seal_of(exhibit, examiner).await?;
        let sealed = [("to", "Store 2, shelf 15"), ("seal", &*seal)];
        self.walk.act(examiner, exhibit, "examined", &sealed).await?;
        Ok(())
    }

    /// The seal that an exhibit bears now.
    async fn seal_of(&mut self, exhibit: Ref, who: &Person) -> Result<String> {
        let exhibit: Exhibit = typed(self.walk.see(who, exhibit).await?)?;
        let last = exhibit.custody.last().ok_or_else(|| anyhow!("an exhibit without custody"))?;
        Ok(last.seal.clone())
    }

    /// Known pictures take the category of their list, confirmed by a second person.
    pub async fn grade(&mut self, examination: Ref, folder: &Path) -> Result<()> {
        let (first, second) = (
            self.people.in_force("examiner", self.cast.force)?,
            self.people.in_force("examiner2", self.cast.force)?,
        );
        let mut seen = BTreeSet::new();
        for item in read_items(&folder.join("examinations/demo-disk/items.parquet"))? {
            let item = item?;
            let (Some(category), Some(digest)) = (item.known_category, item.sha256) else {
                continue;
            };
            if !seen.insert(digest) {
                continue;
            }
            let fields = [
                ("examination", &*examination.to_string()),
                ("digest", &*hex::encode(digest)),
                ("media", "still"),
            ];
            let grading = self.walk.make(first, Kind::Grading, &fields).await?;
            self.walk
                .act(first, grading, "grade", &[("category", &*category.to_lowercase())])
                .await?;
            self.walk.act(second, grading, "confirm", &[]).await?;
        }
        Ok(())
    }
}

/// Runs the examination as `pendeen examine` would.
fn really_examine(files: ExhibitFiles, out: PathBuf, examiner: String) -> Result<Examination> {
    std::fs::create_dir_all(out.parent().unwrap_or(Path::new(".")))?;
    let clock = || SystemClock.now();
    let options = Options {
        sources: vec![files.image],
        known: vec![files.known],
        out,
        exhibit: "DEV/1".to_owned(),
        threads: examine::all_cores(),
        worker: examine::worker()?,
        content: examine::content_worker()?,
        nesting: pendeen_examine::Nesting::default(),
        verify: true,
        carve: true,
        method: examine::method(Some(examiner)),
        mode: pendeen_examine::Mode::default(),
        clock: &clock,
    };
    Ok(pendeen_examine::run(&options, &Silent)?)
}
