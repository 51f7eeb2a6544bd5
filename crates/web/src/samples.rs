//! Every template with a sample context that carries hostile text, rendered by one test.

use crate::error::ErrorPage;
use crate::pages;
use crate::pages::audit::Verdict;
use crate::pages::record::bulk::{BulkPage, BulkRow, Stage};
use crate::pages::record::filter::FilterView;
use crate::pages::record::glance::{
    CaseView, Clock, Elsewhere, Glance, Handover, Moment, PaperCopy, Sides, Step, Totals,
};
use crate::shell::{Account, NavItem, Shell};
use crate::text::Due;
use crate::view::record::{Line, NextView};
use crate::view::{
    Anchor, Choice, Count, Event, FieldView, FormError, FormView, Group, Pages, RecordView, Row,
    Tag, Theirs, Widget,
};

mod oversight;

/// Text that must never arrive unescaped.
const HOSTILE: &str = "\"'><script>alert(1)</script>";

fn hostile() -> String {
    HOSTILE.to_owned()
}

fn shell() -> Shell {
    Shell {
        account: Some(Account { name: hostile(), roles: hostile(), force: hostile() }),
        navigation: vec![NavItem { text: "My work", href: hostile(), here: true }],
        notice: Some(hostile()),
        waiting: Some(3),
        owed: Some(hostile()),
        ..Shell::bare(HOSTILE)
    }
}

fn tag() -> Tag {
    Tag::new(HOSTILE, "blue")
}

fn due() -> Due {
    Due { words: hostile(), at: hostile(), late: true }
}

fn counts() -> Vec<Count> {
    vec![Count::alarm(3, HOSTILE)]
}

fn errors() -> Vec<FormError> {
    vec![FormError { field: hostile(), text: hostile() }]
}

fn pages_around() -> Pages {
    Pages { previous: Some(hostile()), next: Some(hostile()), words: hostile() }
}

fn anchor() -> Anchor {
    Anchor::new(HOSTILE, HOSTILE)
}

fn row() -> Row {
    Row {
        href: hostile(),
        pick: hostile(),
        number: hostile(),
        title: hostile(),
        state: tag(),
        force: hostile(),
        updated: hostile(),
        simulated: true,
        mark: Some(HOSTILE),
    }
}

fn line() -> Line {
    Line {
        label: hostile(),
        paragraphs: vec![hostile(), hostile()],
        digest: true,
        documents: Some(hostile()),
    }
}

fn filter() -> FilterView {
    FilterView {
        states: vec![choice()],
        forces: vec![choice()],
        operations: vec![choice()],
        urgencies: vec![choice()],
        text: hostile(),
        due: hostile(),
        mine: true,
        asked: hostile(),
        kind: HOSTILE,
        hidden: vec![(HOSTILE, hostile())],
    }
}

fn saved() -> pages::saved::SavedView {
    pages::saved::SavedView { name: hostile(), href: hostile(), forget: hostile() }
}

fn bulk(stage: Stage) -> BulkPage {
    BulkPage {
        shell: shell(),
        action: hostile(),
        back: hostile(),
        caption: hostile(),
        rows: vec![BulkRow { row: row(), outcome: hostile(), refused: true }],
        stage,
    }
}

fn choice() -> Choice {
    Choice::new(HOSTILE, HOSTILE, HOSTILE)
}

fn record() -> RecordView {
    let event = Event {
        title: hostile(),
        by: hostile(),
        at: hostile(),
        machine: hostile(),
        fields: vec![line()],
    };
    let next =
        NextView { what: hostile(), who: HOSTILE, due: Some(due()), urgency: tag(), alarm: true };
    RecordView {
        crumbs: vec![anchor()],
        kind: HOSTILE,
        number: hostile(),
        title: hostile(),
        state: tag(),
        restricted: Some(hostile()),
        byline: hostile(),
        simulated: true,
        next: Some(next),
        details: vec![line()],
        acts: vec![anchor()],
        keeping: vec![anchor()],
        adds: vec![anchor()],
        related: vec![Group { heading: hostile(), rows: vec![row()] }],
        history: vec![event],
    }
}

