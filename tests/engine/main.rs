//! `nagaya run` as people type it, on real containers.

mod capabilities;
mod exit_codes;
mod explain;
mod flags;
mod hidden;
mod host_image;
mod kit;
mod limits;
mod names;
mod ordinary;
mod rootfs;
mod signals;
mod terminal;
mod users;
mod volumes;
