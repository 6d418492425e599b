//! The messages of a server may be anything: they are read to an end, whole or in pieces alike.

#![no_main]

use libfuzzer_sys::fuzz_target;
use roof_lint::wire::{Event, Reader, Rows};

/// A number for what was read, and how many events there were.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, rows: &mut Rows) -> (u64, usize) {
    let (mut reader, mut sum, mut count) = (Reader::default(), 0_u64, 0);
    for piece in pieces {
        reader.push(piece).expect("not that many");
        loop {
            match reader.next_event() {
                Ok(None) => break,
                Err(_) => return (sum.rotate_left(1) ^ 1, count),
                Ok(Some(event)) => {
                    count += 1;
                    sum = sum.rotate_left(7).wrapping_add(weight(&event));
                    if let Event::Row(row) = event {
                        rows.push(row);
                    }
                }
            }
        }
    }
    (sum, count)
}

fn weight(event: &Event<'_>) -> u64 {
    let bytes =
        |bytes: &[u8]| bytes.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    match event {
        Event::Row(row) => {
            assert_eq!(row.cells().count(), row.len());
            row.cells().fold(1, |sum: u64, cell| sum.wrapping_mul(2).wrapping_add(cell.map_or(0, bytes)))
        }
        Event::Fields(fields) => fields.iter().fold(2, |sum: u64, field| sum.wrapping_add(bytes(&field.name))),
        Event::Error(report) | Event::Notice(report) => {
            u64::from(report.position().is_some()) + report.fields().map(|(_, text)| bytes(text) % 1000).sum::<u64>()
        }
        Event::Complete(tag) | Event::CopyData(tag) => bytes(tag),
        Event::Parameter { name, value } => bytes(name) ^ bytes(value),
        _ => 3,
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((piece, stream)) = data.split_first() else { return };
    let piece = usize::from(*piece).max(1);
    let (mut rows, mut same) = (Rows::default(), Rows::default());
    let whole = read(std::iter::once(stream), &mut rows);
    assert!(whole.1 <= stream.len());
    assert_eq!(read(stream.chunks(piece), &mut same), whole);
    assert_eq!(rows.iter().count(), rows.len());
});
