//! Images: what other tools wrote is loaded, pulled and run, what we write is by them, and nothing that anybody can
//! put into an image, an archive or a registry does harm.

#[path = "../callers/daemon.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod daemon;
#[path = "../engine/kit.rs"]
#[allow(dead_code, reason = "the engine's tests use the rest")]
mod engine;
#[path = "../callers/private.rs"]
mod private;
#[path = "../callers/rootfs.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod rootfs;
#[path = "../callers/said.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod said;
#[path = "../callers/traces.rs"]
mod traces;
#[path = "../callers/wait.rs"]
mod wait;
#[path = "../callers/witness.rs"]
#[allow(dead_code, reason = "the callers' tests use the rest")]
mod witness;

#[path = "../../crates/snapshot/tests/it/smith.rs"]
#[allow(dead_code, reason = "the tests of layers use the rest")]
mod smith;

mod bombs;
mod busy;
mod content;
mod corpus;
mod damage;
mod disk;
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
mod layer_sparse;
mod layer_streams;
mod layout;
mod peers;
mod power;
mod registries;
mod sample;
mod tree;
mod trial;
mod upkeep;
mod volumes_with_docker;
mod ways_in;
mod with_docker;
mod with_podman;
mod with_skopeo;
mod with_umoci;
mod words;
