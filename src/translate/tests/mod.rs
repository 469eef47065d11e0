mod frames;
mod node;
mod requests;
mod samples;
mod secrecy;
mod stored;
pub(crate) mod traffic;
