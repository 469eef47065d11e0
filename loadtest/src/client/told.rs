//! What the history checker is told of bytes and frames.

use crest_schema::frame::ClientFrame;

use crate::history::{MARKER, Seen, digest, of_body};

/// What the checker is told of a frame that is sent.
pub(super) fn sent(frame: &ClientFrame) -> Option<Seen> {
    let (id, content) = match frame {
        ClientFrame::Send(send) => (send.id, of_body(&send.body)),
        ClientFrame::Edit(edit) => (edit.id, of_body(&edit.body)),
        ClientFrame::Recall(recall) => (recall.id, 0),
        ClientFrame::LeaveMessage(leave) => (leave.id, digest(leave.text.as_str())),
        ClientFrame::Whisper(whisper) => {
            return Some(Seen::Whispered {
                conversation: whisper.conversation,
                id: whisper.id,
                text: whisper.text.clone(),
            });
        }
        _ => return None,
    };
    Some(Seen::Sent { id, content })
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Whispers' markers with what follows them, wherever in the bytes they stand.
pub(super) fn markers(bytes: &[u8]) -> Vec<String> {
    let marker = MARKER.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], marker) {
        let begin = from + at;
        // An id in hexadecimal digits follows.
        let end = (begin + marker.len() + 32).min(bytes.len());
        found.push(String::from_utf8_lossy(&bytes[begin..end]).into_owned());
        from = begin + marker.len();
    }
    found
}
