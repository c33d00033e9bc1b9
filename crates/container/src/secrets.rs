//! What a container of the image `host` does not see of this machine, and why. One table, to be read.

use plan::Hidden;

/// A part of this machine that a container has no business with.
#[derive(Debug, Clone, Copy)]
pub struct Secret {
    /// An absolute path; a `*` in its last name stands for anything.
    pub path: &'static str,
    /// What stands in its place.
    pub hidden: Hidden,
    /// Why.
    pub why: &'static str,
}

/// All of them.
pub fn secrets() -> &'static [Secret] {
    SECRETS
}

const fn gone(path: &'static str, why: &'static str) -> Secret {
    Secret { path, hidden: Hidden::Gone, why }
}

const fn empty(path: &'static str, mode: u32, why: &'static str) -> Secret {
    Secret { path, hidden: Hidden::Empty(mode), why }
}

/// People's own files, credentials, other containers, what programs have said and what they keep for now.
/// The rest of `/etc` stays, `/etc/passwd` too: programs need it to run, and names to resolve.
const SECRETS: &[Secret] = &[
    // People.
    empty("/root", 0o700, "the owner's own files: keys, history, tokens"),
    empty("/home", 0o755, "people's own files: keys, history, tokens"),
    empty("/var/mail", 0o755, "letters"),
    empty("/var/spool", 0o755, "letters, print jobs and cron tables"),
    empty("/srv", 0o755, "what this machine serves to others"),
    empty("/var/www", 0o755, "what this machine serves to others"),
    // Credentials of the machine and its owner.
    gone("/etc/shadow*", "hashes of passwords"),
    gone("/etc/gshadow*", "hashes of passwords"),
    gone("/etc/.pwd.lock", "goes with the above"),
    gone("/etc/security/opasswd*", "hashes of old passwords"),
    gone("/etc/sudoers*", "who may become root, and how"),
    gone("/etc/doas.conf", "who may become root, and how"),
    gone("/etc/ssh/ssh_host_*", "who has these is this machine to others"),
    empty("/etc/ssl/private", 0o700, "private keys"),
    empty("/etc/pki/tls/private", 0o700, "private keys"),
    gone("/etc/pki/entitlement*", "the owner's subscriptions"),
    empty("/etc/letsencrypt", 0o700, "private keys"),
    empty("/etc/wireguard", 0o700, "private keys of networks"),
    empty("/etc/openvpn", 0o755, "private keys of networks"),
    gone("/etc/ipsec.secrets*", "private keys of networks"),
    gone("/etc/ipsec.d", "private keys of networks"),
    gone("/etc/swanctl", "private keys of networks"),
    empty("/etc/ppp", 0o755, "passwords of networks"),
    empty("/etc/NetworkManager/system-connections", 0o700, "passwords of networks"),
    empty("/etc/wpa_supplicant", 0o755, "passwords of networks"),
    gone("/etc/netplan", "passwords of networks"),
    gone("/etc/krb5.keytab", "the machine's key to its network"),
    gone("/etc/machine-id", "names this machine to others for good"),
    gone("/etc/kubernetes", "keys of a cluster"),
    gone("/etc/rancher", "keys of a cluster"),
    gone("/etc/docker", "keys to registries"),
    gone("/etc/containers/auth.json", "keys to registries"),
    gone("/var/lib/dbus/machine-id", "names this machine to others for good"),
    gone("/etc/ceph", "keys of a cluster"),
    gone("/etc/munge", "keys of a cluster"),
    gone("/etc/vault.d", "keys of a cluster"),
    gone("/etc/rndc.key", "who has it changes names of the network"),
    gone("/etc/bind/*.key", "who has it changes names of the network"),
    empty("/etc/dovecot/private", 0o700, "private keys"),
    gone("/var/cache/debconf/passwords.dat", "passwords that were asked for when packages were installed"),
    gone("/etc/fstab", "this machine's disks, at times with passwords"),
    gone("/etc/crypttab", "how disks are opened"),
    gone("/etc/luks*", "how disks are opened"),
    gone("/etc/cryptsetup*", "how disks are opened"),
    gone("/etc/samba", "passwords of shares"),
    gone("/etc/cifs*", "passwords of shares"),
    gone("/etc/credstore*", "credentials of services"),
    gone("/etc/exim4/passwd.client", "passwords of mail servers"),
    gone("/etc/postfix/sasl*", "passwords of mail servers"),
    gone("/etc/msmtprc", "passwords of mail servers"),
    gone("/etc/mysql/debian.cnf", "a password of the database's root"),
    gone("/etc/apt/auth.conf*", "passwords of package archives"),
    gone("/etc/npmrc", "tokens of package archives"),
    gone("/etc/pip.conf", "tokens of package archives"),
    gone("/etc/boto.cfg", "keys to a cloud"),
    gone("/etc/google_*", "keys to a cloud"),
    gone("/etc/cloud", "secrets that the cloud gave this machine"),
    gone("/etc/environment", "variables of the owner, at times tokens"),
    gone("/etc/cron*", "what the owner runs, at times with passwords"),
    gone("/etc/at.*", "goes with the above"),
    // Other containers and machines.
    empty("/var/lib/docker", 0o711, "other containers"),
    empty("/var/lib/containerd", 0o711, "other containers"),
    empty("/var/lib/containers", 0o711, "other containers"),
    empty("/var/lib/nagaya", 0o711, "other containers"),
    empty("/var/lib/kubelet", 0o711, "other containers, with their secrets"),
    empty("/var/lib/rancher", 0o711, "keys of a cluster"),
    empty("/var/lib/etcd", 0o711, "all secrets of a cluster"),
    empty("/var/lib/lxc", 0o711, "other containers"),
    empty("/var/lib/lxd", 0o711, "other containers"),
    empty("/var/lib/machines", 0o700, "other containers"),
    empty("/var/lib/libvirt", 0o711, "other machines"),
    empty("/var/lib/cloud", 0o755, "secrets that the cloud gave this machine"),
    empty("/var/lib/systemd", 0o755, "credentials of services, seeds of random numbers, core dumps"),
    empty("/var/lib/sss", 0o755, "cached credentials"),
    empty("/var/lib/private", 0o700, "services' own files"),
    empty("/var/lib/NetworkManager", 0o700, "passwords of networks"),
    empty("/var/lib/iwd", 0o700, "passwords of networks"),
    empty("/var/lib/bluetooth", 0o700, "keys of devices"),
    empty("/var/lib/tailscale", 0o700, "private keys of networks"),
    empty("/var/lib/tor", 0o700, "private keys of networks"),
    empty("/var/lib/samba", 0o755, "passwords of shares"),
    // Databases.
    empty("/var/lib/mysql", 0o755, "the owner's data"),
    empty("/var/lib/postgresql", 0o755, "the owner's data"),
    empty("/var/lib/redis", 0o755, "the owner's data"),
    empty("/var/lib/mongodb", 0o755, "the owner's data"),
    empty("/var/lib/ldap", 0o755, "the owner's data, and hashes of passwords"),
    // What was said, kept and left.
    empty("/var/log", 0o755, "what programs have said, at times passwords"),
    empty("/var/backups", 0o755, "copies of all of the above"),
    empty("/var/crash", 0o755, "memory of programs that crashed"),
    empty("/var/tmp", 0o1777, "other programs' files for now"),
    empty("/tmp", 0o1777, "other programs' files for now"),
    empty("/run", 0o755, "other programs' doors: sockets of daemons, agents and engines"),
    // Not part of the system.
    empty("/mnt", 0o755, "other disks"),
    empty("/media", 0o755, "other disks"),
    empty("/boot", 0o755, "how this machine starts"),
];
