//! The founding tables and their indices.

use sea_orm_migration::prelude::*;

/// Every table, in an order in which foreign keys find what they point to.
pub fn all() -> Vec<TableCreateStatement> {
    let mut tables = records();
    tables.extend(documents());
    tables.extend(accounts());
    tables.extend(audit());
    tables
}

pub(super) fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(Alias::new(name)).take()
}

pub(super) fn column(name: &'static str) -> ColumnDef {
    ColumnDef::new(Alias::new(name)).not_null().take()
}

pub(super) fn optional(name: &'static str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

pub(super) fn key<const N: usize>(columns: [&'static str; N]) -> IndexCreateStatement {
    let mut index = Index::create();
    for name in columns {
        index.col(Alias::new(name));
    }
    index.primary().take()
}

pub(super) fn refers(
    from: (&'static str, &'static str),
    to: (&'static str, &'static str),
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(Alias::new(from.0), Alias::new(from.1))
        .to(Alias::new(to.0), Alias::new(to.1))
        .to_owned()
}

fn records() -> Vec<TableCreateStatement> {
    let author_is_not_approver = Expr::col(Alias::new("approver"))
        .is_null()
        .or(Expr::col(Alias::new("approver")).ne(Expr::col(Alias::new("author"))));
    vec![
        table("record")
            .col(column("id").uuid().primary_key())
            .col(column("kind").text())
            .col(column("number").text().unique_key())
            .col(column("version").big_integer())
            .col(column("state").text())
            .col(column("title").text())
            .col(column("search").text())
            .col(optional("force").text())
            .col(optional("operation").uuid())
            .col(column("restriction").text())
            .col(column("simulated").boolean())
            .col(column("author").uuid())
            .col(optional("approver").uuid())
            .col(optional("next_role").text())
            .col(optional("next_what").text())
            .col(optional("next_due").big_integer())
            .col(optional("next_urgency").small_integer())
            .col(column("created").big_integer())
            .col(column("updated").big_integer())
            .col(column("body").text())
            .check(author_is_not_approver)
            .to_owned(),
        table("record_version")
            .col(column("record_id").uuid())
            .col(column("version").big_integer())
            .col(column("act").text())
            .col(column("fields").text())
            .col(column("by_id").uuid())
            .col(column("by_name").text())
            .col(column("at").big_integer())
            .col(column("body").text())
            .primary_key(&mut key(["record_id", "version"]))
            .foreign_key(&mut refers(("record_version", "record_id"), ("record", "id")))
            .to_owned(),
        table("link")
            .col(column("from_id").uuid())
            .col(column("role").text())
            .col(column("to_id").uuid())
            .col(column("to_kind").text())
            .primary_key(&mut key(["from_id", "role", "to_id"]))
            .foreign_key(&mut refers(("link", "from_id"), ("record", "id")))
            .foreign_key(&mut refers(("link", "to_id"), ("record", "id")))
            .to_owned(),
        table("facet")
            .col(column("record_id").uuid())
            .col(column("name").text())
            .col(column("value").text())
            .primary_key(&mut key(["record_id", "name", "value"]))
            .foreign_key(&mut refers(("facet", "record_id"), ("record", "id")))
            .to_owned(),
    ]
}

fn documents() -> Vec<TableCreateStatement> {
    vec![
        table("document")
            .col(column("sha256").binary_len(32).primary_key())
            .col(column("size").big_integer())
            .col(column("media_type").text())
            .col(column("stored").big_integer())
            .col(column("bytes").blob())
            .to_owned(),
        table("record_document")
            .col(column("record_id").uuid())
            .col(column("sha256").binary_len(32))
            .primary_key(&mut key(["record_id", "sha256"]))
            .foreign_key(&mut refers(("record_document", "record_id"), ("record", "id")))
            .foreign_key(&mut refers(("record_document", "sha256"), ("document", "sha256")))
            .to_owned(),
    ]
}

fn accounts() -> Vec<TableCreateStatement> {
    vec![
        table("person")
            .col(column("id").uuid().primary_key())
            .col(column("username").text().unique_key())
            .col(column("name").text())
            .col(optional("force").text())
            .col(column("roles").text())
            .col(column("password").text())
            .col(optional("totp_secret").blob())
            .col(column("disabled").boolean())
            .col(column("created").big_integer())
            .to_owned(),
        table("sign_in_attempt")
            .col(column("username_digest").binary_len(32).primary_key())
            .col(column("failures").big_integer())
            .col(column("last").big_integer())
            .to_owned(),
        table("session")
            .col(column("id").text().primary_key())
            .col(column("data").blob())
            .col(column("expires").big_integer())
            .to_owned(),
    ]
}

fn audit() -> Vec<TableCreateStatement> {
    vec![
        table("audit_leaf")
            .col(column("seq").big_integer().primary_key())
            .col(column("processing").small_integer())
            .col(column("at").big_integer())
            .col(column("who").uuid())
            .col(column("record_id").uuid())
            .col(column("bytes").blob())
            .col(column("prev").binary_len(32))
            .col(column("digest").binary_len(32))
            .to_owned(),
        table("audit_opening")
            .col(column("seq").big_integer())
            .col(column("name").text())
            .col(column("salt").binary_len(32))
            .col(optional("value").text())
            .primary_key(&mut key(["seq", "name"]))
            .foreign_key(&mut refers(("audit_opening", "seq"), ("audit_leaf", "seq")))
            .to_owned(),
        table("audit_head")
            .col(column("id").small_integer().primary_key())
            .col(column("seq").big_integer())
            .col(column("digest").binary_len(32))
            .check(Expr::col(Alias::new("id")).eq(1))
            .to_owned(),
    ]
}

/// Every index beyond primary and unique keys: each serves a list, My work, a figure or the
/// audit page.
pub fn indices() -> Vec<IndexCreateStatement> {
    vec![
        index("record", &["kind", "restriction", "force", "state"]),
        index("record", &["kind", "restriction", "updated"]),
        index("record", &["operation", "kind"]),
        index("record", &["next_role", "restriction", "force", "kind", "next_urgency", "next_due"]),
        index("link", &["to_id", "role"]),
        index("facet", &["name", "value"]),
        index("record_document", &["sha256"]),
        index("session", &["expires"]),
        index("audit_leaf", &["record_id", "seq"]),
        index("audit_leaf", &["who", "seq"]),
        index("audit_leaf", &["at"]),
    ]
}

/// An index over these columns, named after them.
pub(super) fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_by_{}", columns.join("_"))).table(Alias::new(table));
    for name in columns {
        index.col(Alias::new(*name));
    }
    index
}
