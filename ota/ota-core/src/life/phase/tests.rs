use super::*;

fn v(text: &str) -> Version {
    text.parse().unwrap()
}

fn at() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

fn started<'a>(running: &'a Version, update_was_tried: bool) -> StartFacts<'a> {
    StartFacts { running, update_was_tried, cause: None, at: at() }
}

fn pending() -> Phase {
    Phase::RestartPending { version: v("1.1.0"), at: None }
}

#[test]
fn an_update_goes_its_way() {
    let mut phase = Phase::default();
    for event in [
        Event::Check { at: at() },
        Event::Found { version: v("1.1.0") },
        Event::Progress { done: 0, total: 10 },
        Event::Progress { done: 10, total: 10 },
        Event::Fetched { version: v("1.1.0") },
        Event::Step { step: Action::Forget },
        Event::Step { step: Action::Arm },
        Event::Armed { restart_at: Some(at()) },
    ] {
        phase = phase.on(event).unwrap();
    }
    assert_eq!(phase, Phase::RestartPending { version: v("1.1.0"), at: Some(at()) });
    phase = phase.after_start(&started(&v("1.1.0"), true));
    assert_eq!(phase, Phase::Trial { version: v("1.1.0"), since: at() });
    phase = phase.on(Event::MarkedGood { at: at() }).unwrap();
    assert_eq!(phase, Phase::Good { version: v("1.1.0"), at: at() });
}

#[test]
fn what_cannot_happen_is_refused() {
    for (phase, event) in [
        (Phase::Idle, Event::Step { step: Action::Forget }),
        (Phase::Available { version: v("1.1.0") }, Event::Step { step: Action::Forget }),
        (Phase::Ready { version: v("1.1.0") }, Event::Armed { restart_at: None }),
        (pending(), Event::MarkedGood { at: at() }),
        (pending(), Event::Check { at: at() }),
        (pending(), Event::GivenUp),
        (Phase::Trial { version: v("1.1.0"), since: at() }, Event::Fetched { version: v("1.2.0") }),
    ] {
        assert!(phase.clone().on(event.clone()).is_err(), "{phase:?} {event:?}");
    }
}

#[test]
fn after_a_start_it_is_told_what_became_of_it() {
    let (old, new) = (v("1.0.0"), v("1.1.0"));
    let installing = || Phase::Installing { version: v("1.1.0"), step: Action::WriteRoot };
    // Cut while it was written: again, from what is here.
    assert_eq!(installing().after_start(&started(&old, false)), Phase::Ready { version: new.clone() });
    // Cut between arming and storing that it was armed.
    assert_eq!(
        installing().after_start(&started(&new, true)),
        Phase::Trial { version: new.clone(), since: at() }
    );
    // Armed, and never started: a tryboot that a cut swallowed.
    assert_eq!(pending().after_start(&started(&old, false)), Phase::Ready { version: new.clone() });
    // Started, and the box is back.
    let facts = StartFacts { cause: Some("The kernel panicked."), ..started(&old, true) };
    let rolled_back = Phase::RolledBack {
        version: new.clone(),
        to: old.clone(),
        reason: "The kernel panicked.".to_owned(),
    };
    assert_eq!(pending().after_start(&facts), rolled_back);
    assert_eq!(installing().after_start(&facts), rolled_back);
    let trial = || Phase::Trial { version: v("1.1.0"), since: at() };
    assert_eq!(trial().after_start(&facts), rolled_back);
    assert!(matches!(trial().after_start(&started(&old, true)), Phase::RolledBack { .. }));
    assert_eq!(trial().after_start(&started(&new, true)), trial(), "its second try");
    assert_eq!(rolled_back.clone().after_start(&started(&old, false)), rolled_back);
    let downloading = Phase::Downloading { version: new.clone(), done: 1, total: 2 };
    assert_eq!(downloading.after_start(&started(&old, false)), Phase::Available { version: new });
    assert_eq!(Phase::Checking { since: at() }.after_start(&started(&old, false)), Phase::Idle);
}

#[test]
fn it_is_read_as_it_was_written() {
    let text = serde_json::to_string(&pending()).unwrap();
    assert_eq!(text, r#"{"phase":"restart_pending","version":"1.1.0","at":null}"#);
    assert_eq!(serde_json::from_str::<Phase>(&text).unwrap(), pending());
}
