//! This node among others. Here: the bus that carries what their actors tell each other.

pub mod bus;
