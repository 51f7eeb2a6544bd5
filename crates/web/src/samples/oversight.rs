//! Samples of the pages that oversee many records at once.

use super::{HOSTILE, anchor, choice, counts, due, hostile, pages_around, row, shell, tag};
use crate::pages::{approvals, calendar, inbox, operation, record};

pub(super) fn pages() -> Vec<(&'static str, Box<dyn askama::DynTemplate>)> {
    vec![
        ("operation", Box::new(operation())),
        ("inbox", Box::new(inbox())),
        ("approvals to review", Box::new(approvals("review"))),
        ("approvals given", Box::new(approvals("approved"))),
        ("calendar", Box::new(calendar(false))),
        ("calendar as a list", Box::new(calendar(true))),
        ("record/plan", Box::new(plan())),
    ]
}

fn operation() -> operation::OperationPage {
    let tile = operation::Tile {
        name: HOSTILE,
        href: hostile(),
        place: (1, 1),
        sent: hostile(),
        unread: 1,
        late: 2,
        waiting: 3,
        immediate: 4,
        tone: "child",
    };
    let stage = |beside| operation::Stage { label: HOSTILE, amount: hostile(), bar: 500, beside };
    let late = operation::LateRow {
        href: hostile(),
        number: hostile(),
        title: hostile(),
        force: hostile(),
        words: hostile(),
        late: true,
        simulated: true,
    };
    operation::OperationPage {
        shell: shell(),
        counts: counts(),
        map: Some(vec![tile]),
        funnel: vec![stage(false), stage(true)],
        late: vec![operation::Lateness {
            heading: HOSTILE,
            total: hostile(),
            rows: vec![late],
            all: Some(anchor()),
        }],
    }
}

fn inbox() -> inbox::InboxPage {
    let package = inbox::PackageRow {
        href: hostile(),
        number: hostile(),
        title: hostile(),
        new: true,
        urgency: tag(),
        emergency: true,
        age: hostile(),
        sent: hostile(),
        taken: Some(hostile()),
        acts: vec![anchor()],
        simulated: true,
    };
    inbox::InboxPage {
        shell: shell(),
        force: hostile(),
        counts: counts(),
        rows: vec![package],
        pages: pages_around(),
    }
}

fn approvals(view: &'static str) -> approvals::ApprovalsPage {
    let change = record::history::ChangeView {
        label: HOSTILE,
        from: vec![hostile(), hostile()],
        to: Vec::new(),
    };
    let waiting = |changes, hindrance| approvals::Waiting {
        href: hostile(),
        kind: HOSTILE,
        number: hostile(),
        title: hostile(),
        force: hostile(),
        urgency: Some(tag()),
        due: Some(due()),
        prepared: hostile(),
        changes,
        hindrance,
        sign: anchor(),
        refuse: Some(anchor()),
        simulated: true,
    };
    approvals::ApprovalsPage {
        shell: shell(),
        tabs: vec![approvals::Tab { text: hostile(), href: hostile(), here: true }],
        waiting: vec![waiting(Some(vec![change]), None), waiting(None, Some(hostile()))],
        signed: vec![approvals::SignedRow { row: row(), act: hostile(), at: hostile() }],
        view,
        own: 1,
        more: true,
    }
}

fn calendar(as_list: bool) -> calendar::CalendarPage {
    let entry = calendar::Entry {
        href: hostile(),
        time: hostile(),
        what: hostile(),
        kind: HOSTILE,
        number: hostile(),
        title: hostile(),
        force: hostile(),
        late: true,
        immediate: Some(tag()),
        shown: true,
    };
    let day = calendar::Day {
        number: 1,
        words: hostile(),
        inside: true,
        today: true,
        entries: vec![entry],
        more: 1,
        href: hostile(),
    };
    calendar::CalendarPage {
        shell: shell(),
        caption: hostile(),
        month: hostile(),
        previous: hostile(),
        next: hostile(),
        other: hostile(),
        ics: hostile(),
        as_list,
        kinds: vec![choice()],
        weeks: vec![vec![day]],
        total: hostile(),
        unlisted: Some(hostile()),
    }
}

fn plan() -> record::plan::PlanPage {
    record::plan::PlanPage {
        shell: shell(),
        number: hostile(),
        address: hostile(),
        back: hostile(),
        state: tag(),
        planned: hostile(),
        due: Some(due()),
        warnings: vec![hostile()],
        people: vec![hostile()],
        expected: hostile(),
        children: vec![row()],
        risks: vec![hostile()],
        team: vec![hostile()],
        bring: vec![hostile()],
        power: hostile(),
        warrants: vec![anchor()],
        simulated: true,
    }
}
