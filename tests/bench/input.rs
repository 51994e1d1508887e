//! The pair of hives that is timed: `TLSHIVE_BENCH_PAIR` (a folder with SYSTEM and SOFTWARE), else a real SYSTEM hive and
//! a synthetic SOFTWARE hive of 50 MB where the shared corpus lies beside the checkout, else the compliant fixture.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Two files, and the folder they lie in.
pub(crate) struct Pair {
    pub(crate) folder: PathBuf,
    pub(crate) system: PathBuf,
    pub(crate) software: PathBuf,
}

pub(crate) fn pair() -> Pair {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let given = std::env::var_os("TLSHIVE_BENCH_PAIR").map(PathBuf::from);
    let folder =
        given.or_else(|| large(&here.join("../shared"))).unwrap_or_else(|| here.join("fixtures/hosts/compliant"));
    Pair { system: folder.join("SYSTEM"), software: folder.join("SOFTWARE"), folder }
}

/// Makes the large pair, once: it is kept in the temporary folder.
fn large(shared: &Path) -> Option<PathBuf> {
    let (system, make) = (shared.join("corpus/hives/regipy/SYSTEM_WIN_10_1709"), shared.join("tools/mkhive.py"));
    if !system.is_file() || !make.is_file() {
        return None;
    }
    let folder = std::env::temp_dir().join("tlshive-bench-pair");
    let software = folder.join("SOFTWARE");
    if !software.is_file() {
        std::fs::create_dir_all(&folder).ok()?;
        std::fs::copy(system, folder.join("SYSTEM")).ok()?;
        let half_made = folder.join("SOFTWARE.new");
        let made = Command::new("python3").arg(make).arg(&half_made).arg("1").status().ok()?;
        if !made.success() {
            return None;
        }
        std::fs::rename(half_made, software).ok()?;
    }
    Some(folder)
}
