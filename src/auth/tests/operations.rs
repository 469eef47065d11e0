use crate::auth::{Access, Operation, Role};

/// The promise of the table, said again in another form: by role, what it may do.
#[test]
fn every_cell_of_operation_by_role_is_what_it_should_be() {
    let table = include_str!("../operations.expected");
    let mut expected = String::new();
    for operation in Operation::ALL {
        let cell = |role: Role| {
            if operation.allows(role) {
                role.as_str()
            } else {
                "-"
            }
        };
        let row = match operation.access() {
            Access::Public => "public".to_owned(),
            Access::Scraper => "scraper".to_owned(),
            Access::Roles(_) => Role::ALL
                .iter()
                .map(|role| cell(*role))
                .collect::<Vec<_>>()
                .join(" "),
        };
        expected.push_str(&format!("{} {row}\n", operation.as_str()));
    }
    assert_eq!(expected, table);
}

#[test]
fn the_table_grants_no_more_than_it_must() {
    use Operation as O;
    for operation in Operation::ALL {
        let customer = operation.allows(Role::Customer);
        let public = operation.access() == Access::Public;
        let theirs = matches!(
            operation,
            O::Hello
                | O::Ping
                | O::Send
                | O::Edit
                | O::Recall
                | O::Typing
                | O::Read
                | O::History
                | O::AskHuman
                | O::LeaveMessage
                | O::CallBack
                | O::Leave
                | O::Rate
        );
        assert_eq!(customer, public || theirs, "{operation:?}");
        if operation.as_str().starts_with("write_") && *operation != O::WriteCannedReply {
            assert!(!operation.allows(Role::Agent), "{operation:?}");
        }
    }
    let mut names: Vec<_> = Operation::ALL
        .iter()
        .map(|operation| operation.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Operation::ALL.len());
}
