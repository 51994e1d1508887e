//! tlshive's command line.

fn main() {}
