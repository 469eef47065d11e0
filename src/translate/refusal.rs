//! Each legal no and each failure has its code.

use crest_actors::conversation::Refusal;
use crest_actors::ports::StoreFailure;
use crest_schema::codes::Code;

pub fn code_of(refusal: Refusal) -> Code {
    match refusal {
        Refusal::NotOpen => Code::NotOpen,
        Refusal::Closed => Code::Closed,
        Refusal::Gone => Code::Gone,
        Refusal::NotAllowed => Code::NotAllowed,
        Refusal::NotHolder => Code::NotHolder,
        Refusal::Conflict => Code::Conflict,
        Refusal::NoSuchMessage => Code::NoSuchMessage,
        Refusal::TooLate => Code::TooLate,
        Refusal::AlreadyRated => Code::AlreadyRated,
        Refusal::TooLong => Code::TooLong,
        Refusal::WrongState => Code::WrongState,
        Refusal::NoSuchEvent => Code::NoSuchEvent,
        Refusal::NoSuchTarget => Code::NoSuchTarget,
        Refusal::NoSuchReason => Code::NoSuchReason,
        Refusal::StorageUnavailable => Code::StorageUnavailable,
    }
}

pub fn code_of_store(failure: &StoreFailure) -> Code {
    match failure {
        StoreFailure::Unavailable(_) => Code::StorageUnavailable,
        StoreFailure::Corrupt(_) => Code::StorageCorrupt,
    }
}
