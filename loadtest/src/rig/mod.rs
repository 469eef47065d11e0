//! A cluster of the harness's own: Cassandra, NATS and several nodes, real processes all of them, that
//! end with the run however it ends.
//!
//! Here: starting, waiting until everything serves, and doing harm to each part. Not here: load, and
//! what is made of what was seen.

mod bus;
mod cluster;
mod faketime;
mod partition;
mod ports;
mod shim;
mod store;

pub use bus::Bus;
pub use cluster::{Cluster, Plan};
pub use faketime::Faketime;
pub use partition::Partition;
pub use ports::{free_port, free_ports};
pub use shim::{Harm, Shim};
pub use store::Store;
