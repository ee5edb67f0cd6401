//! The built program, with a folder of its own.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// The program, with nothing of this process's environment that configures it.
pub(crate) fn palisade() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_palisade"));
    command.env_clear().stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// A folder with an SQLite database that is removed at the end.
pub(crate) struct Data(tempfile::TempDir);

impl Data {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn migrated() -> Self {
        let data = Self::new();
        data.succeed(&["migrate", "up"]);
        data
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The program, on this database.
    pub(crate) fn palisade(&self) -> Command {
        let mut command = palisade();
        let url = format!("sqlite://{}", self.path().join("palisade.db").display());
        command
            .env("PALISADE__DATABASE__URL", url)
            .current_dir(self.path());
        command
    }

    /// What the program answers on stdout.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let done = self.palisade().args(arguments).output().expect("runs");
        assert_eq!(
            done.status.code(),
            Some(0),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).expect("utf-8")
    }

    /// What the program answers on stdout, as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.succeed(arguments)).expect("JSON")
    }

    /// The one line that the program fails with.
    pub(crate) fn fail(&self, arguments: &[&str]) -> String {
        let done = self.palisade().args(arguments).output().expect("runs");
        let stderr = String::from_utf8(done.stderr).expect("utf-8");
        assert_eq!(done.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(
            done.stdout.is_empty() && stderr.lines().count() == 1,
            "{arguments:?}: {stderr}"
        );
        stderr
    }
}

/// A program that serves, and what it has said.
pub(crate) struct Serving {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Serving {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next line on stdout.
    pub(crate) fn line(&self) -> String {
        self.lines
            .recv_timeout(Duration::from_secs(60))
            .expect("the program says something within a minute")
    }

    /// Lines up to the first that satisfies `last`.
    pub(crate) fn lines_until(&self, last: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            let done = last(&line);
            lines.push(line);
            if done {
                return lines;
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .expect("kill");
        assert!(done.success());
    }

    /// Asks it to stop, and waits: its exit code and what it logged.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.signal("TERM");
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .expect("piped")
            .read_to_string(&mut log)
            .expect("utf-8");
        (self.child.wait().expect("ends").code(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
