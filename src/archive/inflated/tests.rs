use super::super::tests::{data, deflated, gzipped, source};
use super::*;

fn raw(data: &[u8], limits: &Limits) -> Inflated {
    let frame = Frame::Raw { len: data.len() as u64, crc: crc32fast::hash(data) };
    Inflated::new(source(&deflated(data)), frame, &Pool::new(limits), limits)
}

#[test]
fn reads_anywhere_are_right_with_few_checkpoints_and_with_many() {
    let plain = data(1_300_000);
    for per_stream in [2, 3, 128] {
        let limits = Limits { archive_checkpoints: per_stream, ..Limits::default() };
        let stream = raw(&plain, &limits);
        stream.finish().unwrap();
        let held = stream.pool.states.lock().unwrap()[0].1.checkpoints.len();
        assert!(held <= per_stream && held > 0, "{held}");
        let mut at = 77u64;
        for i in 0..25usize {
            at = (at * 7919 + 104_729) % 1_300_100;
            let mut buf = vec![0u8; 1 + i * 997];
            let n = stream.read_at(at, &mut buf).unwrap();
            let want = plain.get(at as usize..).unwrap_or_default();
            assert_eq!(buf[..n], want[..want.len().min(buf.len())], "{at}");
        }
    }
}

#[test]
fn streams_that_share_a_pool_push_each_other_out_and_stay_right() {
    let limits = Limits { archive_all_checkpoints: 4, ..Limits::default() };
    let plain = data(1_000_000);
    let first = raw(&plain, &limits);
    let streams: Vec<Inflated> =
        (0..4).map(|_| Inflated::new(Arc::clone(&first.source), first.frame, &first.pool, &limits)).collect();
    for round in 0..3u64 {
        for stream in &streams {
            let at = 900_000 - round * 300_000;
            let mut buf = [0u8; 100];
            stream.read_exact_at(at, &mut buf).unwrap();
            assert_eq!(buf, plain[at as usize..at as usize + 100]);
        }
        let states = first.pool.states.lock().unwrap();
        assert!(states.len() == 1 || states.iter().map(|(_, state)| state.size()).sum::<usize>() <= 4);
    }
    drop(streams);
    assert!(first.pool.states.lock().unwrap().is_empty());
}

#[test]
fn a_checkpoint_takes_what_the_limits_say() {
    assert!(std::mem::size_of::<miniz_oxide::inflate::core::DecompressorOxide>() <= 12 << 10);
}

#[test]
fn lengths_and_checksums_that_lie_are_found() {
    let plain = data(100_000);
    let (bytes, crc) = (deflated(&plain), crc32fast::hash(&plain));
    let limits = Limits::default();
    let open =
        |bytes: &[u8], len, crc| Inflated::new(source(bytes), Frame::Raw { len, crc }, &Pool::new(&limits), &limits);
    assert!(open(&bytes, 100_000, crc).finish().is_ok());
    for (len, crc) in [(100_000, !crc), (99_999, crc), (100_001, crc), (0, 0)] {
        let stream = open(&bytes, len, crc);
        assert!(matches!(stream.finish(), Err(Halt::Corrupt(_))), "{len}");
        assert!(stream.read_at(0, &mut [0; 10]).is_err() || len == 0);
        // And without a pass over all of it, by whoever reads its end.
        let stream = open(&bytes, len, crc);
        assert!(stream.read_at(0, &mut [0; 10]).is_ok());
        assert!(len == 0 || stream.read_at(len - 1, &mut [0; 1]).is_err(), "{len}");
    }
    let cut = open(&bytes[..bytes.len() / 2], 100_000, crc);
    assert!(matches!(cut.finish(), Err(Halt::Cut(_))));
    assert!(cut.read_at(0, &mut [0; 10]).is_ok());
    assert!(cut.read_at(99_000, &mut [0; 10]).is_err());
    let more = open(&[&bytes[..], b"more"].concat(), 100_000, crc);
    assert!(matches!(more.finish(), Err(Halt::Corrupt(_))));
    assert!(matches!(open(&[0xff; 100], 10, 0).finish(), Err(Halt::Corrupt(_))));
}

#[test]
fn a_gzip_of_several_members_is_one_stream() {
    let (one, two) = (data(50_000), data(70_000));
    let mut bytes = [gzipped(&one), gzipped(b""), gzipped(&two)].concat();
    let limits = Limits::default();
    let open = |bytes: &[u8]| Inflated::new(source(bytes), Frame::Gzip, &Pool::new(&limits), &limits);
    let want = [one, two].concat();
    bytes.extend([0; 1000]);
    let stream = open(&bytes);
    stream.finish().unwrap();
    let mut all = vec![0u8; 120_000];
    stream.read_exact_at(0, &mut all).unwrap();
    assert_eq!((stream.len(), all), (120_000, want));
    bytes.push(1);
    let stream = open(&bytes);
    assert!(matches!(stream.finish(), Err(Halt::Cut(_))));
    // And it stays that, whoever met it first.
    assert!(matches!(stream.finish(), Err(Halt::Cut(_))));
    let mut last = [0u8; 5];
    stream.read_exact_at(119_995, &mut last).unwrap();
    let stream = open(&bytes);
    assert!(stream.read_at(119_990, &mut [0; 100]).is_err());
    assert!(matches!(stream.finish(), Err(Halt::Cut(_))));
    assert_eq!(stream.len(), 120_000);
    stream.read_exact_at(119_995, &mut last).unwrap();
}

#[test]
fn a_wrong_checksum_is_not_forgotten() {
    let mut bytes = gzipped(&data(50_000));
    let at = bytes.len() - 8;
    bytes[at] ^= 1;
    let limits = Limits::default();
    let stream = Inflated::new(source(&bytes), Frame::Gzip, &Pool::new(&limits), &limits);
    assert!(stream.read_at(40_000, &mut [0; 20_000]).is_err());
    assert!(matches!(stream.finish(), Err(Halt::Corrupt(_))));
    assert!(stream.read_at(0, &mut [0; 1]).is_err());
}
