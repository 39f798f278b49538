//! The trail holds what was permitted, and shows when somebody changed it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod readers;

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use access::{Access, Action, ApplicationEntity, AuditLog, DevelopmentUser, Refused, Right, Subject, verify};
use index_model::AeTitle;
use runtime::Clock;

fn access(folder: &Path, clock: &Clock) -> Access {
    Access::development(DevelopmentUser::default(), AuditLog::open(folder).unwrap(), clock.clone())
}

fn loopback() -> IpAddr {
    "127.0.0.1".parse().unwrap()
}

fn trail(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[tokio::test]
async fn every_permit_has_a_line_and_the_chain_goes_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    for start in 0..2 {
        let access = access(folder.path(), &Clock::fixed(start * 86_400_000));
        let caller = access.caller(loopback()).unwrap();
        for _ in 0..3 {
            access.permit(&caller, Action::Search, Subject::Registry).await.unwrap();
        }
    }
    assert_eq!(trail(folder.path()).len(), 6);
    let verified = verify(folder.path()).unwrap();
    assert_eq!((verified.lines, verified.broken.len()), (6, 0));
}

#[tokio::test]
async fn a_removed_or_changed_line_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let access = access(folder.path(), &Clock::fixed(0));
    let caller = access.caller(loopback()).unwrap();
    for key in 1..=5 {
        access.permit(&caller, Action::OpenPatient, Subject::Person(key)).await.unwrap();
    }
    let path = folder.path().join("audit-000000.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let removed: Vec<&str> = whole.lines().enumerate().filter(|(n, _)| *n != 2).map(|(_, line)| line).collect();
    fs::write(&path, removed.join("\n")).unwrap();
    assert_eq!(verify(folder.path()).unwrap().broken, ["audit-000000.jsonl:3"]);
    fs::write(&path, whole.replacen("\"key\":3", "\"key\":9", 1)).unwrap();
    assert!(verify(folder.path()).unwrap().broken.contains(&"audit-000000.jsonl:3".to_owned()));
}

#[tokio::test]
async fn a_line_that_was_cut_off_is_told_apart_from_one_that_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit-000000.jsonl");
    let permit = async |key| {
        let access = access(folder.path(), &Clock::fixed(0));
        let caller = access.caller(loopback()).unwrap();
        access.permit(&caller, Action::OpenPatient, Subject::Person(key)).await.unwrap();
    };
    permit(1).await;
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();
    assert_eq!(verify(folder.path()).unwrap().broken, ["audit-000000.jsonl:2"], "nothing tells yet what it was");
    permit(2).await;
    let verified = verify(folder.path()).unwrap();
    assert_eq!((verified.lines, verified.broken.len()), (2, 0));
    assert_eq!(verified.cut_off, ["audit-000000.jsonl:2"]);
    let lines = fs::read_to_string(&path).unwrap();
    fs::write(&path, lines.replacen("\"key\":1", "\"key\":9", 1)).unwrap();
    assert!(!verify(folder.path()).unwrap().broken.is_empty(), "one that was changed is not taken for one");
}

#[tokio::test]
async fn what_goes_out_in_one_view_or_comes_from_one_sender_shares_a_line_and_is_counted_when_it_ends() {
    for action in [Action::View, Action::RetrieveInstances, Action::Store] {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(1_000);
        let access = access(folder.path(), &clock);
        let caller = access.caller(loopback()).unwrap();
        for _ in 0..100 {
            access.permit(&caller, action, Subject::Study(7)).await.unwrap().count(1, 512);
        }
        assert_eq!(trail(folder.path()).len(), 1);
        clock.advance_ms(10 * 60 * 1000);
        access.conclude_old_views().await;
        let lines = trail(folder.path());
        assert_eq!(lines.len(), 2);
        assert!(lines[1].contains(r#""outcome":"concluded","items":100,"bytes":51200"#));
    }
}

#[tokio::test]
async fn nobody_from_outside_this_machine_is_a_caller() {
    let folder = tempfile::tempdir().unwrap();
    let access = access(folder.path(), &Clock::fixed(0));
    assert!(matches!(access.caller("192.0.2.1".parse().unwrap()), Err(Refused::NotSignedOn)));
    assert!(access.caller("::ffff:127.0.0.1".parse().unwrap()).is_ok());
}

#[tokio::test]
async fn without_an_audit_trail_there_is_no_permit() {
    let folder = tempfile::tempdir().unwrap();
    let access = access(folder.path(), &Clock::fixed(0));
    let caller = access.caller(loopback()).unwrap();
    let gone = folder.path().to_owned();
    drop(folder);
    assert!(!gone.exists());
    assert!(matches!(access.permit(&caller, Action::Search, Subject::Registry).await, Err(Refused::NoAudit(_))));
}

#[tokio::test]
async fn an_application_entity_has_the_rights_that_are_registered_and_its_own_name_in_the_trail() {
    let folder = tempfile::tempdir().unwrap();
    let (title, other) = (AeTitle::parse("WORKSTATION").unwrap(), AeTitle::parse("ARCHIVE").unwrap());
    let entity = ApplicationEntity { ae_title: title.clone(), may: vec![Right::Retrieve] };
    let audit = AuditLog::open(folder.path()).unwrap();
    let access = Access::development_with(DevelopmentUser::default(), vec![entity], audit, Clock::fixed(0));

    let caller = access.application_entity(&title, loopback()).unwrap();
    assert!(caller.may(Right::Retrieve) && !caller.may(Right::Query) && !caller.may(Right::Store));
    let moving = caller.sending_to(&other);
    access.permit(&moving, Action::RetrieveInstances, Subject::Study(3)).await.unwrap();
    let refused = access.permit(&caller, Action::Store, Subject::Registry).await;
    assert!(matches!(refused, Err(Refused::NotPermitted)));
    let lines = trail(folder.path());
    assert!(lines.len() == 1 && lines[0].contains(r#""user":"WORKSTATION""#), "{lines:?}");
    assert!(lines[0].contains(r#""recipient":"ARCHIVE""#), "{lines:?}");

    // In development mode a title that nobody registered is the development user, from this machine only.
    let unregistered = access.application_entity(&other, loopback()).unwrap();
    assert_eq!((unregistered.user().id.as_str(), unregistered.may(Right::Store)), ("development", true));
    let outside = access.application_entity(&title, "192.0.2.1".parse().unwrap());
    assert!(matches!(outside, Err(Refused::NotSignedOn)));
}

#[test]
fn two_writers_never_bind_their_lines_to_one() {
    let folder = tempfile::tempdir().unwrap();
    let first = AuditLog::open(folder.path()).unwrap();
    let place = folder.path().to_owned();
    let second = std::thread::spawn(move || AuditLog::open(&place).is_ok());
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(!second.is_finished(), "it waits for the first one's last line");
    drop(first);
    assert!(second.join().unwrap());
}
