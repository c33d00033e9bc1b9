//! Which devices a container may use: rules, and the BPF program that cgroup v2 wants for them.

use std::fmt;

use oci::DeviceRule;

/// A rule that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Allowed, or denied.
    pub allow: bool,
    /// Which devices.
    pub which: Which,
    /// Driver; nothing means any.
    pub major: Option<u32>,
    /// Which of the driver's; nothing means any.
    pub minor: Option<u32>,
    /// What may be done.
    pub access: Access,
}

/// A kind of devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them, whatever the numbers.
    All,
    /// Character devices.
    Char,
    /// Block devices.
    Block,
}

/// What may be done with a device. The bits are the kernel's (`BPF_DEVCG_ACC_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access(u8);

const MAKE: u8 = 1;
const READ: u8 = 2;
const WRITE: u8 = 4;
const ALL: u8 = MAKE | READ | WRITE;

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bit, letter) in [(READ, "r"), (WRITE, "w"), (MAKE, "m")] {
            if self.0 & bit != 0 {
                f.write_str(letter)?;
            }
        }
        Ok(())
    }
}

/// Devices that every container has: its terminal, /dev/null and friends, and nodes that it makes and
/// cannot open. Callers count on the runtime to allow them, whatever their own rules say, as runc does.
const ALWAYS: [(Which, Option<u32>, Option<u32>, u8); 11] = [
    (Which::Char, None, None, MAKE),
    (Which::Block, None, None, MAKE),
    (Which::Char, Some(1), Some(3), ALL),
    (Which::Char, Some(1), Some(8), ALL),
    (Which::Char, Some(1), Some(7), ALL),
    (Which::Char, Some(5), Some(0), ALL),
    (Which::Char, Some(1), Some(5), ALL),
    (Which::Char, Some(1), Some(9), ALL),
    (Which::Char, Some(136), None, ALL),
    (Which::Char, Some(5), Some(2), ALL),
    (Which::Char, Some(5), Some(1), ALL),
];

/// The caller's rules, checked, with those for the default devices behind them. No rules stay no rules.
///
/// # Errors
/// The number of the rule, its field, and what is wrong with it.
pub fn rules(asked: &[DeviceRule]) -> Result<Vec<Rule>, (usize, &'static str, String)> {
    let mut rules = Vec::new();
    for (number, rule) in asked.iter().enumerate() {
        rules.push(check(rule).map_err(|(field, why)| (number, field, why))?);
    }
    if !rules.is_empty() {
        let allow =
            |(which, major, minor, access)| Rule { allow: true, which, major, minor, access: Access(access) };
        rules.extend(ALWAYS.map(allow));
    }
    Ok(rules)
}

fn check(rule: &DeviceRule) -> Result<Rule, (&'static str, String)> {
    let which = match rule.kind.as_str() {
        "" | "a" => Which::All,
        "c" | "u" => Which::Char,
        "b" => Which::Block,
        other => return Err(("type", format!("expected `a`, `c` or `b`, got `{other}`"))),
    };
    let number = |field, value: Option<i64>| match value {
        None | Some(-1) => Ok(None),
        Some(value) => {
            u32::try_from(value).map(Some).map_err(|_| (field, format!("{value} is out of range")))
        }
    };
    let (major, minor) = (number("major", rule.major)?, number("minor", rule.minor)?);
    if which == Which::All && (major.is_some() || minor.is_some()) {
        return Err(("type", "devices with a number are `c` or `b`, not all".to_string()));
    }
    Ok(Rule { allow: rule.allow, which, major, minor, access: access(&rule.access)? })
}

fn access(letters: &str) -> Result<Access, (&'static str, String)> {
    let bit = |letter| match letter {
        'r' => Ok(READ),
        'w' => Ok(WRITE),
        'm' => Ok(MAKE),
        other => Err(("access", format!("expected some of `rwm`, got `{other}`"))),
    };
    let bits = letters.chars().try_fold(0, |bits, letter| Ok(bits | bit(letter)?))?;
    Ok(Access(if bits == 0 { ALL } else { bits }))
}

