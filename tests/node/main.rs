//! A real node, from outside: its binary, its sockets, its files.

#[path = "../store/cassandra.rs"]
mod cassandra;
mod copying;
mod cutter;
mod every_frame;
mod holding_on;
mod node;
mod on_cql;
mod overload;
mod readme;
mod seeding;
mod stop;
mod talk_to_it;
mod wire;
