//! A real node, from outside: its binary, its sockets, its files.

mod node;
mod readme;
mod stop;
mod talk_to_it;
