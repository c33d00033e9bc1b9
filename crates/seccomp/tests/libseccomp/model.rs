//! The specification's words about rules, as a loop: what no compiler has touched.

use oci::seccomp::{Argument, Operator, Seccomp, Syscalls};

use crate::machine::Call;
use crate::reference::value;

/// Numbers of x86_64. Source: asm/unistd_64.h.
const NUMBERS: [(&str, u32); 8] = [
    ("read", 0),
    ("write", 1),
    ("openat", 257),
    ("clone", 56),
    ("kill", 62),
    ("chmod", 90),
    ("ioctl", 16),
    ("futex", 202),
];

/// What happens to one of those; nothing for others.
pub(crate) fn verdict(profile: &Seccomp, call: &Call) -> Option<u32> {
    let (name, _) = NUMBERS.iter().find(|(_, number)| *number == call.number)?;
    let default = value(profile.default_action, profile.default_errno_ret);
    let says = |group: &&Syscalls| {
        group.names.iter().any(|one| one == name) && value(group.action, group.errno_ret) != default
    };
    let groups = || profile.syscalls.iter().filter(says);
    let always = groups().find(|group| group.args.is_empty());
    let fits = always.or_else(|| groups().find(|group| holds(&group.args, call)));
    Some(fits.map_or(default, |group| value(group.action, group.errno_ret)))
}

fn holds(args: &[Argument], call: &Call) -> bool {
    let count = |index: u32| args.iter().filter(|one| one.index == index).count();
    let mut each = args.iter().map(|one| compare(one, call.args[one.index as usize]));
    if args.iter().any(|one| count(one.index) > 1) { each.any(|held| held) } else { each.all(|held| held) }
}

fn compare(one: &Argument, arg: u64) -> bool {
    match one.operator {
        Operator::NotEqual => arg != one.value,
        Operator::Less => arg < one.value,
        Operator::LessEqual => arg <= one.value,
        Operator::Equal => arg == one.value,
        Operator::GreaterEqual => arg >= one.value,
        Operator::Greater => arg > one.value,
        Operator::MaskedEqual => arg & one.value == one.value_two & one.value,
    }
}
