mod between;
mod calls;
mod frames;
mod nats;
