//! Search finds what a person may see, however it is spelt, and tells nothing else.

use pendeen_casework::person::Role;
use pendeen_casework::record::Kind;
use pendeen_store::query::Query;

use crate::fixture::{Fixture, at, person};
use crate::world::{act, fields, intelligence, make, referral};

async fn titles(db: &Fixture, who: &pendeen_casework::person::Person, text: &str) -> Vec<String> {
    let found = db.store.search(who, text, Query::default(), at(90)).await.unwrap();
    assert_eq!(found.total, found.rows.len() as u64);
    found.rows.into_iter().map(|row| row.title).collect()
}

pub async fn what_is_typed_nearly_right_is_found_best_first(db: Fixture) {
    let officer = intelligence(1);
    for (n, reference) in [
        (1, "Jonathan Quillfeather, 07700 900123"),
        (2, "Johnathan Quilfeather"),
        (3, "AB12 CDE at 4 Harbour Lane PL1 1AA"),
        (4, "Jonathan Marsh"),
    ] {
        referral(&db.store, &officer, n, reference).await;
    }
    let first = titles(&db, &officer, "jonathan quillfeather").await;
    assert_eq!(first.len(), 2, "{first:?}");
    assert!(first[0].contains("Jonathan Quillfeather"), "as typed comes first: {first:?}");
    for typed in ["+44 7700 900123", "07700900123", "quillfether jonathon"] {
        let found = titles(&db, &officer, typed).await;
        assert!(found.iter().any(|title| title.contains("900123")), "{typed}: {found:?}");
    }
    for typed in ["ab12cde", "AB12 CDE", "pl11aa", "harbor lane", "Harb"] {
        let found = titles(&db, &officer, typed).await;
        assert_eq!(found.len(), 1, "{typed}: {found:?}");
    }
    assert!(titles(&db, &officer, "07700 900124").await.is_empty());
    assert!(titles(&db, &officer, "\u{0} % ' \" * : NEAR(").await.is_empty());
}

pub async fn search_follows_the_present_version_of_a_record(db: Fixture) {
    let officer = intelligence(1);
    let suspect = fields([("name", "Rowan Thistlewood"), ("suspect", "yes")]);
    let subject = make(&db.store, &officer, Kind::Subject, 1, &suspect).await.unwrap();
    assert_eq!(titles(&db, &officer, "thistlewood").await.len(), 1);
    let selector = fields([("kind", "email"), ("value", "fresh@example.org"), ("source", "s")]);
    act(&db.store, &officer, &subject, "add_selector", &selector).await.unwrap();
    assert_eq!(titles(&db, &officer, "fresh@example.org").await.len(), 1);
    let lost = db.number("SELECT COUNT(*) FROM record").await
        - db.number("SELECT COUNT(*) FROM search_document").await;
    assert_eq!(lost, 0, "every record is in the index once");
}

pub async fn hidden_records_change_nothing_of_a_search(db: Fixture) {
    let officer = intelligence(1);
    referral(&db.store, &officer, 1, "Jonathan Quillfeather").await;
    let desk = person(2, &[Role::ReceivingDesk], Some("E23000035"));
    let before = db.store.search(&desk, "quillfeather", Query::default(), at(9)).await.unwrap();
    for n in 2..30 {
        referral(&db.store, &officer, n, &format!("Quillfeather {n}")).await;
    }
    let after = db.store.search(&desk, "quillfeather", Query::default(), at(9)).await.unwrap();
    assert_eq!((before.total, before.rows.len()), (0, 0));
    assert_eq!(before, after);
}

pub async fn words_that_many_records_have_find_the_same_as_words_of_few(db: Fixture) {
    let officer = intelligence(1);
    for n in 1..=6 {
        referral(&db.store, &officer, n, &format!("Quillfeather harbour {n} a{n}")).await;
    }
    let number = referral(&db.store, &officer, 7, "Thistlewood 1").await.head().number.clone();
    let desk = person(2, &[Role::ReceivingDesk], Some("E23000035"));
    let other_way = db.store.clone().with_few(0);
    for who in [&officer, &desk] {
        for text in ["quillfeather", "harbor", "quill 1", "a", "1", "a3 harbour", "ha", &number] {
            let found = db.store.search(who, text, Query::default(), at(90)).await.unwrap();
            let walked = other_way.search(who, text, Query::default(), at(90)).await.unwrap();
            assert_eq!(found, walked, "{text}");
        }
    }
    let found = db.store.search(&officer, &number, Query::default(), at(90)).await.unwrap();
    assert_eq!(found.rows.first().map(|row| &row.number), Some(&number));
}

pub async fn a_single_letter_is_looked_for_as_it_is_and_beside_a_word_as_its_beginning(
    db: Fixture,
) {
    let officer = intelligence(1);
    for (n, reference) in [(1, "ABC/1"), (2, "ABC/12"), (3, "XYZ/1")] {
        referral(&db.store, &officer, n, reference).await;
    }
    assert_eq!(titles(&db, &officer, "ABC/1").await.len(), 2, "its last letters are still to come");
    let alone = titles(&db, &officer, "1").await;
    assert_eq!(alone.len(), 2, "not what begins so: {alone:?}");
}
