//! The centrifuge protocol, as protobuf, as far as a benchmark speaks it.

/// Command {id, connect: {}}.
pub fn connect() -> Vec<u8> {
    delimited(&[&[8, 1][..], &field(4, &[])].concat())
}

/// Command {id, subscribe: {channel}}.
pub fn subscribe(channel: &str) -> Vec<u8> {
    delimited(&[&[8, 2][..], &field(5, &field(1, channel.as_bytes()))].concat())
}

/// Command {id, rpc: {data}}.
pub fn rpc(data: &[u8]) -> Vec<u8> {
    delimited(&[&[8, 3][..], &field(13, &field(1, data))].concat())
}

/// Command {id, publish: {channel, data}}.
pub fn publish(channel: &str, data: &[u8]) -> Vec<u8> {
    let body = [field(1, channel.as_bytes()), field(2, data)].concat();
    delimited(&[&[8, 3][..], &field(7, &body)].concat())
}

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &varint(bytes.len()), bytes].concat()
}

fn delimited(bytes: &[u8]) -> Vec<u8> {
    [varint(bytes.len()), bytes.to_vec()].concat()
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
