//! Extended fields: `LENGTH KEY=VALUE\n`, again and again.
//!
//! Source: POSIX pax, "pax Extended Header"; the keys `SCHILY.xattr.` are of star(1), `LIBARCHIVE.xattr.` of
//! libarchive, `GNU.sparse.` of GNU tar.

use super::entry::Time;
use super::number::decimal;
use super::sparse::Keys;

/// What an extended header says of the member that follows.
#[derive(Debug, Default)]
pub(super) struct Extended {
    pub(super) path: Option<Vec<u8>>,
    pub(super) linkpath: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<Time>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: Keys,
}

/// Keys that say nothing that we keep.
const IGNORED: [&[u8]; 9] = [
    b"atime",
    b"ctime",
    b"comment",
    b"uname",
    b"gname",
    b"charset",
    b"LIBARCHIVE.creationtime",
    b"SCHILY.realsize",
    b"security.label",
];

impl Extended {
    /// Reads the header of one member.
    pub(super) fn parse(bytes: &[u8]) -> Result<Extended, String> {
        let mut extended = Extended::default();
        for record in Records(bytes) {
            let (key, value) = record?;
            extended.take(key, value).map_err(|why| format!("its extended field `{}` {why}", text(key)))?;
        }
        extended.xattrs.sort();
        if extended.xattrs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err("it has an extended attribute twice".to_string());
        }
        Ok(extended)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        match key {
            b"path" => self.path = Some(name(value)?),
            b"linkpath" => self.linkpath = Some(name(value)?),
            b"size" => self.size = Some(count(value)?),
            b"uid" => self.uid = Some(count(value)?),
            b"gid" => self.gid = Some(count(value)?),
            b"mtime" => self.mtime = Some(time(value).ok_or("is not a time")?),
            b"hdrcharset" if matches!(value, b"BINARY" | b"ISO-IR 10646 2000 UTF-8") => {}
            b"hdrcharset" => return Err("names a character set that is not UTF-8".to_string()),
            _ if IGNORED.contains(&key) => {}
            _ => return self.take_others(key, value),
        }
        Ok(())
    }

    fn take_others(&mut self, key: &[u8], value: &[u8]) -> Result<(), String> {
        if let Some(attribute) = key.strip_prefix(b"SCHILY.xattr.") {
            self.xattrs.push((xattr_name(attribute.to_vec())?, value.to_vec()));
        } else if let Some(attribute) = key.strip_prefix(b"LIBARCHIVE.xattr.") {
            self.take_libarchive(attribute, value)?;
        } else if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
            self.sparse.take(key, value)?;
        }
        // Vendors may say what they like of a file; what changes its bytes or its name was above.
        Ok(())
    }

    /// Name with `%XX` in it, value in base 64. libarchive writes star's keys too: the same value twice.
    fn take_libarchive(&mut self, attribute: &[u8], value: &[u8]) -> Result<(), String> {
        let attribute = xattr_name(percent(attribute).ok_or("has a name with a broken `%`")?)?;
        let value = base_64(value).ok_or("is not base 64")?;
        match self.xattrs.iter().find(|(known, _)| *known == attribute) {
            Some((_, other)) if *other != value => Err("contradicts another one".to_string()),
            Some(_) => Ok(()),
            None => {
                self.xattrs.push((attribute, value));
                Ok(())
            }
        }
    }
}

/// A global header speaks of all members that follow. Readers differ in what they take from it, so nothing that
/// matters may be in it.
pub(super) fn check_global(bytes: &[u8]) -> Result<(), String> {
    for record in Records(bytes) {
        let (key, _) = record?;
        let matters =
            matches!(key, b"path" | b"linkpath" | b"size" | b"uid" | b"gid" | b"mtime" | b"hdrcharset")
                || [&b"GNU.sparse."[..], b"SCHILY.xattr.", b"LIBARCHIVE.xattr."]
                    .iter()
                    .any(|prefix| key.starts_with(prefix));
        if matters {
            return Err(format!("a global header sets `{}` for all entries", text(key)));
        }
    }
    Ok(())
}

/// Records, one after the other; after a broken one there are no more.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let record = record(self.0);
        self.0 = record.map_or(&[], |(_, _, rest)| rest);
        let broken = || "its extended header is broken".to_string();
        Some(record.map(|(key, value, _)| (key, value)).ok_or_else(broken))
    }
}

fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..space])?).ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    (!key.is_empty() && !key.contains(&0)).then_some((key, value, &bytes[length..]))
}

/// An empty value takes back what was said before, to some readers; to others it is empty.
fn name(value: &[u8]) -> Result<Vec<u8>, String> {
    match value {
        [] => Err("is empty".to_string()),
        _ if value.contains(&0) => Err("has a NUL in it".to_string()),
        _ => Ok(value.to_vec()),
    }
}

fn xattr_name(name: Vec<u8>) -> Result<Vec<u8>, String> {
    if name.is_empty() || name.len() > 255 || name.contains(&0) {
        return Err("is no name of an attribute".to_string());
    }
    Ok(name)
}

fn count(value: &[u8]) -> Result<u64, String> {
    decimal(value).ok_or_else(|| "is not a number".to_string())
}

/// `-12.5` is half a second after second -13. More digits than nanoseconds have are cut off.
fn time(value: &[u8]) -> Option<Time> {
    let value = std::str::from_utf8(value).ok()?;
    let (negative, value) = value.strip_prefix('-').map_or((false, value), |rest| (true, rest));
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = i64::try_from(decimal(whole.as_bytes())?).ok()?;
    let nanos: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    Some(match (negative, nanos) {
        (false, _) => Time { seconds, nanos },
        (true, 0) => Time { seconds: -seconds, nanos },
        (true, _) => Time { seconds: -seconds - 1, nanos: 1_000_000_000 - nanos },
    })
}

fn percent(name: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            plain.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        plain.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    Some(plain)
}

fn base_64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let (mut bits, mut have, mut bytes) = (0_u32, 0, Vec::with_capacity(text.len() * 3 / 4));
    for letter in text {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        have += 6;
        if have >= 8 {
            have -= 8;
            bytes.push(u8::try_from(bits >> have & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> Vec<u8> {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len();
        while length != rest.len() + length.to_string().len() {
            length = rest.len() + length.to_string().len();
        }
        format!("{length}{rest}").into_bytes()
    }

    #[test]
    fn records_are_counted_exactly() {
        let good = [one("path", "a=b\nc"), one("mtime", "1.5"), one("X.y", "")].concat();
        let read = Extended::parse(&good).unwrap();
        assert_eq!(read.path.as_deref(), Some(&b"a=b\nc"[..]));
        for bad in [
            "",
            "5 a=b",
            "6 a=b\nx",
            "7 a=b\n",
            "06 a=b\n\n",
            " 6 a=b\n",
            "x a=b\n",
            "99999999999999999999 a=b\n",
        ] {
            assert!(bad.is_empty() || Extended::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        for bad in
            [one("path", ""), one("path", "a\0b"), one("size", "-1"), one("size", "0x1"), one("mtime", "1e3")]
        {
            assert!(Extended::parse(&bad).is_err());
        }
    }

    #[test]
    fn times_before_1970_have_their_fraction_after_the_second() {
        let at = |text: &str| time(text.as_bytes()).map(|time| (time.seconds, time.nanos));
        assert_eq!(at("1700000000.123456789123"), Some((1_700_000_000, 123_456_789)));
        assert_eq!(at("-1"), Some((-1, 0)));
        assert_eq!(at("-0.25"), Some((-1, 750_000_000)));
        assert_eq!(at("9223372036854775808"), None);
    }

    #[test]
    fn attributes_of_both_writers() {
        let both = [
            one("SCHILY.xattr.user.a b", "v"),
            one("LIBARCHIVE.xattr.user.a%20b", "dg=="),
            one("LIBARCHIVE.xattr.user.c", "AP8"),
        ]
        .concat();
        let read = Extended::parse(&both).unwrap();
        assert_eq!(read.xattrs, [(b"user.a b".to_vec(), b"v".to_vec()), (b"user.c".to_vec(), vec![0, 255])]);
        let contradiction = [one("SCHILY.xattr.user.a", "v"), one("LIBARCHIVE.xattr.user.a", "dw")].concat();
        assert!(Extended::parse(&contradiction).is_err());
    }

    #[test]
    fn a_global_header_may_only_chat() {
        assert!(check_global(&one("comment", "git's commit")).is_ok());
        assert!(check_global(&one("size", "5")).is_err());
    }
}
