//! The rules.

use netlink::nft::{Batch, Chain, Expressions, Hook, Meta, Set, Type, Verdict};

/// The set that came last. Whoever adds another set or rule gives this one a new name.
pub(super) const NEWEST: &str = "apart";

/// IPv4 and IPv6, as a packet's family is told.
const IPV4: u8 = 2;
const IPV6: u8 = 10;
/// TCP.
const STREAM: u8 = 6;
/// Priorities: of `dstnat`, `srcnat` and `filter`.
const DESTINATION: i32 = -100;
const SOURCE: i32 = 100;
const FILTER: i32 = 0;
/// Bits of a connection's state: established, related. Of its status: its destination was changed.
const KNOWN: u32 = 0b110;
const SENT_ON: u32 = 0x20;
/// Where addresses stand in the headers, and how long they are.
const FROM4: (u32, u32) = (12, 4);
const FROM6: (u32, u32) = (8, 16);
const TO4: (u32, u32) = (16, 4);
const TO6: (u32, u32) = (24, 16);

/// The whole table, without what is in its sets.
pub(super) fn fill(batch: &mut Batch) {
    sets(batch);
    let chain = |name, at| Chain { name, at };
    for one in [
        chain("publish", None),
        chain("prerouting", Some(("nat", Hook::Prerouting, DESTINATION))),
        chain("output", Some(("nat", Hook::Output, DESTINATION))),
        chain("postrouting", Some(("nat", Hook::Postrouting, SOURCE))),
        chain("forward", Some(("filter", Hook::Forward, FILTER))),
        chain("input", Some(("filter", Hook::Input, FILTER))),
    ] {
        batch.chain(&one);
    }
    publish(batch);
    leave(batch);
    pass(batch);
}

fn sets(batch: &mut Batch) {
    use Type::{Interface, Ipv4, Ipv6, Port, Protocol};
    for (name, key, leads_to) in [
        ("ports4", &[Ipv4, Protocol, Port][..], &[Ipv4, Port][..]),
        ("any4", &[Protocol, Port], &[Ipv4, Port]),
        ("ports6", &[Ipv6, Protocol, Port], &[Ipv6, Port]),
        ("any6", &[Protocol, Port], &[Ipv6, Port]),
        ("own4", &[Ipv4, Protocol, Port], &[]),
        ("own6", &[Ipv6, Protocol, Port], &[]),
        (NEWEST, &[Interface], &[]),
        ("bridges", &[Interface], &[]),
        ("within", &[Interface, Interface], &[]),
        ("internal", &[Interface], &[]),
        ("masked", &[Interface], &[]),
    ] {
        batch.set(&Set { name, key, leads_to });
    }
}

/// What is for a published port goes to its container.
fn publish(batch: &mut Batch) {
    for (family, (offset, length), by_address, by_port) in
        [(IPV4, TO4, "ports4", "any4"), (IPV6, TO6, "ports6", "any6")]
    {
        let of_family = || Expressions::default().meta(Meta::Family, 0).is(0, &[family]);
        let words = length / 4;
        let to = |rule: Expressions| rule.send_to(family.into(), words);
        let key = of_family().network(offset, length, 0).meta(Meta::Protocol, words).port(words + 1);
        batch.rule("publish", to(key.leads(by_address)));
        batch.rule("publish", to(of_family().meta(Meta::Protocol, 0).port(1).leads(by_port)));
    }
    let local = || Expressions::default().is_local(true, false);
    // Where the filters see what stays on a bridge, it is sent on by the bridge: not to who it came from, and not to others
    // that are kept apart. Such a stream is for this machine itself, where the container's monitor listens. Of datagrams it could
    // not tell where they were sent to, and so not answer as that.
    for (family, (offset, length), set) in [(IPV4, FROM4, "own4"), (IPV6, FROM6, "own6")] {
        let words = length / 4;
        let of_family = Expressions::default().meta(Meta::Family, 0).is(0, &[family]);
        let asks = of_family.network(offset, length, 0).meta(Meta::Protocol, words).port(words + 1);
        batch.rule("prerouting", asks.is_in(set).then(Verdict::Return));
    }
    let stream = Expressions::default().meta(Meta::Protocol, 0).is(0, &[STREAM]);
    let apart = stream.meta(Meta::Incoming, 0).is_in(NEWEST);
    batch.rule("prerouting", apart.then(Verdict::Return));
    batch.rule("prerouting", local().then(Verdict::Jump("publish")));
    // Who asks by a loopback address is served by the container's monitor: with that address nothing can leave this machine.
    let family = |family| Expressions::default().meta(Meta::Family, 0).is(0, &[family]);
    batch.rule("output", family(IPV4).network(TO4.0, 1, 0).is(0, &[127]).then(Verdict::Return));
    let loopback = std::net::Ipv6Addr::LOCALHOST.octets();
    batch.rule("output", family(IPV6).network(TO6.0, TO6.1, 0).is(0, &loopback).then(Verdict::Return));
    batch.rule("output", local().then(Verdict::Jump("publish")));
}

/// As whom packets leave.
fn leave(batch: &mut Batch) {
    // A container that asks for a published port of one beside it must hear the answer from who it has asked.
    batch.rule("postrouting", within().status(SENT_ON).masquerade());
    let from = Expressions::default().meta(Meta::Incoming, 0).is_in("masked");
    batch.rule("postrouting", from.meta(Meta::Outgoing, 0).is_not_in("bridges").masquerade());
}

/// What is passed on.
fn pass(batch: &mut Batch) {
    let by = |what, set| Expressions::default().meta(what, 0).is_in(set);
    batch.rule("forward", within().then(Verdict::Accept));
    batch.rule("forward", by(Meta::Incoming, "internal").then(Verdict::Drop));
    batch.rule("forward", by(Meta::Outgoing, "internal").then(Verdict::Drop));
    batch.rule("forward", Expressions::default().state(KNOWN).then(Verdict::Accept));
    batch.rule("forward", Expressions::default().status(SENT_ON).then(Verdict::Accept));
    // From another network or from elsewhere, to what nobody has published.
    batch.rule("forward", by(Meta::Outgoing, "bridges").then(Verdict::Drop));
    let elsewhere = by(Meta::Incoming, "internal").is_local(false, true);
    batch.rule("input", elsewhere.then(Verdict::Drop));
}

fn within() -> Expressions {
    Expressions::default().meta(Meta::Incoming, 0).meta(Meta::Outgoing, 4).is_in("within")
}
