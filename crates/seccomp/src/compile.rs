//! From a config to a program.

use fault::{Fault, Result};
use oci::seccomp::{Action, Argument, Seccomp, Syscalls};

use crate::action::Verdict;
use crate::arch::{Arch, X32_BIT};
use crate::condition::Condition;
use crate::multiplexed;
use crate::program::{ARCH, Filter, Instruction, NUMBER};
use crate::syscalls;
use crate::tree::{self, Leaf, Rule, Segment};

/// `BPF_MAXINSNS`. Source: linux/bpf_common.h.
const LONGEST: usize = 4096;

/// The call by which the listener's descriptor is sent: it cannot wait for the listener itself.
const SENDS: &str = "sendmsg";

/// Flags of seccomp(2), and their bits.
const FLAGS: [(&str, u32); 4] = [
    ("SECCOMP_FILTER_FLAG_TSYNC", 1),
    ("SECCOMP_FILTER_FLAG_LOG", 2),
    ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", 4),
    ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 32),
];
const TSYNC: u32 = 1;
const SPEC_ALLOW: u32 = 4;
const NEW_LISTENER: u32 = 8;
const WAIT_KILLABLE: u32 = 32;

/// All flags, as the specification names them.
pub fn flags() -> Vec<&'static str> {
    FLAGS.iter().map(|(name, _)| *name).collect()
}

/// Compiles a filter for a machine whose own architecture is `native`; nothing if everything is allowed. The
/// other half of the answer are names that no architecture has: the specification wants a warning of them.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn compile(asked: &Seccomp, native: Arch) -> Result<(Option<Filter>, Vec<String>)> {
    if asked.default_action == Action::Allow && asked.syscalls.is_empty() {
        return Ok((None, Vec::new()));
    }
    let profile = Profile::read(asked)?;
    let architectures = architectures(asked, native)?;
    let mut unknown = Vec::new();
    let tables = Table::all(asked, &profile, &architectures, &mut unknown);
    let notifies = profile.groups.iter().any(|group| group.verdict.notifies());
    let instructions = assemble(&tables);
    if instructions.len() > LONGEST {
        let why =
            format!("the filter has {} instructions, and the kernel takes {LONGEST}", instructions.len());
        return Err(Fault::invalid("linux.seccomp.syscalls", why)
            .hint("list fewer calls with conditions, or fewer architectures"));
    }
    Ok((Some(Filter::new(&instructions, bits(asked, notifies)?, notifies)), unknown))
}

/// What the profile says, apart from names.
struct Profile {
    default: Verdict,
    groups: Vec<Group>,
    /// Calls that are newer than the profile: those whose number is above all that it lists.
    newer: Option<Verdict>,
    /// Numbers of 32-bit x86 that are a second way to a call, each with its group.
    ways: Vec<(u32, usize)>,
}

/// One entry of the profile. Any of the alternatives must hold; there is an empty one if all calls fit.
struct Group {
    verdict: Verdict,
    alternatives: Vec<Vec<Condition>>,
}

impl Profile {
    fn read(asked: &Seccomp) -> Result<Profile> {
        let field = |name: &str| format!("linux.seccomp.{name}");
        let default = Verdict::of(asked.default_action, asked.default_errno_ret, &field("defaultErrnoRet"))?;
        if default.notifies() {
            let why = "`SCMP_ACT_NOTIFY` cannot be the default: nobody could start the program";
            return Err(Fault::invalid(field("defaultAction"), why));
        }
        let groups = asked.syscalls.iter().enumerate();
        let mut groups = groups.map(|(at, group)| Group::read(group, at)).collect::<Result<Vec<_>>>()?;
        let ways = second_ways(asked, &mut groups)?;
        let notifies = groups.iter().any(|group| group.verdict.notifies());
        if notifies && asked.listener_path.is_empty() {
            return Err(Fault::invalid(
                field("listenerPath"),
                "it is missing: nobody decides `SCMP_ACT_NOTIFY`",
            ));
        }
        if asked.listener_path.is_empty() && !asked.listener_metadata.is_empty() {
            return Err(Fault::invalid(
                field("listenerMetadata"),
                "there is no `listenerPath` to send it to",
            ));
        }
        // A program asks a kernel for a new call, and does it the old way if the kernel does not have it. It
        // must not be told "forbidden" instead, only because the profile is older than the call.
        let newer = (!default.lets_pass() && default != Verdict::UNKNOWN).then_some(Verdict::UNKNOWN);
        Ok(Profile { default, groups, newer, ways })
    }
}