/// One instruction of a program: operation, registers, jump distance or offset, constant.
pub type Instruction = (u8, u8, i16, i32);

// Operations; the names are those of the kernel's samples. `R0` is the answer, `R1` the question.
const LOAD_WORD: u8 = 0x61;
const MOVE: u8 = 0xbf;
const MOVE_NUMBER: u8 = 0xb7;
const AND_NUMBER: u8 = 0x54;
const SHIFT_RIGHT: u8 = 0x74;
const JUMP_EQUAL: u8 = 0x15;
const JUMP_NOT_EQUAL: u8 = 0x55;
const JUMP_NOT_EQUAL_REGISTER: u8 = 0x5d;
const EXIT: u8 = 0x95;

const KIND: u8 = 2;
const ASKED: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;
const SCRATCH: u8 = 6;

/// The program that decides by these rules, the last one that fits first; what no rule names is allowed
/// only if there are no rules at all.
///
/// Source: <https://docs.kernel.org/bpf/prog_cgroup_sysctl.html> and `struct bpf_cgroup_dev_ctx` of linux/bpf.h.
pub fn program(rules: &[Rule]) -> Vec<Instruction> {
    // access_type: kind of device in the low half, what is asked in the high half; then major, minor.
    let mut program = vec![
        (LOAD_WORD, KIND | 1 << 4, 0, 0),
        (MOVE, ASKED | KIND << 4, 0, 0),
        (AND_NUMBER, KIND, 0, 0xffff),
        (SHIFT_RIGHT, ASKED, 0, 16),
        (LOAD_WORD, MAJOR | 1 << 4, 4, 0),
        (LOAD_WORD, MINOR | 1 << 4, 8, 0),
    ];
    for rule in rules.iter().rev() {
        let block = block(rule);
        let fits_all = block.len() == ANSWER;
        program.extend(block);
        if fits_all {
            // The kernel refuses a program with instructions that are never reached.
            return program;
        }
    }
    program.extend([(MOVE_NUMBER, 0, 0, i32::from(rules.is_empty())), (EXIT, 0, 0, 0)]);
    program
}

/// Instructions of an answer: what it is, and the end.
const ANSWER: usize = 2;

/// Tests one rule; falls through to the next block if it does not fit.
fn block(rule: &Rule) -> Vec<Instruction> {
    let mut tests: Vec<Instruction> = Vec::new();
    match rule.which {
        Which::All => {}
        Which::Block => tests.push((JUMP_NOT_EQUAL, KIND, 0, 1)),
        Which::Char => tests.push((JUMP_NOT_EQUAL, KIND, 0, 2)),
    }
    if rule.access != Access(ALL) {
        tests.push((MOVE, SCRATCH | ASKED << 4, 0, 0));
        tests.push((AND_NUMBER, SCRATCH, 0, i32::from(rule.access.0)));
        tests.push(if rule.allow {
            // Fits if nothing is asked beyond what the rule allows.
            (JUMP_NOT_EQUAL_REGISTER, SCRATCH | ASKED << 4, 0, 0)
        } else {
            // Fits if anything is asked that the rule denies.
            (JUMP_EQUAL, SCRATCH, 0, 0)
        });
    }
    for (register, number) in [(MAJOR, rule.major), (MINOR, rule.minor)] {
        if let Some(number) = number {
            tests.push((JUMP_NOT_EQUAL, register, 0, number.cast_signed()));
        }
    }
    jump_past(&mut tests);
    tests.extend([(MOVE_NUMBER, 0, 0, i32::from(rule.allow)), (EXIT, 0, 0, 0)]);
    tests
}

