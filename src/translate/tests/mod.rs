mod frames;
mod requests;
mod samples;
mod secrecy;
mod stored;
