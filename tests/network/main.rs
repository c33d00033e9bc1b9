//! Networks, on hosts that the tests make: who reaches whom, what is published, what is left.

#[path = "../engine/points.rs"]
#[allow(dead_code, reason = "the engine's tests use the rest")]
mod points;
#[allow(dead_code, reason = "not all tests need all of it")]
mod world;

mod commands;
mod crowd;
mod doctor;
mod killed;
mod lacking;
mod leaks;
mod left;
mod live;
mod matrix;
mod names;
mod on_a_parent;
mod publish;
