//! One line on standard error that says how far a run is: for people at a terminal, once they have waited a second. It is gone
//! before anything else is written, and touches no report.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::ProgressArgs;
use super::stderr;
use crate::output::escape;
use crate::progress::{Progress, Seen};

/// How long a run, or one thing of it, goes on before something is said of it.
const PATIENCE: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(100);

/// What stands in the terminal's last line.
struct Line {
    bar: Option<ProgressBar>,
    /// Whether a line of a report is not ended there yet.
    begun: bool,
}

static LINE: Mutex<Line> = Mutex::new(Line { bar: None, begun: false });

fn line() -> MutexGuard<'static, Line> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    fn show(&mut self, text: String) {
        match &self.bar {
            _ if self.begun => {}
            Some(bar) => bar.set_message(text),
            None => {
                let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.set_style(style);
                bar.set_message(text);
                self.bar = Some(bar);
            }
        }
    }

    fn hide(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Does something with the terminal while the line is not there. It comes back by itself.
pub(super) fn aside<T>(write: impl FnOnce() -> T) -> T {
    let mut line = line();
    line.hide();
    write()
}

/// Standard output where it may be the terminal that the line is on.
pub(super) struct Aside<W> {
    to: W,
    terminal: bool,
}

impl<W> Aside<W> {
    pub(super) fn stdout(to: W) -> Self {
        Self { to, terminal: io::stdout().is_terminal() }
    }
}

impl<W: Write> Write for Aside<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if !self.terminal {
            return self.to.write(buf);
        }
        let mut line = line();
        line.hide();
        let written = self.to.write(buf)?;
        if let Some(last) = written.checked_sub(1).and_then(|last| buf.get(last)) {
            line.begun = *last != b'\n';
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.terminal { aside(|| self.to.flush()) } else { self.to.flush() }
    }
}

/// The line, for as long as this is held.
pub(super) struct Shown {
    stop: Arc<(Mutex<bool>, Condvar)>,
    painter: Option<JoinHandle<()>>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        if let Some(painter) = self.painter.take() {
            let _ = painter.join();
        }
        line().hide();
    }
}

/// Says how far a run is, where somebody may be looking.
pub(super) fn show(progress: &Arc<Progress>, args: &ProgressArgs, quiet: bool) -> Option<Shown> {
    if args.no_progress || quiet || stderr::is_dumb() || stderr::columns().is_none() {
        return None;
    }
    let stop: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let (progress, stopped) = (Arc::clone(progress), Arc::clone(&stop));
    let painter = thread::spawn(move || paint(&progress, &stopped));
    Some(Shown { stop, painter: Some(painter) })
}

fn paint(progress: &Progress, (stop, changed): &(Mutex<bool>, Condvar)) {
    let mut wait = PATIENCE;
    // What was under way last, and since when.
    let (mut number, mut since) = (None, Instant::now());
    let mut stopped = stop.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let waited = changed.wait_timeout_while(stopped, wait, |stopped| !*stopped);
        stopped = waited.unwrap_or_else(PoisonError::into_inner).0;
        if *stopped {
            return;
        }
        wait = EVERY;
        let seen = progress.seen();
        if seen.number != number {
            (number, since) = (seen.number, Instant::now());
        }
        if let (false, Some(columns)) = (seen.name.is_empty(), stderr::columns()) {
            line().show(text(&seen, since.elapsed() >= PATIENCE, columns));
        }
    }
}

/// `142/300 srv-142.vhdx · 3 not read`; of what takes long, how far its file is read.
fn text(seen: &Seen, long: bool, columns: usize) -> String {
    let head = match seen.total {
        Some(total) => format!("{}/{total} ", seen.done),
        None => format!("{} ", seen.done),
    };
    let mut tail = String::new();
    if let Some((read, of)) = seen.bytes.filter(|_| long) {
        tail.push_str(&format!(" ({} of {})", HumanBytes(read), HumanBytes(of)));
    }
    if seen.not_read > 0 {
        tail.push_str(&format!(" · {} not read", seen.not_read));
    }
    let name = escape(&seen.name);
    let room = columns.saturating_sub(head.chars().count() + tail.chars().count());
    let name = match name.chars().count() {
        count if count <= room => name.into_owned(),
        _ => name.chars().take(room.saturating_sub(1)).chain(['…']).collect(),
    };
    format!("{head}{name}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_many_are_done_of_how_many_and_what_takes_long() {
        let mut seen = Seen { done: 142, name: "srv-142.vhdx".to_owned(), ..Seen::default() };
        assert_eq!(text(&seen, true, 80), "142 srv-142.vhdx");
        (seen.total, seen.not_read) = (Some(300), 3);
        assert_eq!(text(&seen, true, 80), "142/300 srv-142.vhdx · 3 not read");
        seen.bytes = Some((1 << 30, 3 << 30));
        assert_eq!(text(&seen, false, 80), "142/300 srv-142.vhdx · 3 not read");
        assert_eq!(text(&seen, true, 80), "142/300 srv-142.vhdx (1.00 GiB of 3.00 GiB) · 3 not read");
    }

    #[test]
    fn a_name_is_cut_and_made_harmless() {
        let seen = Seen { name: "\u{1b}[2J\u{202e}long".to_owned(), not_read: 1, ..Seen::default() };
        let line = text(&seen, false, 24);
        assert!(line.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{line}");
        assert!(line.ends_with("… · 1 not read") && line.chars().count() <= 24, "{line}");
    }
}
