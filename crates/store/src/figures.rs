//! Counting what [`pendeen_casework::figure`] defines, in SQL over records, facets and links.
//!
//! In: a figure and a scope. Out: numbers, never names; restricted records count as the figure
//! says, because a published figure is of everything. Who may ask is the caller's decision; no
//! audit leaf, because nobody's data is read. The plain twin, which counts records in memory,
//! is `casework::figure::count`: a test holds the two against each other.

use std::collections::BTreeMap;

use pendeen_casework::figure::{FIGURES, Figure, Part, Scope, Unit};
use pendeen_casework::force::ForceKey;
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query as Sql, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Store;
use crate::entity::{link, record};
use crate::error::{Result, StoreError};
use crate::query::{Belongs, belongs, with_facet};

impl Store {
    /// One figure within a scope.
    pub async fn figure(&self, figure: &Figure, scope: &Scope) -> Result<u64> {
        number(self.db(), &counting(figure, scope)).await
    }

    /// Every figure within a scope, in the order of [`FIGURES`], as of one moment.
    pub async fn figures(&self, scope: &Scope) -> Result<Vec<(&'static Figure, u64)>> {
        every(&self.snapshot().await?, scope).await
    }

    /// The figures as a release freezes them, each with its definition, inside and outside the
    /// operation as of one moment: JSON, and the SHA-256 of its bytes in hexadecimal.
    pub async fn frozen_figures(&self, force: Option<ForceKey>) -> Result<(String, String)> {
        let db = self.snapshot().await?;
        let inside = every(&db, &Scope { force, part: Part::InsideAny }).await?;
        let outside = every(&db, &Scope { force, part: Part::Outside }).await?;
        let counted = inside.into_iter().zip(outside).map(|((figure, inside), (_, outside))| {
            let counts = json!({
                "title": figure.title,
                "sentence": figure.sentence,
                "in_operation": inside,
                "outside_operation": outside,
            });
            (figure.key.to_owned(), counts)
        });
        let text = Value::Object(counted.collect()).to_string();
        let digest = hex::encode(Sha256::digest(&text));
        Ok((text, digest))
    }

    /// One figure for each force that has any, and for national work. What several forces share
    /// counts once for each, so the sum may be more than the figure over all.
    pub async fn figure_by_force(
        &self,
        figure: &Figure,
        part: Part,
    ) -> Result<BTreeMap<Option<ForceKey>, u64>> {
        let mut select = counting(figure, &Scope { force: None, part });
        let force = (record::Entity, record::Column::Force);
        select.expr(Expr::col(force)).add_group_by([Expr::col(force)]);
        let rows = self.db().query_all(&select).await?;
        rows.into_iter()
            .map(|row| {
                let count: i64 = row.try_get_by_index(0)?;
                let force: Option<String> = row.try_get_by_index(1)?;
                let force = force
                    .map(|key| {
                        ForceKey::parse(&key)
                            .ok_or(StoreError::Conflict("a record has an unknown force"))
                    })
                    .transpose()?;
                Ok((force, u64::try_from(count).unwrap_or(0)))
            })
            .collect()
    }
}

async fn every<C: ConnectionTrait>(db: &C, scope: &Scope) -> Result<Vec<(&'static Figure, u64)>> {
    let mut counted = Vec::with_capacity(FIGURES.len());
    for figure in &FIGURES {
        counted.push((figure, number(db, &counting(figure, scope)).await?));
    }
    Ok(counted)
}

async fn number<C: ConnectionTrait>(db: &C, select: &SelectStatement) -> Result<u64> {
    let row = db.query_one(select).await?;
    let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// `SELECT count FROM record [JOIN link] WHERE what the figure and the scope say`.
fn counting(figure: &Figure, scope: &Scope) -> SelectStatement {
    let mut select = Sql::select();
    select.from(record::Entity).cond_where(selected(figure, scope));
    match figure.unit {
        Unit::Records => select.expr(Expr::col(Asterisk).count()),
        Unit::Distinct(role) => {
            let to = Expr::col((link::Entity, link::Column::ToId));
            let same = Expr::col((link::Entity, link::Column::FromId))
                .equals((record::Entity, record::Column::Id));
            let named = Expr::col((link::Entity, link::Column::Role)).eq(role);
            select.expr(to.count_distinct()).inner_join(link::Entity, same.and(named))
        }
    };
    select
}

fn selected(figure: &Figure, scope: &Scope) -> Condition {
    use record::Column;
    let query = &figure.query;
    let mut all = Condition::all().add(Column::Kind.eq(query.kind.key()));
    if !query.states.is_empty() {
        all = all.add(Column::State.is_in(query.states.iter().copied()));
    }
    for (name, value) in query.facets {
        all = all.add(Column::Id.in_subquery(with_facet(name, value)));
    }
    if let Some(force) = scope.force {
        all = all.add(Column::Force.eq(force.as_str()));
    }
    match scope.part {
        Part::All => all,
        Part::Inside(operation) => all.add(belongs(Belongs::To(operation.uuid()))),
        Part::InsideAny => all.add(belongs(Belongs::ToSome)),
        Part::Outside => all.add(belongs(Belongs::ToNone)),
    }
}