fn form() -> FormView {
    let widgets = [
        Widget::Line("text", ""),
        Widget::Area,
        Widget::Radios(vec![choice()]),
        Widget::Select(vec![choice()]),
        Widget::Tick,
        Widget::File,
    ];
    let field = |widget| FieldView {
        name: HOSTILE,
        label: HOSTILE,
        legend: hostile(),
        hint: HOSTILE,
        value: hostile(),
        error: Some(hostile()),
        described: hostile(),
        widget,
    };
    FormView {
        caption: hostile(),
        action: hostile(),
        back: hostile(),
        submit: hostile(),
        hidden: vec![(HOSTILE, hostile())],
        fields: widgets.into_iter().map(field).collect(),
        errors: errors(),
        theirs: vec![Theirs {
            label: HOSTILE,
            before: hostile(),
            now: hostile(),
            by: hostile(),
            mine: hostile(),
        }],
    }
}

fn glances() -> Vec<Glance> {
    let moment = Moment {
        title: hostile(),
        href: hostile(),
        record: hostile(),
        by: hostile(),
        at: hostile(),
        machine: hostile(),
        state: Some(tag()),
    };
    let handover = Handover {
        at: hostile(),
        what: hostile(),
        from: hostile(),
        to: hostile(),
        seal: hostile(),
        explanation: hostile(),
        by: hostile(),
    };
    let totals = Totals {
        counts: counts(),
        items: anchor(),
        sources: vec![hostile()],
        kinds: vec![(hostile(), hostile())],
    };
    let sides =
        Sides { facts: vec![hostile()], opinions: vec![hostile()], immediate: Some(hostile()) };
    let step = |standing| Step { name: HOSTILE, who: hostile(), standing };
    vec![
        Glance::Package(["done", "now", "todo"].into_iter().map(step).collect()),
        Glance::Case(CaseView {
            numbers: vec![Elsewhere {
                system: hostile(),
                number: hostile(),
                href: hostile(),
                record: hostile(),
            }],
            moments: vec![moment],
        }),
        Glance::Exhibit(vec![handover]),
        Glance::Examination(totals),
        Glance::Child(vec![Clock {
            label: HOSTILE,
            words: hostile(),
            since: hostile(),
            alarm: true,
        }]),
        Glance::Subject(sides),
        Glance::Paper(vec![PaperCopy {
            number: 1,
            href: hostile(),
            media_type: hostile(),
            size: hostile(),
            file_name: hostile(),
            note: hostile(),
            by: hostile(),
            at: hostile(),
        }]),
        Glance::Search(anchor()),
        Glance::Nothing,
    ]
}

fn items() -> pages::items::ItemsPage {
    let row = pages::items::ItemRow {
        path: hostile(),
        forensic_path: hostile(),
        origin: hostile(),
        size: hostile(),
        media: hostile(),
        modified: hostile(),
        digest: hostile(),
        known: Some(hostile()),
        gap: Some(hostile()),
        tile: true,
        preview: Some(hostile()),
        grade: Some(hostile()),
    };
    let gap = pages::items::GapRow { place: hostile(), wanted: hostile(), reason: hostile() };
    pages::items::ItemsPage {
        shell: shell(),
        back: anchor(),
        caption: hostile(),
        address: hostile(),
        origins: vec![choice()],
        media: vec![choice()],
        known: true,
        tally: hostile(),
        rows: vec![row],
        pages: pages_around(),
        gaps: vec![gap],
    }
}

fn durations() -> pages::durations::DurationsPage {
    let row = pages::durations::SpreadRow {
        name: hostile(),
        done: 1,
        waiting: 2,
        median: hostile(),
        p90: hostile(),
        longest: hostile(),
        top: 5,
        bars: (10, 20),
    };
    pages::durations::DurationsPage {
        shell: shell(),
        kinds: vec![choice()],
        from: vec![choice()],
        to: vec![choice()],
        forces: vec![choice()],
        parts: vec![choice()],
        since: hostile(),
        before: hostile(),
        caption: hostile(),
        rows: vec![row],
        height: 38,
        csv: hostile(),
    }
}

