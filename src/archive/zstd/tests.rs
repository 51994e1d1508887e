use super::super::tests::{all, data, listed, source, zstd_compressed};
use super::*;

#[test]
fn frames_follow_each_other_and_some_are_skipped() {
    let (one, two) = (data(200_000), data(10));
    let skipped = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd_compressed(&one), zstd_compressed(&two)].concat();
    let contents = all(&skipped).unwrap();
    assert_eq!(listed(&contents), [("x.img".to_owned(), Ok([one, two].concat()))]);
    let mut more = skipped.clone();
    more.extend(b"more");
    assert!(all(&more).unwrap().members[0].bytes.is_err());
}

#[test]
fn a_window_past_the_limit_is_refused_before_it_is_allocated() {
    // Frame header: no content size, window of 2^41 bytes.
    let mut bytes = b"\x28\xb5\x2f\xfd\x00\xf8".to_vec();
    bytes.extend([0u8; 100]);
    let error = all(&bytes).unwrap().members[0].bytes.as_ref().map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("decompress it first"), "{error}");
}

#[test]
fn a_stream_reads_forward_only() {
    let plain = data(3_000_000);
    let forward = Forward::new(&source(&zstd_compressed(&plain)), &Limits::default());
    let mut buf = [0u8; 100];
    forward.read_exact_at(2_000_000, &mut buf).unwrap();
    assert_eq!(buf, plain[2_000_000..2_000_100]);
    forward.read_exact_at(1_990_000, &mut buf).unwrap();
    assert!(forward.read_exact_at(0, &mut buf).is_err());
    let (len, result) = forward.finish();
    assert!(result.is_ok());
    assert_eq!(len, 3_000_000);
}

#[test]
fn memory_is_shared_by_all_files() {
    let limits = Limits { archive_memory: 1000, archive_all_memory: 1500, ..Limits::default() };
    let memory = Memory::new(&limits);
    let forward = Forward::new(&source(&zstd_compressed(&data(5000))), &limits);
    assert!(memory.keep(&forward, 0, Some(1001)).is_err());
    assert!(memory.keep(&forward, 0, Some(1000)).is_ok());
    assert!(memory.keep(&forward, 0, Some(501)).is_err());
    assert!(memory.keep(&forward, 0, Some(500)).is_ok());
    assert!(memory.keep(&forward, 0, Some(1)).is_err());
}
