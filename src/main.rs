//! The program: parse, run, exit status.

fn main() -> std::process::ExitCode {
    tlshive::cli::run()
}
