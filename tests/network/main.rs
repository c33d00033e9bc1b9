//! Networks, on hosts that the tests make: who reaches whom, what is published, what is left.

#[allow(dead_code, reason = "not all tests need all of it")]
mod world;

mod commands;
mod doctor;
mod killed;
mod leaks;
mod live;
mod matrix;
mod names;
mod publish;