fn changes() -> pages::record::history::ChangesPage {
    let change = pages::record::history::ChangeView {
        label: HOSTILE,
        from: vec![hostile()],
        to: vec![hostile()],
    };
    let version = pages::record::history::VersionView {
        number: 1,
        what: hostile(),
        by: hostile(),
        at: hostile(),
        machine: hostile(),
        why: Some(hostile()),
        changes: vec![change],
    };
    pages::record::history::ChangesPage {
        shell: shell(),
        caption: hostile(),
        back: hostile(),
        versions: vec![version],
    }
}

fn children() -> pages::children::ChildrenPage {
    let clock = Clock { label: HOSTILE, words: hostile(), since: hostile(), alarm: true };
    let child = pages::children::ChildRow {
        href: hostile(),
        number: hostile(),
        title: hostile(),
        state: tag(),
        immediate: true,
        clocks: vec![clock],
        steps: vec![hostile()],
        force: hostile(),
        simulated: true,
    };
    pages::children::ChildrenPage {
        shell: shell(),
        new: Some(anchor()),
        counts: counts(),
        rows: vec![child],
        pages: pages_around(),
    }
}

fn figures() -> pages::figures::FiguresPage {
    let figure = pages::figures::FigureRow {
        title: HOSTILE,
        sentence: HOSTILE,
        inside: hostile(),
        outside: hostile(),
        key: HOSTILE,
    };
    pages::figures::FiguresPage {
        shell: shell(),
        new: Some(anchor()),
        scope: hostile(),
        forces: vec![choice()],
        rows: vec![figure],
        address: hostile(),
        as_at: hostile(),
        force: hostile(),
        table: vec![pages::figures::ForceRow {
            name: HOSTILE,
            key: HOSTILE,
            amounts: vec![(HOSTILE, hostile())],
            bar: 50,
        }],
        columns: vec![HOSTILE],
        drawable: vec![choice()],
        drawn: HOSTILE,
        releases: vec![row()],
    }
}

fn figures_over_time() -> pages::figures::over_time::OverTimePage {
    use pages::figures::over_time::{Chart, Column, OverTimePage};
    let column = Column {
        x: 12,
        y: 20,
        width: 36,
        height: 70,
        middle: 30,
        above: 15,
        amount: hostile(),
        short: hostile(),
        when: hostile(),
    };
    let chart = || Chart { title: HOSTILE, width: 60, columns: vec![column.clone()] };
    OverTimePage {
        shell: shell(),
        scope: HOSTILE,
        forces: vec![choice()],
        months: vec![chart()],
        releases: vec![chart()],
    }
}

fn figures_behind() -> pages::figures::behind::BehindPage {
    pages::figures::behind::BehindPage {
        shell: shell(),
        sentence: HOSTILE,
        scope: hostile(),
        tally: hostile(),
        csv: hostile(),
        rows: vec![row()],
        pages: pages_around(),
    }
}

