//! Memberships on a real CQL server: who owns what, and for how long, when processes and the server
//! come, go, and stand still.

#[path = "../store/cassandra.rs"]
mod cassandra;
mod child;
mod damage;
mod lone;
mod ownership;
mod pauses;
mod rig;
