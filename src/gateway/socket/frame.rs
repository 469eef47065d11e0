//! One WebSocket frame (RFC 6455 §5.2): found in a client's bytes, written for a client. Pure.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::closing::codes;
use super::limits::CONTROL_BYTES;

/// What a client's frame is for. Text and reserved opcodes never get this far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Binary,
    Continuation,
    Ping,
    Pong,
    Close,
}

/// A lawful frame that lies whole at the start of the bytes, still masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub role: Role,
    pub last: bool,
    mask: [u8; 4],
    head: usize,
    len: usize,
}

/// Why a client's bytes were refused: the number of the Close frame and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Breach {
    pub code: u16,
    pub reason: &'static str,
}

impl Breach {
    pub fn protocol(reason: &'static str) -> Self {
        Self {
            code: codes::PROTOCOL,
            reason,
        }
    }
}

impl Frame {
    /// The first frame of `bytes`; `None` while it is incomplete. A breach shows as soon as the
    /// header does, before its payload is waited for. A length in more bytes than it needs is a
    /// breach (RFC 6455 §5.2: "the minimal number of bytes MUST be used").
    pub fn find(bytes: &[u8], max: usize) -> Result<Option<Self>, Breach> {
        let mut cursor = Cursor::new(bytes);
        let (header, len) = match FrameHeader::parse(&mut cursor) {
            Ok(Some(found)) => found,
            Ok(None) => return early(bytes).map_or(Ok(None), Err),
            Err(Error::Protocol(_)) => return Err(Breach::protocol("unknown opcode")),
            Err(_) => return Err(Breach::protocol("malformed header")),
        };
        let head = cursor.position() as usize;
        let role = lawful(&header, len, head)?;
        if len > max as u64 {
            return Err(Breach {
                code: codes::TOO_LARGE,
                reason: "message too large",
            });
        }
        let mask = header.mask.ok_or(Breach::protocol("frame is not masked"))?;
        let frame = Self {
            role,
            last: header.is_final,
            mask,
            head,
            len: len as usize,
        };
        Ok((bytes.len() >= frame.end()).then_some(frame))
    }

    /// Bytes of the whole frame.
    pub fn end(&self) -> usize {
        self.head + self.len
    }

    /// Bytes of the payload.
    pub fn payload_len(&self) -> usize {
        self.len
    }

    /// Unmasks the payload where it lies. Twice gives the frame back as it came.
    pub fn unmask<'a>(&self, bytes: &'a mut [u8]) -> &'a mut [u8] {
        let payload = &mut bytes[self.head..self.head + self.len];
        let mask = u64::from_ne_bytes([self.mask, self.mask].concat().try_into().unwrap_or([0; 8]));
        let mut words = payload.chunks_exact_mut(8);
        for word in &mut words {
            let plain = u64::from_ne_bytes((&*word).try_into().unwrap_or([0; 8])) ^ mask;
            word.copy_from_slice(&plain.to_ne_bytes());
        }
        for (byte, mask) in words
            .into_remainder()
            .iter_mut()
            .zip(self.mask.iter().cycle())
        {
            *byte ^= mask;
        }
        payload
    }
}

/// Refuses what two bytes already show, so that a peer that then falls silent is answered too.
fn early(bytes: &[u8]) -> Option<Breach> {
    let [first, second, ..] = *bytes else {
        return None;
    };
    let header = FrameHeader {
        is_final: first & 0x80 != 0,
        rsv1: first & 0x40 != 0,
        rsv2: first & 0x20 != 0,
        rsv3: first & 0x10 != 0,
        opcode: OpCode::from(first & 0x0f),
        mask: (second & 0x80 != 0).then_some([0; 4]),
    };
    if header.mask.is_none() {
        return Some(Breach::protocol("frame is not masked"));
    }
    let len = u64::from(second & 0x7f);
    lawful(&header, len, header.len(len)).err()
}

fn lawful(header: &FrameHeader, len: u64, head: usize) -> Result<Role, Breach> {
    if header.rsv1 || header.rsv2 || header.rsv3 {
        return Err(Breach::protocol("reserved bit set"));
    }
    let role = match header.opcode {
        OpCode::Data(Data::Binary) => Role::Binary,
        OpCode::Data(Data::Continue) => Role::Continuation,
        OpCode::Data(Data::Text) => {
            return Err(Breach {
                code: codes::UNSUPPORTED,
                reason: "binary frames only",
            });
        }
        OpCode::Control(Control::Ping) => Role::Ping,
        OpCode::Control(Control::Pong) => Role::Pong,
        OpCode::Control(Control::Close) => Role::Close,
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            return Err(Breach::protocol("unknown opcode"));
        }
    };
    if matches!(header.opcode, OpCode::Control(_)) {
        if !header.is_final {
            return Err(Breach::protocol("fragmented control frame"));
        }
        if len > CONTROL_BYTES as u64 {
            return Err(Breach::protocol("control frame too long"));
        }
    }
    if head != header.len(len) {
        return Err(Breach::protocol("length not in its shortest form"));
    }
    Ok(role)
}

/// First byte of a frame from us: always final, never masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Lead {
    Binary = 0x82,
    Close = 0x88,
    Ping = 0x89,
    Pong = 0x8a,
}

/// Bytes of a frame of ours with `len` bytes of payload.
pub(super) fn wire_len(len: usize) -> usize {
    len + match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

/// Appends a frame of ours.
pub(super) fn write(lead: Lead, payload: &[u8], out: &mut Vec<u8>) {
    out.push(lead as u8);
    match payload.len() {
        len @ 0..=125 => out.push(len as u8),
        len @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}