impl Group {
    fn read(asked: &Syscalls, at: usize) -> Result<Group> {
        let field = format!("linux.seccomp.syscalls[{at}]");
        if asked.names.is_empty() {
            return Err(Fault::invalid(format!("{field}.names"), "it is empty"));
        }
        let verdict = Verdict::of(asked.action, asked.errno_ret, &format!("{field}.errnoRet"))?;
        if verdict.notifies() && asked.names.iter().any(|name| name == SENDS) {
            let why = format!("`{SENDS}` cannot be notified of: it is what the listener is reached by");
            return Err(Fault::invalid(format!("{field}.names"), why));
        }
        let condition = |(at, one): (usize, &Argument)| Condition::of(one, &format!("{field}.args[{at}]"));
        let conditions = asked.args.iter().enumerate().map(condition).collect::<Result<Vec<_>>>()?;
        let mut indexes: Vec<u32> = asked.args.iter().map(|one| one.index).collect();
        indexes.sort_unstable();
        // Two about the same argument: any of them, as libseccomp's callers have always had it.
        let any = indexes.windows(2).any(|pair| pair[0] == pair[1]);
        let alternatives =
            if any { conditions.into_iter().map(|one| vec![one]).collect() } else { vec![conditions] };
        Ok(Group { verdict, alternatives })
    }
}

/// Groups about the calls that stand for others on 32-bit x86. Only for what holds whatever the arguments are: those
/// of the other call are in memory then, where no filter can look.
fn second_ways(asked: &Seccomp, groups: &mut Vec<Group>) -> Result<Vec<(u32, usize)>> {
    let mut ways = Vec::new();
    for (at, group) in asked.syscalls.iter().enumerate().filter(|(_, group)| group.args.is_empty()) {
        for (number, argument) in group.names.iter().filter_map(|name| multiplexed::way(name)) {
            ways.push((number, groups.len()));
            let condition = Condition::of(&argument, "linux.seccomp")?;
            groups.push(Group { verdict: groups[at].verdict, alternatives: vec![vec![condition]] });
        }
    }
    Ok(ways)
}

fn architectures(asked: &Seccomp, native: Arch) -> Result<Vec<Arch>> {
    let mut all = vec![native];
    for (at, name) in asked.architectures.iter().enumerate() {
        if !Arch::is_known(name) {
            let field = format!("linux.seccomp.architectures[{at}]");
            return Err(Fault::invalid(field, format!("there is no `{name}`")));
        }
        all.extend(Arch::named(name).filter(|arch| arch.happens_on(native) && !all.contains(arch)));
    }
    Ok(all)
}

fn bits(asked: &Seccomp, notifies: bool) -> Result<u32> {
    // As with runc: a filter alone is no reason to slow a program down.
    let Some(names) = &asked.flags else { return Ok(SPEC_ALLOW | if notifies { NEW_LISTENER } else { 0 }) };
    let mut bits = if notifies { NEW_LISTENER } else { 0 };
    for (at, name) in names.iter().enumerate() {
        let (_, bit) = FLAGS.iter().find(|(known, _)| known == name).ok_or_else(|| {
            Fault::invalid(format!("linux.seccomp.flags[{at}]"), format!("there is no `{name}`"))
        })?;
        bits |= bit;
    }
    // It is about listeners; and there is one thread, so there is nobody to be kept in step.
    let void = if notifies { TSYNC } else { WAIT_KILLABLE | TSYNC };
    Ok(bits & !void)
}

/// What happens to the calls of one architecture.
struct Table {
    arch: Arch,
    default: Verdict,
    segments: Vec<Segment>,
}

