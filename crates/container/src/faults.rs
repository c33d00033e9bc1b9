//! What to make of a fault: what to try, and the exit code for it.

use fault::{Fault, Kind};
use plan::Step;

/// Exit codes with Docker's meaning.
const OURS: u8 = 125;
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// What to try, where it is this machine that does not let us.
pub fn advise(fault: Fault, in_user_namespace: bool) -> Fault {
    if fault.kind() != Kind::Denied {
        return fault;
    }
    fault.or_hint(in_user_namespace.then(forbidden_user_namespaces).flatten())
}

/// Settings by which distributions keep ordinary users from making user namespaces, or from using them.
const FORBIDS: [(&str, &str); 3] = [
    ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0"),
    ("/proc/sys/user/max_user_namespaces", "0"),
];

fn forbidden_user_namespaces() -> Option<String> {
    let is_set =
        |(path, value): &&(&str, &str)| std::fs::read_to_string(path).is_ok_and(|text| text.trim() == *value);
    let (path, value) = FORBIDS.iter().find(is_set)?;
    Some(format!("this machine forbids user namespaces to ordinary users: `{path}` is {value}"))
}

/// The exit code of a `run` that did not work: the program's fault, or ours. By the step that failed, not by
/// words in the message: a missing root folder is no missing program.
pub fn exit_code(fault: &Fault) -> u8 {
    let find = Step::FindProgram { name: String::new(), path: String::new() }.to_string();
    let exec = Step::Exec { args: Vec::new(), env: Vec::new() }.to_string();
    let sentence = fault.sentence();
    // Both end with the program's name in quotes; what stands before it names the step.
    let about = |step: &str| sentence.starts_with(&format!("cannot {}", step.trim_end_matches('`')));
    match fault.kind() {
        _ if !about(&find) && !about(&exec) => OURS,
        Kind::NotFound => NOT_FOUND,
        // A folder on the way to it is a file.
        _ if fault.errno() == Some(20) => NOT_FOUND,
        _ => NOT_EXECUTABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_fault_it_is_is_told_by_the_step() {
        let find = Step::FindProgram { name: "x".to_string(), path: String::new() };
        let of = |kind, step: &Step| exit_code(&Fault::new(kind, "y").during(step.to_string()));
        assert_eq!(of(Kind::NotFound, &find), 127);
        assert_eq!(of(Kind::Denied, &find), 126);
        assert_eq!(of(Kind::NotFound, &Step::MakeLinks), 125);
        let exec = Step::Exec { args: vec!["x".to_string()], env: vec![] };
        assert_eq!(of(Kind::Failed, &exec), 126);
        assert_eq!(exit_code(&Fault::new(Kind::NotFound, "find image `x`")), 125);
    }
}
