//! Search over everything that a person may see: SQLite's FTS5, PostgreSQL's full text.
//!
//! Both are given the same words ([`words`]) and are only asked whether a record has them. The
//! order of what is found is worked out from the rows found and nothing else: a rank that
//! weighs how frequent a word is would tell of records that the person may not see. What a
//! record is found by: its number, title and properties, never its guarded lines, so that
//! nobody finds a child by a name that the page would not show them.

pub(crate) mod words;

use jiff::Timestamp;
use pendeen_casework::person::Person;
use sea_orm::sea_query::{Expr, Query as Sql};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::Store;
use crate::entity::{record, search_document};
use crate::error::Result;
use crate::query::{Query, Row, Slice};
use words::Wanted;

/// Records that are looked at for the best of them.
const CONSIDERED: u64 = 500;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The best of it: numbers first, then words as typed, then what begins so, then what is
    /// spelt nearly so; the last changed first among equals.
    pub rows: Vec<Row>,
    /// How many records there are in all.
    pub total: u64,
}

impl Store {
    /// The records that have all these words and that the person may see, best first.
    pub async fn search(
        &self,
        who: &Person,
        text: &str,
        query: Query,
        at: Timestamp,
    ) -> Result<Found> {
        let shown = query.page;
        let considered = Slice { offset: 0, limit: CONSIDERED };
        let query = Query { text: Some(text.to_owned()), page: considered, ..query };
        let found = self.list(who, &query, at).await?;
        let wanted = words::wanted(text);
        let asked = words::split(text).concat();
        let mut ranked: Vec<(u8, usize, Row)> = found
            .rows
            .into_iter()
            .enumerate()
            .map(|(place, row)| (rank(&row, &wanted, &asked), place, row))
            .collect();
        ranked.sort_by_key(|(rank, place, _)| (*rank, *place));
        let skipped = usize::try_from(shown.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(shown.limit).unwrap_or(usize::MAX);
        let rows = ranked.into_iter().map(|(_, _, row)| row).skip(skipped).take(limit).collect();
        Ok(Found { rows, total: found.total })
    }
}

/// How well a row answers; 0 is best. It looks at number and title: what is found by a
/// property alone comes after what says the words in its name.
fn rank(row: &Row, wanted: &[Wanted], asked: &str) -> u8 {
    if words::split(&row.number).concat() == *asked {
        return 0;
    }
    let document = words::document([row.title.as_str(), row.number.as_str()]);
    let all = |holds: &dyn Fn(&Wanted) -> bool| wanted.iter().all(holds);
    let has = |word: &String| document.words.contains(word);
    let begins = |word: &String| document.words.iter().any(|known| known.starts_with(word));
    if all(&|w| w.words.iter().all(has) || w.number.as_ref().is_some_and(has)) {
        1
    } else if all(&|w| w.words.iter().all(begins) || w.number.as_ref().is_some_and(has)) {
        2
    } else if all(&|w| !w.keys.is_disjoint(&document.keys) || w.words.iter().all(begins)) {
        3
    } else {
        4
    }
}

/// Keeps what a record is found by, where that has changed.
pub(crate) async fn keep<C: ConnectionTrait>(
    db: &C,
    record: Uuid,
    before: Option<&str>,
    after: &str,
) -> Result<()> {
    match before {
        None => {
            let row = search_document::ActiveModel::from(row(record, after));
            search_document::Entity::insert(row).exec_without_returning(db).await?;
        }
        Some(text) if text != after => {
            let search_document::Model { words, keys, .. } = row(record, after);
            search_document::Entity::update_many()
                .col_expr(search_document::Column::Words, Expr::value(words))
                .col_expr(search_document::Column::Keys, Expr::value(keys))
                .filter(search_document::Column::RecordId.eq(record))
                .exec(db)
                .await?;
        }
        Some(_) => {}
    }
    Ok(())
}

/// What is searched of a record, as it is kept.
pub(crate) fn row(record: Uuid, text: &str) -> search_document::Model {
    let document = words::document(text.lines());
    let one = |words: &std::collections::BTreeSet<String>| {
        words.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    search_document::Model {
        record_id: record,
        words: one(&document.words),
        keys: one(&document.keys),
    }
}

/// The records that have all the words of this text; none where it has no word.
pub(crate) fn worded(text: &str, backend: DbBackend) -> Condition {
    let wanted = words::wanted(text);
    if wanted.is_empty() {
        return Condition::all().add(record::Column::Id.is_null());
    }
    if backend == DbBackend::Postgres {
        // By itself first: it knows what few records have the words, and its planner does not.
        return Condition::all().add(Expr::cust_with_values(
            r#""record"."id" IN (WITH found AS MATERIALIZED (SELECT record_id FROM search_document
                WHERE vector @@ CAST($1 AS tsquery)) SELECT record_id FROM found)"#,
            [expression(&wanted, postgres_word)],
        ));
    }
    let mut found = Sql::select();
    found.column(search_document::Column::RecordId).from(search_document::Entity).and_where(
        Expr::cust_with_values(
            "rowid IN (SELECT rowid FROM search_index WHERE search_index MATCH ?)",
            [expression(&wanted, sqlite_word)],
        ),
    );
    Condition::all().add(record::Column::Id.in_subquery(found.take()))
}

/// A word as an index is asked for it.
enum Asked<'a> {
    /// One that begins so.
    Begins(&'a str),
    /// This one.
    Whole(&'a str),
    /// This key of a name.
    Key(&'a str),
}

/// Words are letters and digits only: nothing in them can leave the quotes.
fn sqlite_word(asked: &Asked<'_>) -> String {
    match asked {
        Asked::Begins(word) => format!("words : \"{word}\" *"),
        Asked::Whole(word) => format!("words : \"{word}\""),
        Asked::Key(key) => format!("keys : \"{key}\""),
    }
}

fn postgres_word(asked: &Asked<'_>) -> String {
    match asked {
        Asked::Begins(word) => format!("'{word}':*A"),
        Asked::Whole(word) => format!("'{word}':A"),
        Asked::Key(key) => format!("'{key}':B"),
    }
}

/// What is wanted in the words of an index; `&` and `|` are `AND` and `OR` on SQLite.
fn expression(wanted: &[Wanted], word: fn(&Asked<'_>) -> String) -> String {
    let sqlite = word(&Asked::Whole("a")).starts_with("words");
    let (and, or) = if sqlite { (" AND ", " OR ") } else { (" & ", " | ") };
    let one = |wanted: &Wanted| {
        let typed: Vec<String> = wanted.words.iter().map(|w| word(&Asked::Begins(w))).collect();
        let mut any = vec![format!("({})", typed.join(and))];
        any.extend(wanted.number.as_deref().map(|number| word(&Asked::Whole(number))));
        any.extend(wanted.keys.iter().map(|key| word(&Asked::Key(key))));
        format!("({})", any.join(or))
    };
    wanted.iter().map(one).collect::<Vec<_>>().join(and)
}