fn figures_release() -> pages::figures::release::ReleasePage {
    let line = pages::figures::release::FigureLine {
        title: hostile(),
        sentence: hostile(),
        amounts: vec![hostile()],
    };
    let table = pages::figures::release::FigureTable {
        title: hostile(),
        rows: vec![(HOSTILE, vec![hostile()])],
    };
    let change = pages::figures::release::ChangeLine { title: HOSTILE, words: hostile() };
    let decision = pendeen_casework::figure::frozen::Decision {
        figure: hostile(),
        whose: pendeen_casework::figure::table::Whose::All,
        decided_by: hostile(),
        why: hostile(),
        recorded_by: hostile(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    pages::figures::release::ReleasePage {
        shell: shell(),
        number: hostile(),
        state: hostile(),
        whose: HOSTILE,
        as_at: hostile(),
        notes: hostile(),
        threshold: 5,
        out: 1,
        digest: hostile(),
        label: hostile(),
        hands: vec![(HOSTILE, hostile())],
        whole: true,
        figures: vec![line],
        tables: vec![table],
        decisions: vec![decision],
        changes: Some((hostile(), vec![change])),
    }
}

fn audit(verdict: Verdict) -> pages::audit::AuditPage {
    let entry = pages::audit::EntryRow {
        seq: 7,
        at: hostile(),
        who: hostile(),
        kind: HOSTILE,
        action: hostile(),
        recipient: Some(hostile()),
        about: Some((hostile(), hostile())),
        values: vec![(hostile(), hostile())],
    };
    pages::audit::AuditPage {
        shell: shell(),
        verdict,
        outside: pages::audit::Outside { words: hostile(), late: true },
        filter: pages::audit::Filter {
            number: hostile(),
            action: hostile(),
            from: hostile(),
            until: hostile(),
            record: hostile(),
            ..pages::audit::Filter::default()
        },
        people: vec![choice()],
        kinds: vec![choice()],
        owed: vec![pages::audit::OwedRow {
            who: hostile(),
            since: hostile(),
            href: Some(hostile()),
        }],
        tally: hostile(),
        rows: vec![entry],
        pages: pages_around(),
    }
}

/// The link to a sign-in service.
fn service() -> Option<crate::oidc::pages::ServiceLink> {
    Some(crate::oidc::pages::ServiceLink { label: hostile(), href: hostile() })
}

/// The pages about getting in.
fn access() -> Vec<(&'static str, Box<dyn askama::DynTemplate>)> {
    use crate::oidc::pages::{LinkingPage, RefusedPage, ServiceLink, SignedOutPage};
    use pages::account::{AccountPage, DeviceRow, token::TokenRow};
    use pages::administration::person::{PersonForm, PersonPage};
    use pages::administration::{AdministrationPage, PersonRow};
    use pages::sign_in::enrol::EnrolPage;
    use pages::sign_in::second_step::{CodePage, RecoveryPage, SetUpPage};
    let token = TokenRow {
        name: hostile(),
        scopes: hostile(),
        last_used: hostile(),
        state: hostile(),
        revoke: Some(hostile()),
    };
    let device = DeviceRow {
        end: hostile(),
        device: hostile(),
        began: hostile(),
        last_used: hostile(),
        this: false,
    };
    let form = PersonForm {
        name: hostile(),
        roles: vec![choice()],
        forces: vec![choice()],
        agency: hostile(),
    };
    let row = PersonRow {
        href: hostile(),
        name: hostile(),
        username: hostile(),
        roles: hostile(),
        force: hostile(),
        disabled: true,
    };
    vec![
        (
            "administration/page",
            Box::new(AdministrationPage {
                shell: shell(),
                errors: errors(),
                people: vec![row],
                username: hostile(),
                form: form.clone(),
                required: vec![choice()],
                required_roles: vec![choice()],
                settings: vec![(hostile(), hostile())],
                forces: vec![("E23000035", "Devon and Cornwall")],
            }),
        ),
        (
            "administration/person",
            Box::new(PersonPage {
                shell: shell(),
                errors: errors(),
                address: hostile(),
                username: hostile(),
                disabled: true,
                factor: true,
                service: Some(hostile()),
                link: Some(hostile()),
                link_hours: 72,
                form,
            }),
        ),
        ("code", Box::new(CodePage { shell: shell(), errors: errors(), next: hostile() })),
        (
            "set_up",
            Box::new(SetUpPage {
                shell: shell(),
                errors: errors(),
                action: "/sign-in/set-up",
                secret: hostile(),
                qr: (hostile(), 41),
                replaces: true,
                next: hostile(),
            }),
        ),
        (
            "recovery_codes",
            Box::new(RecoveryPage { shell: shell(), codes: vec![hostile()], next: hostile() }),
        ),
        (
            "enrol",
            Box::new(EnrolPage {
                shell: shell(),
                errors: errors(),
                name: hostile(),
                username: hostile(),
                secret: hostile(),
                service: service(),
            }),
        ),
        (
            "account/page",
            Box::new(AccountPage {
                shell: shell(),
                errors: errors(),
                factor: true,
                left: 3,
                devices: vec![device],
                tokens: vec![token],
                scopes: vec![choice()],
                fresh: Some(hostile()),
                service: Some(hostile()),
                mail: Some(hostile()),
            }),
        ),
        (
            "account-provider",
            Box::new(LinkingPage {
                shell: shell(),
                errors: errors(),
                label: hostile(),
                since: None,
                proven: Some(hostile()),
            }),
        ),
        (
            "account-provider-linked",
            Box::new(LinkingPage {
                shell: shell(),
                errors: errors(),
                label: hostile(),
                since: Some(hostile()),
                proven: None,
            }),
        ),
        ("provider-refused", Box::new(RefusedPage { shell: shell(), lines: vec![hostile()] })),
        (
            "signed-out",
            Box::new(SignedOutPage {
                shell: shell(),
                service: ServiceLink { label: hostile(), href: hostile() },
            }),
        ),
    ]
}

fn rendered() -> Vec<(&'static str, String)> {
    let mut pages = Vec::new();
    let mut add = |name, page: &dyn askama::DynTemplate| {
        pages.push((name, page.dyn_render().expect("every template renders")));
    };
    add("error", &ErrorPage { shell: shell(), lines: vec![hostile()] });
    add(
        "sign_in",
        &pages::sign_in::SignIn {
            shell: shell(),
            errors: errors(),
            username: hostile(),
            next: hostile(),
            service: service(),
        },
    );
    for (name, page) in access() {
        add(name, &*page);
    }
    let work_row = pages::work::WorkRow {
        urgency: tag(),
        href: hostile(),
        what: hostile(),
        due: Some(due()),
        number: hostile(),
        title: hostile(),
        simulated: true,
        force: hostile(),
    };
    let more = pages::work::MoreRow { href: hostile(), what: hostile(), count: 2, late: 1 };
    add(
        "work",
        &pages::work::Work {
            shell: shell(),
            counts: counts(),
            saved: vec![saved()],
            sections: vec![pages::work::Section {
                heading: HOSTILE,
                lines: vec![pages::work::Line::One(work_row), pages::work::Line::More(more)],
            }],
            pages: pages_around(),
            unlisted: Some(hostile()),
        },
    );
    add(
        "record/list",
        &pages::record::list::ListPage {
            shell: shell(),
            address: hostile(),
            new: Some(anchor()),
            filter: filter(),
            saved: vec![saved()],
            tally: hostile(),
            rows: vec![row()],
            pages: pages_around(),
        },
    );
    for stage in [Stage::Choose(vec![anchor()]), Stage::Confirm(form()), Stage::Done] {
        add("record/bulk", &bulk(stage));
    }
    add(
        "take_next",
        &pages::take_next::TakeNextPage {
            shell: shell(),
            taken: vec![pages::take_next::TakenView {
                row: row(),
                what: hostile(),
                due: Some(due()),
                give_back: hostile(),
            }],
            nothing: true,
        },
    );
    for glance in glances() {
        add(
            "record/page",
            &pages::record::page::RecordPage {
                shell: shell(),
                record: record(),
                glance,
                same: vec![pages::record::person::SameView {
                    other: anchor(),
                    confirmed: true,
                    asserted: hostile(),
                    statement: anchor(),
                }],
            },
        );
    }
    add("items", &items());
    add(
        "search",
        &pages::search::SearchPage {
            shell: shell(),
            words: hostile(),
            kinds: vec![choice()],
            tally: hostile(),
            rows: vec![row()],
            csv: Some(hostile()),
        },
    );
    add("children", &children());
    for (name, page) in oversight::pages() {
        add(name, &*page);
    }
    add("durations", &durations());
    add("record/changes", &changes());
    add("figures", &figures());
    add("figures over time", &figures_over_time());
    add("figures behind", &figures_behind());
    add("figures release", &figures_release());
    for verdict in
        [Verdict::Whole(hostile(), hostile()), Verdict::Broken(hostile()), Verdict::NotChecked]
    {
        add("audit", &audit(verdict));
    }
    add("form", &pages::record::form::FormPage { shell: shell(), form: form() });
    add("reason", &pages::reason::ReasonPage { shell: shell(), form: form(), urgent: true });
    pages
}

#[test]
fn every_template_renders_and_escapes_what_people_typed() {
    for (name, html) in rendered() {
        assert!(html.contains("&#60;script&#62;alert(1)"), "{name} does not show its sample");
        assert!(!html.contains("<script>alert"), "{name} lets markup through");
        assert!(!html.contains(" style="), "{name} has an inline style, which the policy blocks");
        assert_eq!(html.matches("<h1").count(), 1, "{name} has one main heading");
        assert!(html.contains("OFFICIAL-SENSITIVE"), "{name} carries no handling mark");
    }
}
