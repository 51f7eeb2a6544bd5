//! Four eyes: which two steps of a kind one person must never take both, and triggers that hold
//! it whoever writes.
//!
//! A row of `four_eyes` names a kind and two paths in the stored body, such as `head.author` and
//! `approved.by`. No record and no version may be written in whose body the same person stands
//! at both. The rows come from the kinds' own descriptions ([`declare`]); they are only added
//! to, never changed. An erased body is empty and has nobody in it. A record's kind never
//! changes, so that no record can be taken from under its rule.
//!
//! PostgreSQL's `jsonb` takes no U+0000, which hostile reports may hold and JSON writes as
//! `\u0000`: [`BODY_JSON`] reads a body without it.

use pendeen_casework::record::Kind;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::tables::{column, key, table};

/// The table and its triggers.
pub struct FourEyes;

impl MigrationName for FourEyes {
    fn name(&self) -> &'static str {
        "m20261125_000015_four_eyes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FourEyes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let pairs = table("four_eyes")
            .col(column("kind").text())
            .col(column("one").text())
            .col(column("other").text())
            .primary_key(&mut key(["kind", "one", "other"]))
            .to_owned();
        manager.create_table(pairs).await?;
        let statements = match manager.get_database_backend() {
            DbBackend::Postgres => postgres(),
            _ => sqlite(),
        };
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Adds the pairs that the kinds of this program declare and the table does not have yet.
pub async fn declare<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    for kind in Kind::ALL {
        for (one, other) in kind.four_eyes() {
            let statement = Statement::from_sql_and_values(
                db.get_database_backend(),
                "INSERT INTO four_eyes (kind, one, other) SELECT $1, $2, $3 WHERE NOT EXISTS \
                 (SELECT 1 FROM four_eyes WHERE kind = $1 AND one = $2 AND other = $3)",
                [kind.key().into(), one.into(), other.into()],
            );
            db.execute_raw(statement).await?;
        }
    }
    Ok(())
}

/// Makes the function `body_json`: a stored body as `jsonb`, without U+0000. An escaped
/// backslash before `u0000` is text and stays.
const BODY_JSON: &str = r"CREATE FUNCTION body_json(body text) RETURNS jsonb LANGUAGE sql
    IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT (CASE WHEN position('\u0000' IN body) = 0 THEN body
    ELSE regexp_replace(body, '(\\\\)|\\u0000', '\1', 'g') END)::jsonb $$";

const REFUSAL: &str = "one person cannot take both of two steps";

fn sqlite() -> Vec<String> {
    let both = |kind: &str| {
        format!(
            "NEW.body <> '' AND EXISTS (SELECT 1 FROM four_eyes WHERE four_eyes.kind = {kind} AND \
             json_extract(NEW.body, '$.' || one) = json_extract(NEW.body, '$.' || other))"
        )
    };
    let refuse = |why: &str| format!("BEGIN SELECT RAISE(ABORT, '{why}'); END");
    let of_version = "(SELECT record.kind FROM record WHERE record.id = NEW.record_id)";
    let mut statements: Vec<String> = [
        ("record_four_eyes_insert", "INSERT ON record", both("NEW.kind")),
        ("record_four_eyes_update", "UPDATE ON record", both("NEW.kind")),
        ("record_version_four_eyes", "INSERT ON record_version", both(of_version)),
    ]
    .into_iter()
    .map(|(name, event, when)| {
        format!("CREATE TRIGGER {name} BEFORE {event} WHEN {when} {}", refuse(REFUSAL))
    })
    .collect();
    statements.push(format!(
        "CREATE TRIGGER record_kind_stays BEFORE UPDATE ON record WHEN NEW.kind <> OLD.kind {}",
        refuse("a record keeps its kind")
    ));
    for (name, event) in [("no_update", "UPDATE"), ("no_delete", "DELETE")] {
        statements.push(format!(
            "CREATE TRIGGER four_eyes_{name} BEFORE {event} ON four_eyes {}",
            refuse("four_eyes is append-only")
        ));
    }
    statements
}

fn postgres() -> Vec<String> {
    let function = format!(
        "CREATE FUNCTION refuse_two_steps_by_one() RETURNS trigger LANGUAGE plpgsql AS $$ \
         DECLARE body jsonb; of_kind text; BEGIN \
         IF NEW.body = '' THEN RETURN NEW; END IF; \
         IF TG_TABLE_NAME = 'record' THEN of_kind := NEW.kind; \
         ELSE SELECT record.kind INTO of_kind FROM record WHERE record.id = NEW.record_id; END IF; \
         body := body_json(NEW.body); \
         IF EXISTS (SELECT 1 FROM four_eyes WHERE four_eyes.kind = of_kind AND \
         body #>> string_to_array(one, '.') = body #>> string_to_array(other, '.')) \
         THEN RAISE EXCEPTION '{REFUSAL}'; END IF; \
         RETURN NEW; END $$"
    );
    let kind = "CREATE FUNCTION refuse_another_kind() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN IF NEW.kind <> OLD.kind THEN RAISE EXCEPTION 'a record keeps its kind'; END IF; \
         RETURN NEW; END $$";
    let trigger = |name: &str, event: &str, function: &str| {
        format!("CREATE TRIGGER {name} BEFORE {event} FOR EACH ROW EXECUTE FUNCTION {function}()")
    };
    vec![
        BODY_JSON.to_owned(),
        function,
        kind.to_owned(),
        trigger("record_four_eyes", "INSERT OR UPDATE ON record", "refuse_two_steps_by_one"),
        trigger("record_version_four_eyes", "INSERT ON record_version", "refuse_two_steps_by_one"),
        trigger("record_kind_stays", "UPDATE ON record", "refuse_another_kind"),
        trigger("four_eyes_append_only", "UPDATE OR DELETE ON four_eyes", "refuse_change"),
        "CREATE TRIGGER four_eyes_no_truncate BEFORE TRUNCATE ON four_eyes \
         FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            .to_owned(),
    ]
}
