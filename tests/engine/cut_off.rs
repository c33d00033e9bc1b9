//! Commands about containers that are killed at any of their system calls, or of which a call fails: what is said of the
//! container is so, the next command works, and after `rm -f` nothing is left.

use lab::{Call, Nagaya, Output};

use crate::points::{Point, Wrong, at, chosen, points};
use crate::world::World;

/// So many points of each command.
const POINTS: usize = 30;

/// A command, what is there before it, and what must be so after it.
pub(crate) struct Trial {
    pub(crate) name: &'static str,
    pub(crate) before: fn(&World),
    pub(crate) call: fn(&World) -> Call,
    /// Whether the next command does what this one did not.
    pub(crate) after: fn(&World, &Output) -> Result<(), String>,
}

/// What has been tried.
#[derive(Debug, Default)]
struct Seen {
    points: usize,
    hit: usize,
    /// Something was half done, or not done.
    changed: usize,
    failures: Vec<String>,
}

impl Trial {
    fn one(&self, world: &World, point: &Point, wrong: Wrong, seen: &mut Seen) {
        (self.before)(world);
        let before = world.status();
        let (output, hit) = at((self.call)(world), &world.lab, point, wrong, &[]);
        seen.hit += usize::from(hit);
        let mut wrongs = Vec::new();
        if wrong != Wrong::Killed {
            wrongs.extend(unclear(&output, self.name));
        }
        wrongs.extend(world.contradiction());
        seen.changed += usize::from(world.status() != before);
        wrongs.extend((self.after)(world, &output).err());
        wrongs.extend(world.left_after_rm());
        if !wrongs.is_empty() {
            seen.failures.push(format!("at {point}: {wrongs:#?}; the command: {output:?}"));
        }
    }

    fn everywhere(&self, wrong: Wrong) -> Seen {
        let world = World::new();
        (self.before)(&world);
        let points = chosen(points((self.call)(&world), &world.lab), wrong, POINTS);
        assert_eq!(world.left_after_rm(), [""; 0], "{}, left alone", self.name);
        let mut seen = Seen { points: points.len(), ..Seen::default() };
        for point in &points {
            self.one(&world, point, wrong, &mut seen);
        }
        let checked = world.lab.nagaya(&["system", "check"]).output();
        assert_eq!(checked.code, 0, "{checked:?}");
        seen
    }

    pub(crate) fn report(&self, wrong: Wrong) {
        let seen = self.everywhere(wrong);
        assert!(seen.failures.is_empty(), "{}, {wrong:?}: {:#?}", self.name, seen.failures);
        let Seen { points, hit, changed, .. } = &seen;
        let line = format!(
            "{}, {wrong:?}: {points} points, {hit} hit, {changed} of them changed something\n",
            self.name
        );
        assert!(std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).is_ok());
        assert!(seen.hit * 2 > seen.points, "too few: {line}");
    }
}

/// A command that does not work says so in one line; one that works has no reason to.
fn unclear(output: &Output, name: &str) -> Option<String> {
    let errors = output.stderr.lines().filter(|line| line.starts_with("error: cannot ")).count();
    let crashed = output.stderr.contains("panicked") || [132, 134, 135, 136, 139].contains(&output.code);
    let fine = if output.code == 0 { errors == 0 } else { errors == 1 };
    // What the container's own program says goes to the same place.
    (crashed || !fine && name != "exec").then(|| format!("{errors} errors, code {}", output.code))
}
