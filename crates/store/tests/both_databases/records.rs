//! Records: made, acted on, read, and refused.

use pendeen_casework::form::Refusal;
use pendeen_casework::permission::decide_create;
use pendeen_casework::person::Role;
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::StoreError;
use pendeen_store::query::{Query, Slice, Sort};
use sea_orm::DbBackend;
use uuid::Uuid;

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, head, intelligence, make, referral};

fn json(record: &AnyRecord) -> serde_json::Value {
    record.to_json().unwrap()
}

pub async fn a_record_reads_back_as_it_was_made(db: Fixture) {
    let officer = intelligence(1);
    let made = referral(&db.store, &officer, 1, "R-1").await;
    let head = made.head();
    let seen =
        db.store.view(&officer, Kind::Referral, head.id, Some("triage"), at(5)).await.unwrap();
    assert_eq!(json(&seen.unwrap()), json(&made));
    let lower = format!(" {} ", head.number.to_lowercase());
    let found = db.store.find_by_number(&officer, &lower, None, at(6)).await.unwrap();
    assert_eq!(json(&found.unwrap()), json(&made));
    let page = db.store.list(&officer, &Query::of(Kind::Referral), at(7)).await.unwrap();
    assert_eq!(page.total, 1);
    let row = &page.rows[0];
    assert_eq!((row.id, row.kind, &row.number), (head.id, Kind::Referral, &head.number));
    assert_eq!((row.state.as_str(), row.title.as_str(), row.version), ("received", "NCMEC R-1", 1));
    assert_eq!((&row.next, row.created, row.updated), (&made.next(), head.created, head.updated));
    let other_kind = db.store.view(&officer, Kind::Subject, head.id, None, at(8)).await.unwrap();
    assert!(other_kind.is_none(), "an identifier of another kind");
}

pub async fn an_act_makes_a_new_version_and_the_older_one_stays_readable(db: Fixture) {
    let officer = intelligence(1);
    let made = referral(&db.store, &officer, 1, "R-1").await;
    let triaged = act(&db.store, &officer, &made, "triage", &fields([])).await.unwrap();
    let reason = fields([("reason", "No person behind it")]);
    let closed = act(&db.store, &officer, &triaged, "not_actionable", &reason).await.unwrap();
    assert_eq!((closed.state(), closed.head().version), ("not_actionable", 3));
    let id = closed.head().id;
    let history = db.store.history(&officer, Kind::Referral, id, at(5)).await.unwrap();
    let acts: Vec<_> = history.iter().map(|v| (v.version, v.act.as_str(), v.by)).collect();
    let by = officer.id;
    assert_eq!(acts, [(3, "not_actionable", by), (2, "triage", by), (1, "create", by)]);
    assert_eq!(history[0].fields, reason);
    assert_eq!(history[0].by_name, officer.name);
    for (version, expected) in [(1, &made), (2, &triaged), (3, &closed)] {
        let seen =
            db.store.view_version(&officer, Kind::Referral, id, version, at(6)).await.unwrap();
        assert_eq!(json(&seen.unwrap()), json(expected), "version {version}");
    }
    assert!(db.store.view_version(&officer, Kind::Referral, id, 4, at(6)).await.unwrap().is_none());
}

pub async fn of_two_acts_at_once_one_wins_and_the_other_is_told(db: Fixture) {
    let (first, second) = (intelligence(1), intelligence(2));
    let made = referral(&db.store, &first, 1, "R-1").await;
    let other = pendeen_store::Store::connect(&db.url).await.unwrap();
    let reason = fields([("reason", "Old")]);
    let none = fields([]);
    let triaged = act(&db.store, &first, &made, "triage", &none);
    let closed = act(&other, &second, &made, "not_actionable", &reason);
    let (triaged, closed) = tokio::join!(triaged, closed);
    let lost = match (triaged, closed) {
        (Ok(_), Err(lost)) | (Err(lost), Ok(_)) => lost,
        both => panic!("one of two should win: {both:?}"),
    };
    assert!(matches!(lost, StoreError::Moved { held: 1, now: 2 }), "{lost:?}");
    let stale = act(&db.store, &first, &made, "triage", &none).await;
    assert!(matches!(stale, Err(StoreError::Moved { held: 1, now: 2 })), "{stale:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM record_version").await, 2);
}

