//! A request prepared once; each copy differs by its reference and id alone.

use super::websocket::{KEY, masked, payload_at};

/// A masked frame with two places that are numbered anew in each copy.
#[derive(Clone, Debug)]
pub struct Request {
    frame: Vec<u8>,
    /// Where four bytes of reference lie, and where eight of a 16-byte id.
    reference: Option<usize>,
    id: Option<usize>,
    next: u64,
}

/// Stand for the places to be numbered.
pub const REFERENCE: u32 = 0xb0b1_b2b3;
pub const ID: [u8; 16] = [0xd7; 16];

impl Request {
    /// `payload` may contain [`REFERENCE`] and [`ID`]; `distinct` keeps ids of different lines apart.
    pub fn new(payload: &[u8], distinct: u32) -> Self {
        let mut payload = payload.to_vec();
        let reference = find(&payload, &REFERENCE.to_be_bytes());
        let id = find(&payload, &ID);
        if let Some(at) = id {
            payload[at..at + 4].copy_from_slice(&distinct.to_be_bytes());
        }
        let start = payload_at(payload.len());
        Self {
            reference: reference.map(|at| start + at),
            // After the four bytes that tell lines apart.
            id: id.map(|at| start + at + 4),
            frame: masked(true, &payload),
            next: 1,
        }
    }

    /// Appends the next copy.
    pub fn write(&mut self, out: &mut Vec<u8>) {
        let number = self.next;
        self.next += 1;
        if let Some(at) = self.reference {
            self.patch(at, &(number as u32).to_be_bytes());
        }
        if let Some(at) = self.id {
            self.patch(at, &number.to_be_bytes());
        }
        out.extend_from_slice(&self.frame);
    }

    /// The reference of the copy written last.
    pub fn last_reference(&self) -> u32 {
        (self.next - 1) as u32
    }

    pub fn payload_bytes(&self) -> usize {
        let medium = self.frame[1] & 0x7f == 126;
        self.frame.len() - if medium { 8 } else { 6 }
    }

    fn patch(&mut self, at: usize, bytes: &[u8]) {
        let start = payload_at(self.payload_bytes());
        for (offset, byte) in bytes.iter().enumerate() {
            self.frame[at + offset] = byte ^ KEY[(at + offset - start) % 4];
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_differ_by_reference_and_id() {
        let mut payload = vec![1, 2, 3];
        payload.extend(REFERENCE.to_be_bytes());
        payload.extend([9, 9]);
        payload.extend(ID);
        payload.extend([5; 200]);
        let mut request = Request::new(&payload, 77);
        let mut out = Vec::new();
        request.write(&mut out);
        let length = out.len();
        request.write(&mut out);
        let unmask = |frame: &[u8]| -> Vec<u8> {
            let body = frame[8..].iter().zip(KEY.iter().cycle());
            body.map(|(byte, key)| byte ^ key).collect()
        };
        for (frame, number) in [(&out[..length], 1_u8), (&out[length..], 2)] {
            let body = unmask(frame);
            assert_eq!(body[..7], [1, 2, 3, 0, 0, 0, number]);
            assert_eq!(body[9..13], [0, 0, 0, 77]);
            assert_eq!(body[13..21], [0, 0, 0, 0, 0, 0, 0, number]);
            assert_eq!(body[25..], [5; 200]);
        }
    }
}