/// Every jump of these tests leads past the two instructions that answer.
fn jump_past(tests: &mut [Instruction]) {
    let length = tests.len();
    for (at, test) in tests.iter_mut().enumerate() {
        if matches!(test.0, JUMP_EQUAL | JUMP_NOT_EQUAL | JUMP_NOT_EQUAL_REGISTER) {
            test.2 = i16::try_from(length - at - 1 + ANSWER).unwrap_or(i16::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a program as the kernel would: the words are `access_type`, major, minor.
    fn allows(program: &[Instruction], context: [u32; 3]) -> bool {
        let (mut registers, mut at) = ([0_u64; 11], 0);
        loop {
            let (code, both, offset, number) = program[at];
            let (to, from) = (usize::from(both & 15), usize::from(both >> 4));
            let jump = match code {
                LOAD_WORD => {
                    registers[to] = context[usize::try_from(offset).unwrap() / 4].into();
                    false
                }
                MOVE => {
                    registers[to] = registers[from];
                    false
                }
                MOVE_NUMBER => {
                    registers[to] = u64::try_from(number).unwrap();
                    false
                }
                AND_NUMBER => {
                    registers[to] &= u64::try_from(number).unwrap();
                    false
                }
                SHIFT_RIGHT => {
                    registers[to] >>= number;
                    false
                }
                JUMP_EQUAL => registers[to] == u64::try_from(number).unwrap(),
                JUMP_NOT_EQUAL => registers[to] != u64::try_from(number).unwrap(),
                JUMP_NOT_EQUAL_REGISTER => registers[to] != registers[from],
                EXIT => return registers[0] == 1,
                other => panic!("unknown operation {other:#x}"),
            };
            at += 1 + if jump { usize::try_from(offset).unwrap() } else { 0 };
        }
    }

    fn ask(rules: &str, which: Which, major: u32, minor: u32, access: u8) -> bool {
        let asked: Vec<DeviceRule> = serde_json::from_str(rules).unwrap();
        let kind = if which == Which::Block { 1 } else { 2 };
        allows(&program(&super::rules(&asked).unwrap()), [u32::from(access) << 16 | kind, major, minor])
    }

    #[test]
    fn denied_by_default_but_for_what_every_container_has() {
        let rules = r#"[{"allow":false,"access":"rwm"},{"allow":true,"type":"b","major":8,"access":"r"}]"#;
        assert!(ask(rules, Which::Char, 1, 3, READ | WRITE), "/dev/null");
        assert!(ask(rules, Which::Char, 136, 5, READ | WRITE), "a terminal");
        assert!(ask(rules, Which::Block, 8, 1, READ), "asked for");
        assert!(!ask(rules, Which::Block, 8, 1, READ | WRITE), "writes, and only reading was asked for");
        assert!(!ask(rules, Which::Block, 254, 0, READ), "this machine's disk");
        assert!(!ask(rules, Which::Char, 10, 200, READ | WRITE), "/dev/net/tun");
        assert!(ask(rules, Which::Block, 254, 0, MAKE), "a node that cannot be opened");
    }

    #[test]
    fn the_last_rule_that_fits_decides() {
        let deny_again = r#"[{"allow":true},{"allow":false,"type":"c","major":10,"minor":200}]"#;
        assert!(ask(deny_again, Which::Block, 254, 0, READ));
        assert!(!ask(deny_again, Which::Char, 10, 200, READ));
        let deny_writing = r#"[{"allow":true},{"allow":false,"type":"b","major":8,"access":"w"}]"#;
        assert!(ask(deny_writing, Which::Block, 8, 0, READ));
        assert!(
            !ask(deny_writing, Which::Block, 8, 0, READ | WRITE),
            "writing is denied, with whatever else"
        );
        assert!(ask("[]", Which::Block, 254, 0, READ), "no rules, no limits");
    }

    #[test]
    fn a_wrong_rule_is_named() {
        let wrong = |json: &str| rules(&[serde_json::from_str(json).unwrap()]).unwrap_err().1;
        assert_eq!(wrong(r#"{"allow":true,"type":"x"}"#), "type");
        assert_eq!(wrong(r#"{"allow":true,"type":"c","major":4294967296}"#), "major");
        assert_eq!(wrong(r#"{"allow":true,"type":"c","minor":-2}"#), "minor");
        assert_eq!(wrong(r#"{"allow":true,"access":"rx"}"#), "access");
        assert_eq!(wrong(r#"{"allow":true,"type":"a","major":1}"#), "type");
    }
}