pub async fn a_refused_act_leaves_nothing_behind(db: Fixture) {
    let officer = intelligence(1);
    let made = referral(&db.store, &officer, 1, "R-1").await;
    let before = db.store.audit_verify().await.unwrap();
    let refused = act(&db.store, &officer, &made, "not_actionable", &fields([])).await;
    assert!(matches!(refused, Err(StoreError::Refused(Refusal::Field { .. }))), "{refused:?}");
    assert_eq!(db.store.audit_verify().await.unwrap(), before);
    assert_eq!(db.number("SELECT COUNT(*) FROM record_version").await, 1);
}

pub async fn a_field_that_names_an_unseen_record_is_refused_like_a_missing_one(db: Fixture) {
    let officer = intelligence(1);
    let subject = make(
        &db.store,
        &officer,
        Kind::Subject,
        2,
        &fields([("name", "A Person"), ("suspect", "yes")]),
    )
    .await
    .unwrap();
    let check = fields([("subject", &*subject.head().id.to_string())]);
    let hidden = make(&db.store, &officer, Kind::SensitivePersonCheck, 3, &check).await.unwrap();
    let made = referral(&db.store, &officer, 1, "R-1").await;
    let triaged = act(&db.store, &officer, &made, "triage", &fields([])).await.unwrap();
    let mut refusals = Vec::new();
    for id in [hidden.head().id, made.head().id, Uuid::from_u128(99)] {
        let named = fields([("subject", &*id.to_string())]);
        refusals.push(
            act(&db.store, &officer, &triaged, "link", &named).await.unwrap_err().to_string(),
        );
    }
    refusals.push(
        act(&db.store, &officer, &triaged, "link", &fields([("subject", "x")]))
            .await
            .unwrap_err()
            .to_string(),
    );
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{refusals:?}");
    let named = fields([("subject", &*subject.head().id.to_string())]);
    let linked = act(&db.store, &officer, &triaged, "link", &named).await.unwrap();
    assert_eq!(linked.state(), "linked");
    let related =
        db.store.related(&officer, Kind::Subject, subject.head().id, at(9)).await.unwrap();
    let incoming: Vec<_> = related.incoming.iter().map(|r| (r.role.as_str(), r.row.id)).collect();
    assert_eq!(incoming, [("subject", made.head().id)], "the restricted check is not among them");
    let outgoing =
        db.store.related(&officer, Kind::Referral, made.head().id, at(9)).await.unwrap().outgoing;
    assert_eq!(outgoing[0].row.id, subject.head().id);
}

pub async fn the_database_itself_refuses_an_approver_who_is_the_author(db: Fixture) {
    referral(&db.store, &intelligence(1), 1, "R-1").await;
    let refused = db.sql("UPDATE record SET approver = author").await.unwrap_err().to_string();
    assert!(refused.to_lowercase().contains("check"), "{refused}");
    db.sql("UPDATE record SET approver = id").await.unwrap();
}

pub async fn the_database_itself_refuses_to_change_a_version(db: Fixture) {
    referral(&db.store, &intelligence(1), 1, "R-1").await;
    let mut attempts =
        vec!["UPDATE record_version SET by_name = 'Somebody else'", "DELETE FROM record_version"];
    attempts.push(match db.raw_backend() {
        DbBackend::Postgres => "TRUNCATE record_version",
        _ => "INSERT OR REPLACE INTO record_version SELECT * FROM record_version",
    });
    for attempt in attempts {
        let refused = db.sql(attempt).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{attempt}: {refused}");
    }
}

pub async fn a_version_changed_past_the_triggers_breaks_the_log(db: Fixture) {
    let officer = intelligence(1);
    let made = referral(&db.store, &officer, 1, "R-1").await;
    act(&db.store, &officer, &made, "triage", &fields([])).await.unwrap();
    assert_eq!(db.store.audit_verify().await.unwrap().first_break, None);
    db.unprotect("record_version").await;
    db.sql("UPDATE record_version SET body = REPLACE(body, 'R-1', 'R-2') WHERE version = 2")
        .await
        .unwrap();
    let found = db.store.audit_verify().await.unwrap().first_break.unwrap();
    assert_eq!((found.seq, found.what), (2, "a value that the leaf commits to was changed"));
    db.sql("DELETE FROM record_version WHERE version = 2").await.unwrap();
    let found = db.store.audit_verify().await.unwrap().first_break.unwrap();
    assert_eq!((found.seq, found.what), (2, "the version that the leaf commits to is missing"));
}

