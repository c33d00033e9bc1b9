//! Headers, numbers and extended fields of layers that somebody might send.

use crate::corpus::{Corpus, Who, all, tar};
use crate::smith::{Header, Smith, record};

/// A file of five bytes whose header somebody has changed.
fn with(change: impl FnOnce(Header) -> Header) -> Smith {
    tar().raw(change(Header::new(b'0', b"t/a").size(5)), b"bytes")
}

/// A file of five bytes, with fields in front of it.
fn fields(records: &[(&str, &[u8])]) -> Smith {
    tar().pax(records).file("t/a", b"bytes")
}

/// An extended header of any bytes.
fn raw_fields(kind: u8, body: &[u8]) -> Smith {
    tar().raw(Header::new(kind, b"PaxHeaders/x").size(body.len()), body).file("t/a", b"bytes")
}

const TAKEN: &[&str] = &["a file 5"];

#[test]
fn numbers_are_read_by_all_alike_or_not_at_all() {
    let base_256 = |last: u8| [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    all(
        &[
            ("nothing odd", with(|header| header), TAKEN),
            ("in base 256", with(|header| header.put(124, &base_256(5))), TAKEN),
            ("with blanks", with(|header| header.put(124, b"       5 \0\0\0")), TAKEN),
            ("without an end", with(|header| header.put(124, b"000000000005")), TAKEN),
            ("an owner of POSIX' longest", with(|header| header.put(108, b"07777777")), TAKEN),
            ("a time before 1970", with(|header| header.put(136, &[0xff; 12])), TAKEN),
            ("all mode bits", with(|header| header.mode(0o7777)), TAKEN),
        ],
        &[
            ("a negative size", with(|header| header.put(124, &[0xff; 12])), "size is negative"),
            (
                "2^63 - 1 bytes",
                with(|header| header.put(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff")),
                "too large",
            ),
            ("2^63 bytes", with(|header| header.put(124, b"\x80\0\0\0\x80\0\0\0\0\0\0\0")), "too large"),
            (
                "2^95 bytes",
                with(|header| header.put(124, b"\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")),
                "too large",
            ),
            ("letters", with(|header| header.put(124, b"0000000000x\0")), "not octal"),
            ("letters where no device is", with(|header| header.put(329, b"000000x\0")), "not octal"),
            (
                "letters in a header that speaks of another",
                tar().raw(Header::new(b'x', b"x").put(116, b"000000x\0"), b"").file("t/a", b"bytes"),
                "not octal",
            ),
            ("an 8", with(|header| header.put(124, b"00000000008\0")), "not octal"),
            ("decimal with a sign", with(|header| header.put(124, b"-0000000005\0")), "not octal"),
            ("a zero byte first", with(|header| header.put(124, b"\x000000000005")), "begins with NUL"),
            ("an owner beyond 32 bits", fields(&[("uid", b"4294967296")]), "nobody can have"),
            ("an owner that means none", fields(&[("gid", b"4294967295")]), "nobody can have"),
            ("an owner of 2^63", fields(&[("uid", b"9223372036854775808")]), "nobody can have"),
            ("a negative owner", with(|header| header.put(108, &[0xff; 8])), "nobody can have"),
            ("a wrong checksum", broken_sum(), "checksum"),
        ],
    );
}

fn broken_sum() -> Smith {
    let mut layer = tar().file("t/a", b"");
    layer.0[150] ^= 1;
    layer
}

#[test]
fn extended_fields_are_read_by_all_alike_or_not_at_all() {
    let long = [b'v'; 300];
    all(
        &[
            ("a size that is the same", fields(&[("size", b"5")]), TAKEN),
            (
                "a size that the header has not",
                tar().pax(&[("size", b"5")]).raw(Header::new(b'0', b"t/a"), b"bytes"),
                TAKEN,
            ),
            ("a size that covers a header", smuggled(), &["a file 512", "b file 100"]),
            ("a field that nobody knows", fields(&[("VENDOR.x", b"1"), ("comment", b"\n=\0")]), TAKEN),
            ("the last of two names", fields(&[("path", b"t/b"), ("path", b"t/a")]), TAKEN),
            ("a name with signs", fields(&[("path", b"t/a=b\n\"c")]), &["a=b\\n\\\"c file 5"]),
            ("a time with a fraction", fields(&[("mtime", b"-12.999999999999")]), TAKEN),
            ("a global comment", raw_fields(b'g', &record("comment", b"of git")), TAKEN),
            ("a name in UTF-8", fields(&[("hdrcharset", b"BINARY")]), TAKEN),
            (
                "attributes of nobody's",
                fields(&[
                    ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"),
                    ("SCHILY.xattr.security.selinux", &long),
                ]),
                TAKEN,
            ),
        ],
        &[
            ("a size of nothing", fields(&[("size", b"0")]), "checksum"),
            ("a size with a sign", fields(&[("size", b"+5")]), "not a number"),
            ("a size beyond 64 bits", fields(&[("size", b"18446744073709551616")]), "not a number"),
            ("an empty name", fields(&[("path", b"")]), "is empty"),
            ("a zero byte in a link", fields(&[("linkpath", b"a\0b")]), "NUL"),
            ("a time that is none", fields(&[("mtime", b"1e9")]), "not a time"),
            ("a time beyond 64 bits", fields(&[("mtime", b"9223372036854775808")]), "not a time"),
            ("another character set", fields(&[("hdrcharset", b"ISO-8859-1")]), "character set"),
            ("a length that is too short", raw_fields(b'x', b"6 path=b\n"), "is broken"),
            ("a length that is too long", raw_fields(b'x', b"99 path=b\n"), "is broken"),
            ("a length beyond all", raw_fields(b'x', b"99999999999999999999 path=b\n"), "is broken"),
            ("a negative length", raw_fields(b'x', b"-9 path=b\n"), "is broken"),
            ("no end of a line", raw_fields(b'x', b"10 path=bbb"), "is broken"),
            ("no sign between", raw_fields(b'x', b"9 path b\n"), "is broken"),
            (
                "two headers",
                Smith([raw_fields(b'x', &record("uid", b"1")).0[..1024].to_vec(), fields(&[]).0].concat()),
                "two extended",
            ),
            ("a name for all", raw_fields(b'g', &record("path", b"t/b")), "for all entries"),
            ("a size for all", raw_fields(b'g', &record("size", b"0")), "for all entries"),
            ("attributes for all", raw_fields(b'g', &record("SCHILY.xattr.user.a", b"0")), "for all entries"),
            (
                "an attribute twice",
                fields(&[("SCHILY.xattr.user.a", b"1"), ("SCHILY.xattr.user.a", b"2")]),
                "twice",
            ),
            (
                "an attribute of two minds",
                fields(&[("SCHILY.xattr.user.a", b"1"), ("LIBARCHIVE.xattr.user.a", b"Mg")]),
                "contradicts",
            ),
            ("an attribute of no name", fields(&[("SCHILY.xattr.", b"1")]), "no name of an attribute"),
            (
                "an attribute beyond the limit",
                fields(&[("SCHILY.xattr.user.a", &vec![b'v'; 65_536])]),
                "65536 bytes",
            ),
            (
                "a header beyond the limit",
                raw_fields(b'x', &record("comment", &vec![b'v'; 1 << 20])),
                "in front of it has",
            ),
            (
                "a header for nobody",
                Smith(raw_fields(b'x', &record("uid", b"1")).0[..1024].to_vec()),
                "speaks of one more",
            ),
        ],
    );
}

/// As tokio-tar was fooled (CVE-2025-62518): to one reader the file holds an archive, to another it is one.
fn smuggled() -> Smith {
    let inner = Header::new(b'0', b"t/smuggled").bytes();
    tar().pax(&[("size", b"512")]).raw(Header::new(b'0', b"t/a"), &inner).file("t/b", &[0; 100])
}

#[test]
fn attributes_that_are_kept_and_such_as_are_not() {
    let corpus = Corpus::new(Who::Root);
    let capability = |version: u8, length: usize| {
        let mut value = vec![0; length];
        value[..8].copy_from_slice(&[1, 0, 0, version, 0, 4, 0, 0]);
        value
    };
    for (value, kept) in [(capability(2, 20), true), (capability(3, 24), true)] {
        let layer =
            tar().pax(&[("SCHILY.xattr.security.capability", &value), ("SCHILY.xattr.user.note", b"n")]);
        corpus.loads("a capability", &[layer.file("t/a", b"").end()]);
        assert_eq!(corpus.attributes("t/a").contains("security.capability"), kept);
        assert!(corpus.attributes("t/a").contains("user.note=n"));
        corpus.call(&["image", "prune", "-af"]).output().ok();
    }
    let names = [
        "trusted.overlay.opaque",
        "trusted.overlay.redirect",
        "user.overlay.whiteout",
        "security.selinux",
        "security.ima",
        "system.posix_acl_access",
        "trusted.x",
    ];
    let records: Vec<_> = names.iter().map(|name| format!("SCHILY.xattr.{name}")).collect();
    let records: Vec<(&str, &[u8])> = records.iter().map(|name| (name.as_str(), &b"y"[..])).collect();
    corpus.loads("others", &[tar().pax(&records).folder("t/below").file("t/below/a", b"").end()]);
    assert_eq!(corpus.attributes("t/below"), "");
    // An opaque folder would show nothing of what is below.
    assert_eq!(corpus.said("ls /t/below"), "a\nfile\nother\n");
}
