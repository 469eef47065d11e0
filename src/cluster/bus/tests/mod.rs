mod between;
mod frames;
mod nats;