pub async fn a_permit_opens_only_what_it_was_given_for(db: Fixture) {
    let officer = intelligence(1);
    let filled = fields([("source", "IWF"), ("reference", "1"), ("summary", "A report")]);
    let decided = head(Kind::Referral, 1, &officer);
    let other = head(Kind::Referral, 2, &officer);
    let permit = decide_create(&officer, Kind::Referral, &decided).unwrap();
    let refused = db.store.create(permit, other, Kind::Referral, &filled, at(1)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "another record: {refused:?}");
    let permit = decide_create(&officer, Kind::Referral, &decided).unwrap();
    let refused = db.store.create(permit, decided.clone(), Kind::Subject, &filled, at(1)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "another kind: {refused:?}");
    let permit = decide_create(&officer, Kind::Referral, &decided).unwrap();
    let forged = pendeen_casework::record::Head { author: intelligence(2).id, ..decided };
    let refused = db.store.create(permit, forged, Kind::Referral, &filled, at(1)).await;
    assert!(matches!(refused, Err(StoreError::Denied(_))), "another author: {refused:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM record").await, 0);
}

pub async fn a_taken_number_is_a_conflict_and_keeps_nothing(db: Fixture) {
    let officer = intelligence(1);
    referral(&db.store, &officer, 1, "R-1").await;
    let mut same_number = head(Kind::Referral, 1, &officer);
    same_number.id = Uuid::from_u128(77);
    let permit = decide_create(&officer, Kind::Referral, &same_number).unwrap();
    let filled = fields([("source", "IWF"), ("reference", "1"), ("summary", "A report")]);
    let refused = db.store.create(permit, same_number, Kind::Referral, &filled, at(1)).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_leaf").await, 1);
}

pub async fn a_batch_is_kept_whole_or_not_at_all(db: Fixture) {
    let officer = intelligence(1);
    let filled = fields([("source", "IWF"), ("reference", "1"), ("summary", "A report")]);
    for kept in [false, true] {
        let mut batch = db.store.batch().await.unwrap();
        for n in 1..=3 {
            let head = head(Kind::Referral, n, &officer);
            let permit = decide_create(&officer, Kind::Referral, &head).unwrap();
            let made = batch.create(permit, head, Kind::Referral, &filled, at(1)).await.unwrap();
            let permit = pendeen_casework::permission::decide(
                &officer,
                pendeen_casework::permission::Action::Act("triage"),
                &made,
            );
            batch.act(permit.unwrap(), &fields([]), at(2)).await.unwrap();
        }
        if kept {
            batch.commit().await.unwrap();
        } else {
            drop(batch);
        }
        let expected = if kept { (3, 6) } else { (0, 0) };
        let records = db.number("SELECT COUNT(*) FROM record").await;
        assert_eq!((records, db.number("SELECT COUNT(*) FROM audit_leaf").await), expected);
    }
}

pub async fn text_with_wildcards_and_hostile_characters_is_searched_for_literally(db: Fixture) {
    let officer = intelligence(1);
    for (n, reference) in
        [(1, "100% sure"), (2, "1000 sure"), (3, "under_score"), (4, "Ünïcode\0null")]
    {
        referral(&db.store, &officer, n, reference).await;
    }
    let found = async |text: &str| {
        let query = Query { text: Some(text.to_owned()), ..Query::of(Kind::Referral) };
        db.store.list(&officer, &query, at(9)).await.unwrap().total
    };
    assert_eq!(found("100%").await, 2, "what begins so");
    assert_eq!(found("under_sc").await, 1);
    assert_eq!(found("SURE ncmec").await, 2, "every word, in any case");
    assert_eq!(found("ÜNÏCODE unicode").await, 1, "with accents and without");
    assert_eq!(found("' OR 1=1 --").await, 0);
    for without_words in ["\\", "\0", "% _", "\"*\""] {
        assert_eq!(found(without_words).await, 0, "{without_words:?}");
    }
    assert_eq!(found("  ").await, 4, "nothing asked for narrows nothing");
}

