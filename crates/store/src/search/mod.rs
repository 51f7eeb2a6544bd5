//! Search over everything that a person may see: SQLite's FTS5, PostgreSQL's full text.
//!
//! Both are given the same words and are only asked whether a record has them. The
//! order of what is found is worked out from the rows found and nothing else: a rank that
//! weighs how frequent a word is would tell of records that the person may not see. What a
//! record is found by: its number, title and properties, never its guarded lines, so that
//! nobody finds a child by a name that the page would not show them.

pub(crate) mod words;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use pendeen_casework::person::Person;
use sea_orm::sea_query::{
    Alias, Asterisk, Expr, ExprTrait, Query as Sql, SelectStatement, SimpleExpr,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    QueryFilter, QuerySelect,
};
use uuid::Uuid;

use crate::Store;
use crate::audit::{Leaf, Processing};
use crate::entity::{record, search_document};
use crate::error::Result;
use crate::query::{Listed, Query, Row, Slice, Sort, committed, ordered, row as shown, select};
use crate::sight::{clauses, visible};
use words::Wanted;

/// Records that are looked at for the best of them: those that were changed last.
pub const CONSIDERED: u64 = 500;

/// Records that have the words, whoever may see them, up to which each of them is looked at;
/// where there are more, lists are gone through from the last changed, which meets some soon.
pub(crate) const FEW: u64 = 20_000;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The best of it: numbers first, then words as typed, then what begins so, then what is
    /// spelt nearly so; the last changed first among equals.
    pub rows: Vec<Row>,
    /// How many records there are in all; one more than [`CONSIDERED`] where there are more.
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
        let part = query.page;
        let considered = Slice { offset: 0, limit: CONSIDERED };
        let query = Query { text: Some(text.to_owned()), page: considered, ..query };
        let wanted = words::wanted(text);
        let db = self.snapshot().await?;
        let mut found = self.last_changed(&db, who, &wanted, &query).await?;
        let named = self.numbered(&db, who, text, &query).await?;
        db.rollback().await?;
        self.note(Leaf::new(Processing::Consultation, Some(who), "list", at), committed(&query)?)
            .await?;
        let total = found.len() as u64;
        found.extend(named.map(newest));
        let asked = words::split(text).concat();
        let mut ranked = Vec::with_capacity(found.len());
        for (place, stored) in found.into_values().enumerate() {
            let row = shown(stored)?;
            ranked.push((rank(&row, &wanted, &asked), place, row));
        }
        ranked.sort_by_key(|(rank, place, _)| (*rank, *place));
        let skipped = usize::try_from(part.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(part.limit).unwrap_or(usize::MAX);
        let considered = usize::try_from(CONSIDERED).unwrap_or(usize::MAX);
        let rows = ranked.into_iter().take(considered).map(|(.., row)| row);
        Ok(Found { rows: rows.skip(skipped).take(limit).collect(), total })
    }

    /// Of what has these words and may be seen, the last changed: one more than [`CONSIDERED`]
    /// at most. Which way they are found changes how long it takes and nothing else.
    async fn last_changed(
        &self,
        db: &DatabaseTransaction,
        who: &Person,
        wanted: &[Wanted],
        query: &Query,
    ) -> Result<Newest> {
        if wanted.is_empty() {
            return Ok(Newest::new());
        }
        let backend = self.backend();
        if backend != DbBackend::Postgres || few(db, wanted, self.few).await? {
            let found = select(query, visible(who, &query.kinds), backend);
            let found = ordered(found, Sort::Updated).limit(CONSIDERED + 1);
            let found = found.into_partial_model::<Listed>().all(db).await?;
            return Ok(found.into_iter().map(newest).collect());
        }
        let unworded = Query { text: None, ..query.clone() };
        let mut found = Newest::new();
        for clause in clauses(who, &query.kinds) {
            let some = select(&unworded, clause, backend).filter(has(wanted));
            let some = ordered(some, Sort::Updated).limit(CONSIDERED + 1);
            let some = some.into_partial_model::<Listed>().all(db).await?;
            found.extend(some.into_iter().map(newest));
        }
        let most = usize::try_from(CONSIDERED + 1).unwrap_or(usize::MAX);
        Ok(found.into_iter().take(most).collect())
    }

    /// The record that people call by this number, which is looked at whenever it was changed.
    async fn numbered(
        &self,
        db: &DatabaseTransaction,
        who: &Person,
        text: &str,
        query: &Query,
    ) -> Result<Option<Listed>> {
        let number = crate::clean(&text.trim().to_uppercase());
        let unworded = Query { text: None, ..query.clone() };
        let found = select(&unworded, visible(who, &query.kinds), self.backend());
        let found = found.filter(record::Column::Number.eq(number));
        Ok(found.into_partial_model::<Listed>().one(db).await?)
    }
}

