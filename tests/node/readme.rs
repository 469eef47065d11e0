//! What README.md shows is what there is.

use std::process::Command;

use crate::node::Node;

const README: &str = include_str!("../../README.md");
const README_ZH: &str = include_str!("../../README.zh.md");
const EXAMPLE: &str = include_str!("../../schema/example/talk.py");

#[test]
fn the_configuration_table_is_the_codes() {
    let table = crest::config::markdown();
    for readme in [README, README_ZH] {
        assert!(
            readme.contains(&table),
            "put what `crest config table` prints into both READMEs"
        );
    }
}

#[test]
fn the_sixty_lines_of_python_are_the_ones_that_are_tested() {
    assert!(
        README.contains(EXAMPLE),
        "README.md shows schema/example/talk.py as it is"
    );
    assert!(EXAMPLE.lines().count() <= 60);
}

#[test]
fn the_sixty_lines_of_python_get_an_answer_from_a_real_node() {
    let node = Node::start();
    let python = std::env::var("CREST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let output = Command::new(&python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/schema/example/talk.py"
        ))
        .args([&node.url, "怎么退定金"])
        .output()
        .expect("`make test` installs a Python with websockets and msgpack; CREST_PYTHON names it");
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}{complained}");
    assert!(said.contains("定金"), "{said}");
}
