//! Images: what other tools wrote is loaded, pulled and run, what we write is by them, and nothing that anybody can
//! put into an image, an archive or a registry does harm.

#[path = "../../crates/snapshot/tests/it/smith.rs"]
#[allow(dead_code, reason = "the tests of layers use the rest")]
mod smith;

#[path = "../../crates/snapshot/tests/it/fuzz/dice.rs"]
mod dice;
#[path = "../../crates/snapshot/tests/it/fuzz/fair.rs"]
mod fair;
#[path = "../../crates/snapshot/tests/it/fuzz/member.rs"]
mod member;

mod bombs;
mod busy;
mod content;
mod corpus;
mod damage;
mod documents;
mod folders;
mod formats;
mod full;
mod injected;
mod killed;
mod kit;
mod layer_headers;
mod layer_links;
mod layer_names;
mod layer_peers;
mod layer_sparse;
mod layer_streams;
mod layout;
mod many;
mod power;
mod pulling;
mod registries;
mod sample;
mod tools;
mod tree;
mod trial;
mod two_manifests;
mod upkeep;
mod volumes_with_docker;
mod ways_in;
mod with_docker;
mod with_podman;
mod with_skopeo;
mod with_umoci;
mod words;
