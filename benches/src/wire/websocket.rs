//! WebSocket frames from the client's side (RFC 6455 §5): whole and unfragmented, as all servers
//! here write them.

/// Key of every masked frame. Not zero: some servers would skip the work.
pub const KEY: [u8; 4] = [0x5a, 0xc3, 0x17, 0x88];

/// The kinds of frame that matter to a client that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    Data,
    Ping,
    Close,
    Other,
}

/// A masked final frame: binary, or a pong.
pub fn masked(binary: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![if binary { 0x82 } else { 0x8a }];
    match payload.len() {
        short @ ..=125 => frame.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(
        payload
            .iter()
            .zip(KEY.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

/// Where the payload of a masked frame of so many payload bytes begins.
pub fn payload_at(payload_bytes: usize) -> usize {
    match payload_bytes {
        ..=125 => 6,
        126..=0xffff => 8,
        _ => 14,
    }
}

/// Shows every whole frame of the server's at the beginning of `bytes`; returns how many bytes they are.
pub fn frames(bytes: &[u8], mut see: impl FnMut(Opcode, &[u8])) -> usize {
    let mut at = 0;
    while let Some((opcode, head, length)) = head(&bytes[at..]) {
        let Some(payload) = bytes[at + head..].get(..length) else {
            break;
        };
        see(opcode, payload);
        at += head + length;
    }
    at
}

fn head(bytes: &[u8]) -> Option<(Opcode, usize, usize)> {
    let opcode = match *bytes.first()? & 0x0f {
        1 | 2 => Opcode::Data,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        _ => Opcode::Other,
    };
    match *bytes.get(1)? & 0x7f {
        126 => {
            let length = u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?);
            Some((opcode, 4, usize::from(length)))
        }
        127 => {
            let length = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
            Some((opcode, 10, length as usize))
        }
        short => Some((opcode, 2, usize::from(short))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_seen_whole_and_the_rest_is_left() {
        let mut bytes = vec![0x82, 3, 1, 2, 3, 0x89, 0, 0x82, 126, 0, 200];
        bytes.extend([7; 200]);
        bytes.extend([0x82, 5, 1]);
        let mut seen = Vec::new();
        let used = frames(&bytes, |opcode, payload| seen.push((opcode, payload.len())));
        let expected = [(Opcode::Data, 3), (Opcode::Ping, 0), (Opcode::Data, 200)];
        assert_eq!(seen, expected);
        assert_eq!(bytes.len() - used, 3);
    }

    #[test]
    fn a_masked_frame_begins_where_it_says() {
        for length in [5, 125, 126, 300, 70_000] {
            let frame = masked(true, &vec![9; length]);
            let at = payload_at(length);
            assert_eq!(frame.len(), at + length);
            assert_eq!(frame[at] ^ KEY[0], 9);
        }
    }
}