pub async fn lists_come_in_order_and_in_parts(db: Fixture) {
    let officer = intelligence(1);
    for n in 1..=5 {
        referral(&db.store, &officer, n, &format!("R-{n}")).await;
    }
    let query = Query { page: Slice { offset: 2, limit: 2 }, ..Query::of(Kind::Referral) };
    let page = db.store.list(&officer, &query, at(9)).await.unwrap();
    assert_eq!(page.total, 5);
    let titles: Vec<_> = page.rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["NCMEC R-3", "NCMEC R-2"], "last changed first");
    let none = Query { states: vec!["linked".to_owned()], ..Query::of(Kind::Referral) };
    assert_eq!(db.store.list(&officer, &none, at(9)).await.unwrap().total, 0);
    let all = Query::of(Kind::Referral);
    assert_eq!(db.store.counts(&officer, &[all, none], at(9)).await.unwrap(), [5, 0]);
}

pub async fn a_list_asked_condition_by_condition_is_the_one_that_one_question_gives(db: Fixture) {
    let store = &db.store;
    let officer = person(1, &[Role::IntelligenceOfficer, Role::OfficerInCase], Some("E23000035"));
    for n in 1..=4 {
        referral(store, &officer, n, &format!("R-{n}")).await;
    }
    let case = make(store, &officer, Kind::Case, 12, &fields([("name", "Case")])).await.unwrap();
    let on = format!("case/{}", case.head().id);
    for (n, due) in [(20, "2026-06-09"), (21, "2026-06-03"), (22, "2026-06-03")] {
        let action = [("on", &*on), ("what", "Call"), ("role", "officer_in_case"), ("due", due)];
        make(store, &officer, Kind::Action, n, &fields(action)).await.unwrap();
    }
    for order in [Sort::Updated, Sort::Created, Sort::Oldest, Sort::Urgency, Sort::Due] {
        let whole = Query { order, page: Slice { offset: 0, limit: 5_000 }, ..Query::default() };
        let whole = store.list(&officer, &whole, at(90)).await.unwrap();
        assert_eq!((whole.total, whole.rows.len()), (8, 8), "{order:?}");
        for (offset, limit) in [(0, 3), (3, 3), (6, 3), (0, 50), (9, 3)] {
            let part = Query { order, page: Slice { offset, limit }, ..Query::default() };
            let part = store.list(&officer, &part, at(90)).await.unwrap();
            let (from, to) = (offset.min(8) as usize, (offset + limit).min(8) as usize);
            assert_eq!(part.rows, whole.rows[from..to], "{order:?} from {offset}");
        }
    }
}

pub async fn my_work_puts_the_child_at_immediate_risk_first(db: Fixture) {
    let officer = intelligence(1);
    referral(&db.store, &officer, 1, "ordinary").await;
    let urgent =
        fields([("source", "IWF"), ("reference", "urgent"), ("summary", "s"), ("urgent", "yes")]);
    make(&db.store, &officer, Kind::Referral, 2, &urgent).await.unwrap();
    let work = db.store.my_work(&officer, Slice::default(), at(9)).await.unwrap();
    let titles: Vec<_> = work.rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["IWF urgent", "NCMEC ordinary"]);
    let examiner = person(3, &[Role::Examiner], None);
    assert_eq!(db.store.my_work(&examiner, Slice::default(), at(9)).await.unwrap().total, 0);
}

pub async fn facets_and_links_follow_the_present_version(db: Fixture) {
    let officer = intelligence(1);
    let filled =
        fields([("source", "IWF"), ("reference", "1"), ("summary", "s"), ("urgent", "yes")]);
    let made = make(&db.store, &officer, Kind::Referral, 1, &filled).await.unwrap();
    let by_facet = |value: &str| Query {
        facets: vec![("urgent".to_owned(), value.to_owned())],
        ..Query::of(Kind::Referral)
    };
    assert_eq!(db.store.list(&officer, &by_facet("yes"), at(2)).await.unwrap().total, 1);
    assert_eq!(db.store.list(&officer, &by_facet("no"), at(2)).await.unwrap().total, 0);
    let other = referral(&db.store, &officer, 2, "R-2").await;
    let of = fields([("of", &*other.head().id.to_string())]);
    act(&db.store, &officer, &made, "duplicate", &of).await.unwrap();
    let linked =
        Query { linked: Some(("duplicate_of".to_owned(), other.head().id)), ..Query::default() };
    let page = db.store.list(&officer, &linked, at(3)).await.unwrap();
    assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [made.head().id]);
}
