//! Commands for images on a disk that is full, or becomes full while they are at work.

use std::fs;

use lab::{Disk, Lab, apart};

use crate::trial::{Sources, Trial};

/// Bytes that are left when a command begins.
const ROOM: [u64; 7] = [0, 4 << 10, 32 << 10, 200 << 10, 800 << 10, 1500 << 10, 2500 << 10];

#[test]
fn a_full_disk() {
    apart(|| {
        let lab = Lab::new();
        let from = Sources::new(&lab);
        let disk = Disk::new(&lab, 40);
        for verb in ["pull", "load", "tag", "rmi", "prune"] {
            let trial = Trial::new(&lab, &disk, &from, verb, "index");
            let mut refused = 0;
            for room in ROOM {
                trial.begin();
                let filler = disk.fill(room);
                let output = trial.call().output();
                if output.code != 0 {
                    refused += 1;
                    output.no_crash();
                    let says = |words| output.stderr.contains(words);
                    let room_is_why = says("no space left") || says("all there is place for");
                    assert!(room_is_why, "{verb}, {room} bytes left: {output:?}");
                }
                fs::remove_file(filler).expect("what takes the room");
                // ext4 gives back what was freed when that is on the disk.
                disk.sync();
                let unsound = trial.unsound(output.code == 0, room == 0);
                assert!(unsound.is_none(), "{verb}, {room} bytes left: {unsound:?}, {output:?}");
            }
            match verb {
                // What makes room needs none.
                "rmi" | "prune" => assert_eq!(refused, 0, "{verb}"),
                "tag" => assert!(refused > 0, "{verb}: the disk was never full"),
                _ => assert!(refused > 2, "{verb}: the disk was hardly ever full"),
            }
            trial.end();
        }
    });
}
