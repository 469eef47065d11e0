//! What bytes are read and written, held against the released vectors and against hostile input.

mod hostile;
mod readable;
mod samples;
mod vectors;