impl Table {
    fn all(
        asked: &Seccomp,
        profile: &Profile,
        architectures: &[Arch],
        unknown: &mut Vec<String>,
    ) -> Vec<Table> {
        let calls: usize = asked.syscalls.iter().map(|group| group.names.len()).sum();
        let mut numbers = vec![Vec::with_capacity(calls); architectures.len()];
        for (at, group) in asked.syscalls.iter().enumerate() {
            for name in &group.names {
                let Some(row) = syscalls::row(name) else {
                    unknown.extend((!syscalls::is_elsewhere(name)).then(|| name.clone()));
                    continue;
                };
                for (arch, numbers) in architectures.iter().zip(&mut numbers) {
                    numbers.extend(syscalls::number(row, *arch).map(|number| (number, at)));
                }
            }
        }
        let table = |(arch, mut numbers): (&Arch, Vec<(u32, usize)>)| {
            if *arch == Arch::X86 {
                numbers.extend(&profile.ways);
            }
            numbers.sort_unstable();
            Table {
                arch: *arch,
                default: profile.default,
                segments: segments(&numbers, profile, arch.is_wide()),
            }
        };
        architectures.iter().zip(numbers).map(table).collect()
    }
}

/// Sorts out what happens to each number, and joins neighbours to which the same happens. `numbers` are sorted,
/// each with the group that names it.
fn segments(numbers: &[(u32, usize)], profile: &Profile, wide: bool) -> Vec<Segment> {
    let default = || Leaf::Plain(profile.default);
    let mut all: Vec<Segment> = vec![(0, default())];
    let mut push = |from: u32, leaf: Leaf| match all.last_mut() {
        Some((_, last)) if *last == leaf => {}
        Some((start, last)) if *start == from => *last = leaf,
        _ => all.push((from, leaf)),
    };
    let mut next = 0;
    for same in numbers.chunk_by(|a, b| a.0 == b.0) {
        let number = same[0].0;
        if number > next {
            push(next, default());
        }
        let groups = same.iter().map(|(_, group)| &profile.groups[*group]);
        push(number, leaf(groups, profile.default, wide));
        next = number + 1;
    }
    let newer = profile.newer.filter(|_| !numbers.is_empty());
    push(next, newer.map_or_else(default, Leaf::Plain));
    // A tracer that skips a call sets its number to this; it is no new call.
    push(u32::MAX, default());
    all
}

/// What all groups that name a call say together. One without conditions says it all; otherwise the first that
/// fits. A group that says what is said anyhow says nothing: libseccomp refuses such, and its callers skip them.
fn leaf<'a>(groups: impl Iterator<Item = &'a Group>, otherwise: Verdict, wide: bool) -> Leaf {
    let mut rules: Vec<Rule> = Vec::new();
    for group in groups.filter(|group| group.verdict != otherwise) {
        if group.alternatives.iter().any(Vec::is_empty) {
            return Leaf::Plain(group.verdict);
        }
        rules.extend(group.alternatives.iter().map(|all| (all.clone(), group.verdict)));
    }
    if rules.is_empty() { Leaf::Plain(otherwise) } else { Leaf::Rules { rules, otherwise, wide } }
}

/// A block for each architecture that the kernel tells apart, and the end for all others.
fn assemble(tables: &[Table]) -> Vec<Instruction> {
    let mut out = vec![Instruction::load(ARCH)];
    for table in tables.iter().filter(|table| table.arch != Arch::X32) {
        let mut segments = table.segments.clone();
        if table.arch == Arch::X86_64 {
            segments.retain(|(from, _)| *from != u32::MAX);
            segments.extend(x32(tables));
            segments.push((u32::MAX, Leaf::Plain(table.default)));
        }
        let block = tree::emit(&segments);
        out.push(Instruction::if_equal(table.arch.audit(), 1, 0));
        // The block, and the instruction before it.
        out.push(Instruction::skip(u32::try_from(block.len() + 1).unwrap_or(u32::MAX)));
        out.push(Instruction::load(NUMBER));
        out.extend(block);
    }
    out.push(Instruction::give(Verdict::FOREIGN.0));
    out
}

/// Numbers of x32 are those with a bit more, for the same architecture. If nothing is said about x32, its calls
/// are foreign ones.
fn x32(tables: &[Table]) -> Vec<Segment> {
    match tables.iter().find(|table| table.arch == Arch::X32) {
        None => vec![(X32_BIT, Leaf::Plain(Verdict::FOREIGN))],
        Some(table) => {
            let calls = table.segments.iter().filter(|(from, _)| *from != u32::MAX);
            calls.map(|(from, leaf)| (from | X32_BIT, leaf.clone())).collect()
        }
    }
}
