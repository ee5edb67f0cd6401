//! The program `palisade` as an operating system sees it: built once, run, watched, killed.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use serde_json::Value;

/// The program, built by the cargo that builds these tests, into the same target folder with the same profile.
pub(crate) static PALISADE: LazyLock<PathBuf> = LazyLock::new(|| {
    // <target>/<profile folder>/deps/<this test>
    let this = std::env::current_exe().expect("this test is a file");
    let folder = this
        .ancestors()
        .nth(2)
        .expect("tests run from <target>/<profile>/deps")
        .to_owned();
    let target = folder
        .parent()
        .expect("a profile's folder is in the target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(other) => other,
        None => unreachable!("profile folders have UTF-8 names"),
    };
    let mut cargo = Command::new(env!("CARGO"));
    // What the cargo that runs these tests says of this crate. Build scripts look at it (ring's does), and would build
    // their crates anew, with all that depends on them: now, and again for whoever calls cargo next.
    for name in OF_THIS_CRATE {
        cargo.env_remove(name);
    }
    let built = cargo
        // The same selection as `cargo test --workspace`: another one resolves features anew and builds for minutes.
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(target)
        .current_dir(root())
        .status()
        .expect("cargo runs");
    assert!(built.success(), "the program does not build");
    folder.join("palisade")
});

/// What cargo sets in the environment of a crate's tests and not in its own.
const OF_THIS_CRATE: &[&str] = &[
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MANIFEST_PATH",
    "CARGO_PKG_AUTHORS",
    "CARGO_PKG_DESCRIPTION",
    "CARGO_PKG_HOMEPAGE",
    "CARGO_PKG_LICENSE",
    "CARGO_PKG_LICENSE_FILE",
    "CARGO_PKG_NAME",
    "CARGO_PKG_README",
    "CARGO_PKG_REPOSITORY",
    "CARGO_PKG_RUST_VERSION",
    "CARGO_PKG_VERSION",
    "CARGO_PKG_VERSION_MAJOR",
    "CARGO_PKG_VERSION_MINOR",
    "CARGO_PKG_VERSION_PATCH",
    "CARGO_PKG_VERSION_PRE",
    "OUT_DIR",
];

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the workspace")
}

/// Configuration as the environment has it: `("database.url", ..)` becomes `PALISADE__DATABASE__URL`.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

fn configured(command: &mut Command, dir: &Path, settings: Settings<'_>) {
    command.env_clear().current_dir(dir);
    for (key, value) in settings {
        // What is not a key of ours is taken as it is.
        let ours = format!("PALISADE__{}", key.to_uppercase().replace('.', "__"));
        command.env(
            if key.contains('.') {
                ours.as_str()
            } else {
                key
            },
            value,
        );
    }
}

/// Runs the program to its end; what it wrote to stdout. It must succeed.
pub(crate) fn run(arguments: &[&str], dir: &Path, settings: Settings<'_>) -> String {
    let mut command = Command::new(PALISADE.as_path());
    configured(&mut command, dir, settings);
    let output = command
        .args(arguments)
        .output()
        .expect("the program starts");
    assert!(
        output.status.success(),
        "`palisade {}` failed with {}: {}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("stdout is text")
}

/// Starts the program; its stdin is empty.
pub(crate) fn start(arguments: &[&str], dir: &Path, settings: Settings<'_>) -> Child {
    let mut command = Command::new(PALISADE.as_path());
    configured(&mut command, dir, settings);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// As [`run`], for a command that prints one JSON value.
pub(crate) fn run_json(arguments: &[&str], dir: &Path, settings: Settings<'_>) -> Value {
    let text = run(arguments, dir, settings);
    serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("`palisade {}` printed {text}", arguments.join(" ")))
}

/// The program, running. It can't outlive the tests: a shell between holds a pipe to them, and ends the program and
/// removes the folder when that closes, however the tests end.
pub(crate) struct Running {
    shell: Child,
    pid: String,
    log: PathBuf,
    /// Where in the file this run's log begins.
    log_begins: usize,
    output: BufReader<std::process::ChildStdout>,
}

const WATCH: &str = r#"
dir=$1; shift
exec 3<&0
"$@" 3<&- &
pid=$!
echo "$pid"
( read -r _ <&3; kill "$pid"; sleep 5; kill -9 "$pid" ) >/dev/null 2>&1 &
guard=$!
wait "$pid"; code=$?
kill "$guard" 2>/dev/null
if [ -n "$dir" ]; then rm -rf "$dir"; fi
exit "$code"
"#;

impl Running {
    /// Starts `palisade <arguments>` in `dir`. Its log goes to the file `log`; `remove` says that `dir` goes when it ends.
    pub(crate) fn start(
        arguments: &[&str],
        dir: &Path,
        log: PathBuf,
        remove: bool,
        settings: Settings<'_>,
    ) -> Self {
        let file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("the log can be written");
        let log_begins = usize::try_from(file.metadata().expect("the log is a file").len())
            .expect("a small log");
        let mut command = Command::new("/bin/sh");
        configured(&mut command, dir, settings);
        let mut shell = command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .args([
                "-c",
                WATCH,
                "sh",
                if remove {
                    dir.to_str().expect("UTF-8")
                } else {
                    ""
                },
            ])
            .arg(PALISADE.as_path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("a shell starts");
        let mut output = BufReader::new(shell.stdout.take().expect("stdout is piped"));
        let mut pid = String::new();
        output
            .read_line(&mut pid)
            .expect("the shell prints the process id");
        Self {
            shell,
            pid: pid.trim().to_owned(),
            log,
            log_begins,
            output,
        }
    }

    /// The next line that the program writes to stdout; blocks, and is empty at the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("stdout is text");
        line
    }

    /// Sends a signal, such as `TERM` or `KILL`.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &self.pid])
            .status()
            .expect("kill runs");
        assert!(
            sent.success(),
            "the program was gone already: {}",
            self.log()
        );
    }

    /// Whether it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.shell.try_wait().expect("the shell can be asked")
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self, at_most: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                start.elapsed() < at_most,
                "the program did not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        let all = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(all.get(self.log_begins..).unwrap_or_default()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // Reaped, so that its folder is not removed under it.
        let _ = self.shell.wait();
    }
}