/// Rows, the last changed first.
type Newest = BTreeMap<(Reverse<i64>, Uuid), Listed>;

fn newest(row: Listed) -> ((Reverse<i64>, Uuid), Listed) {
    ((Reverse(row.updated), row.id), row)
}

/// Whether so few records have these words, whoever may see them, that each can be looked at.
async fn few(db: &DatabaseTransaction, wanted: &[Wanted], most: u64) -> Result<bool> {
    let some = candidates(wanted).limit(most.saturating_add(1)).take();
    let count = Sql::select()
        .expr(Expr::col(Asterisk).count())
        .from_subquery(some, Alias::new("some"))
        .take();
    let counted = db.query_one(&count).await?;
    let counted: i64 = counted.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(u64::try_from(counted).unwrap_or(0) <= most)
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
        let found = Expr::cust_with_expr(
            r#""record"."id" IN (WITH found AS MATERIALIZED $1 SELECT record_id FROM found)"#,
            SimpleExpr::from(candidates(&wanted)),
        );
        return Condition::all().add(found);
    }
    let mut found = Sql::select();
    found.column(search_document::Column::RecordId).from(search_document::Entity).and_where(
        Expr::cust_with_values(
            "rowid IN (SELECT rowid FROM search_index WHERE search_index MATCH ?)",
            [expression(&wanted.iter().collect::<Vec<_>>(), sqlite_word)],
        ),
    );
    Condition::all().add(record::Column::Id.in_subquery(found.take()))
}

/// What PostgreSQL finds in its index. Of several words, those of which so little is typed that
/// a great part of the index begins so are looked for in what the others find.
fn candidates(wanted: &[Wanted]) -> SelectStatement {
    let document = || {
        let mut documents = Sql::select();
        documents.column(search_document::Column::RecordId).from(search_document::Entity);
        documents
    };
    let (short, telling): (Vec<_>, Vec<_>) = wanted.iter().partition(|one| one.is_short());
    if short.is_empty() || telling.is_empty() {
        let all: Vec<_> = wanted.iter().collect();
        return document().and_where(matches(&all)).take();
    }
    // An offset of nothing: what is inside is found first, without what is asked outside.
    let likely =
        document().column(Alias::new("vector")).and_where(matches(&telling)).offset(0).take();
    Sql::select()
        .column(search_document::Column::RecordId)
        .from_subquery(likely, Alias::new("likely"))
        .and_where(matches(&short))
        .take()
}

/// Whether a record has the words, asked of PostgreSQL record by record, whatever its planner
/// thinks of them.
fn has(wanted: &[Wanted]) -> SimpleExpr {
    let all: Vec<_> = wanted.iter().collect();
    Expr::cust_with_values(
        r#"EXISTS (SELECT 1 FROM search_document WHERE record_id = "record"."id"
            AND vector @@ CAST($1 AS tsquery) OFFSET 0)"#,
        [expression(&all, postgres_word)],
    )
}

fn matches(wanted: &[&Wanted]) -> SimpleExpr {
    let words = [expression(wanted, postgres_word)];
    Expr::cust_with_values("vector @@ CAST($1 AS tsquery)", words)
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
fn expression(wanted: &[&Wanted], word: fn(&Asked<'_>) -> String) -> String {
    let sqlite = word(&Asked::Whole("a")).starts_with("words");
    let (and, or) = if sqlite { (" AND ", " OR ") } else { (" & ", " | ") };
    let one = |wanted: &Wanted| {
        let as_typed = |typed: &String| match wanted.whole {
            true => word(&Asked::Whole(typed)),
            false => word(&Asked::Begins(typed)),
        };
        let typed: Vec<String> = wanted.words.iter().map(as_typed).collect();
        let mut any = vec![format!("({})", typed.join(and))];
        any.extend(wanted.number.as_deref().map(|number| word(&Asked::Whole(number))));
        any.extend(wanted.keys.iter().map(|key| word(&Asked::Key(key))));
        format!("({})", any.join(or))
    };
    wanted.iter().copied().map(one).collect::<Vec<_>>().join(and)
}
