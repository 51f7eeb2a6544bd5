//! Making the demo, and looking into its case data as its people do.

use std::path::Path;

use jiff::Timestamp;
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Kind, Record};
use pendeen_store::Store;
use pendeen_store::query::{Query, Row, Slice};
use uuid::Uuid;

use super::{Ran, command};

/// Where a demo is.
pub struct Demo<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// Its database, where that is not in the folder.
    pub database: Option<&'a str>,
}

impl Demo<'_> {
    /// Makes it with the stories told by hand alone, or uses the one that is there.
    pub fn make(&self) -> Ran {
        self.run(&["demo", "--no-serve", "--scale", "0"])
    }

    /// Makes the whole operation.
    pub fn make_whole(&self) -> Ran {
        self.run(&["demo", "--no-serve"])
    }

    /// Runs a command of the program on its case data.
    pub fn run(&self, args: &[&str]) -> Ran {
        let mut command = command(args);
        command.arg("--data").arg(self.folder);
        if let Some(url) = self.database {
            command.args(["--database", url]);
        }
        Ran::of(&mut command)
    }

    /// Where its case database is.
    pub fn url(&self) -> String {
        let file = || format!("sqlite:{}?mode=rwc", self.folder.join("pendeen.db").display());
        self.database.map_or_else(file, str::to_owned)
    }
}

/// A demo's case data, read by its people.
pub struct Data {
    store: Store,
    people: Vec<(String, Person)>,
    at: Timestamp,
}

impl Data {
    /// Opens it.
    pub async fn open(demo: &Demo<'_>) -> Self {
        let store = Store::connect(&demo.url()).await.unwrap();
        let accounts = store.people().await.unwrap();
        let people = accounts.into_iter().map(|a| (a.username, a.person)).collect();
        Self { store, people, at: "2099-01-01T00:00:00Z".parse().unwrap() }
    }

    /// Who signs in with this name.
    pub fn person(&self, username: &str) -> &Person {
        let found = self.people.iter().find(|(name, _)| name == username);
        &found.unwrap_or_else(|| panic!("no account {username}")).1
    }

    /// The usernames.
    pub fn usernames(&self) -> Vec<&str> {
        self.people.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The rows that somebody sees of a kind, with a relation to another record if one is given.
    pub async fn rows(&self, who: &str, kind: Kind, to: Option<(&str, Uuid)>) -> Vec<Row> {
        let query = Query {
            linked: to.map(|(role, id)| (role.to_owned(), id)),
            page: Slice { offset: 0, limit: 10_000 },
            ..Query::of(kind)
        };
        self.store.list(self.person(who), &query, self.at).await.unwrap().rows
    }

    /// The one record of a kind that has this relation to another, as somebody sees it.
    pub async fn one<R: Record + TryFrom<AnyRecord>>(&self, who: &str, role: &str, to: Uuid) -> R {
        let rows = self.rows(who, R::KIND, Some((role, to))).await;
        let [row] = rows.as_slice() else {
            panic!("{} records {} with {role} {to}", rows.len(), R::KIND.key())
        };
        self.see(who, row.id).await
    }

    /// A record as somebody sees it.
    pub async fn see<R: Record + TryFrom<AnyRecord>>(&self, who: &str, id: Uuid) -> R {
        let seen = self.store.view(self.person(who), R::KIND, id, None, self.at).await.unwrap();
        let seen = seen.unwrap_or_else(|| panic!("{who} cannot see the {} {id}", R::KIND.key()));
        R::try_from(seen).ok().unwrap()
    }

    /// The acts that made each version of a record, oldest first, with who did them.
    pub async fn acts(&self, who: &str, kind: Kind, id: Uuid) -> Vec<(String, String)> {
        let history = self.store.history(self.person(who), kind, id, self.at).await.unwrap();
        history.into_iter().rev().map(|version| (version.act, version.by_name)).collect()
    }
}
