//! A run: the row numbers of up to 32 events of one log that follow each other.
//!
//! Stored as: count 1, place of the newest base 1 (0 none, else index + 1), the row numbers as
//! varint differences, CRC-32 of all this with the log number and first seq.

use super::limits::RUN_ROWS_MAX;

/// Row numbers of the events `first`, `first` + 1, …; they rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub first: u64,
    pub rows: Vec<u64>,
    /// Index of the newest base in `rows`.
    pub base: Option<usize>,
}

impl Run {
    pub fn starting(first: u64) -> Self {
        Self {
            first,
            rows: Vec::new(),
            base: None,
        }
    }

    pub fn push(&mut self, row_no: u64, base: bool) {
        assert!(self.rows.len() < RUN_ROWS_MAX && self.rows.last() < Some(&row_no));
        if base {
            self.base = Some(self.rows.len());
        }
        self.rows.push(row_no);
    }

    pub fn is_full(&self) -> bool {
        self.rows.len() == RUN_ROWS_MAX
    }

    /// Seq after the last one here.
    pub fn end(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    /// Seq of the newest base here.
    pub fn base_seq(&self) -> Option<u64> {
        self.base.map(|index| self.first + index as u64)
    }

    pub fn encode(&self, log_no: u64, out: &mut Vec<u8>) {
        out.clear();
        out.push(self.rows.len() as u8);
        out.push(self.base.map_or(0, |index| index as u8 + 1));
        let mut previous = 0;
        for row in &self.rows {
            let mut rest = row - previous;
            while rest >= 0x80 {
                out.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            out.push(rest as u8);
            previous = *row;
        }
        out.extend_from_slice(&checksum(log_no, self.first, out).to_le_bytes());
    }

    /// `None` where the bytes are not what was written.
    pub fn decode(log_no: u64, first: u64, bytes: &[u8]) -> Option<Self> {
        let (checked, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if checksum(log_no, first, checked).to_le_bytes() != sum {
            return None;
        }
        let (&[count, base], mut deltas) = checked.split_first_chunk::<2>()?;
        let mut run = Self::starting(first);
        let mut previous = 0u64;
        for _ in 0..count {
            let mut delta = 0u64;
            let mut shift = 0;
            loop {
                let (&byte, rest) = deltas.split_first()?;
                deltas = rest;
                delta |= u64::from(byte & 0x7f).checked_shl(shift)?;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            previous = previous.checked_add(delta)?;
            run.rows.push(previous);
        }
        run.base = usize::from(base).checked_sub(1);
        Some(run)
    }
}

fn checksum(log_no: u64, first: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&log_no.to_le_bytes());
    hasher.update(&first.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_run_reads_back_as_written(
            log_no: u64,
            first in 1..u64::MAX / 2,
            deltas in prop::collection::vec((1u64..1 << 40, any::<bool>()), 1..=RUN_ROWS_MAX),
        ) {
            let mut run = Run::starting(first);
            let mut row = 0;
            for (delta, base) in deltas {
                row += delta;
                run.push(row, base);
            }
            let mut bytes = Vec::new();
            run.encode(log_no, &mut bytes);
            prop_assert_eq!(Run::decode(log_no, first, &bytes), Some(run));
            prop_assert_eq!(Run::decode(log_no, first + 1, &bytes), None);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            Run::decode(1, 1, &bytes);
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let mut run = Run::starting(1);
        run.push(1_000_000, true);
        run.push(1_000_129, false);
        let mut bytes = Vec::new();
        run.encode(3, &mut bytes);
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Run::decode(3, 1, &bad), None, "bit {bit}");
        }
    }
}
