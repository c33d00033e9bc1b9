//! Archives, byte by byte: also those that no writer would write.

/// One header, before its checksum.
pub(crate) struct Header(pub(crate) [u8; 512]);

impl Header {
    pub(crate) fn new(kind: u8, name: &[u8]) -> Header {
        let mut block = [0; 512];
        block[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[156] = kind;
        let header = Header(block).octal(100..108, 0o644).octal(108..116, 0).octal(116..124, 0);
        header.octal(124..136, 0).octal(136..148, 1_700_000_000)
    }

    pub(crate) fn octal(mut self, field: std::ops::Range<usize>, value: u64) -> Header {
        let digits = field.len() - 1;
        self.0[field][..digits].copy_from_slice(format!("{value:0digits$o}").as_bytes());
        self
    }

    pub(crate) fn mode(self, mode: u64) -> Header {
        self.octal(100..108, mode)
    }

    pub(crate) fn size(self, size: usize) -> Header {
        self.octal(124..136, size as u64)
    }

    pub(crate) fn put(mut self, at: usize, bytes: &[u8]) -> Header {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn bytes(mut self) -> [u8; 512] {
        self.0[148..156].fill(b' ');
        let sum: u64 = self.0.iter().map(|byte| u64::from(*byte)).sum();
        self.octal(148..155, sum).0
    }
}

/// An archive in the making.
#[derive(Default, Clone)]
pub(crate) struct Smith(pub(crate) Vec<u8>);

impl Smith {
    pub(crate) fn raw(mut self, header: Header, body: &[u8]) -> Smith {
        self.0.extend(header.bytes());
        self.body(body)
    }

    fn body(mut self, body: &[u8]) -> Smith {
        self.0.extend(body);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn pax(self, records: &[(&str, &[u8])]) -> Smith {
        let body: Vec<u8> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.raw(Header::new(b'x', b"PaxHeaders/x").size(body.len()), &body)
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Smith {
        self.raw(Header::new(b'0', name.as_bytes()).size(content.len()), content)
    }

    pub(crate) fn folder(self, name: &str) -> Smith {
        self.raw(Header::new(b'5', name.as_bytes()).mode(0o755), b"")
    }

    pub(crate) fn symlink(self, name: &str, to: &str) -> Smith {
        self.raw(Header::new(b'2', name.as_bytes()).mode(0o777).put(157, to.as_bytes()), b"")
    }

    pub(crate) fn link(self, name: &str, to: &str) -> Smith {
        self.raw(Header::new(b'1', name.as_bytes()).put(157, to.as_bytes()), b"")
    }

    pub(crate) fn node(self, kind: u8, name: &str, major: u64, minor: u64) -> Smith {
        let header = Header::new(kind, name.as_bytes()).octal(329..337, major).octal(337..345, minor);
        self.raw(header, b"")
    }

    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

/// `LENGTH KEY=VALUE\n`.
pub(crate) fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = [b" ", key.as_bytes(), b"=", value, b"\n"].concat();
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    [length.to_string().as_bytes(), &rest].concat()
}
