//! A PostgreSQL for the tests alone: a socket in a temporary folder, nothing on the network, gone when the test ends.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

const REMEDY: &str = "install PostgreSQL's server programs, or name their folder in PG_BIN";

pub(crate) struct Cluster {
    folder: TempDir,
    /// While this is open the server runs; it closes when we die, however we die.
    lifeline: Option<ChildStdin>,
    guard: Child,
}

/// Where `initdb` and `postgres` are.
fn programs() -> String {
    let mut folders: Vec<String> = std::env::var("PG_BIN").into_iter().collect();
    folders.extend((13..=18).rev().map(|version| format!("/usr/lib/postgresql/{version}/bin")));
    folders.into_iter().find(|folder| Path::new(folder).join("initdb").exists()).expect(REMEDY)
}

/// PostgreSQL refuses to run as root; then it runs as the first of these users.
fn user() -> Option<(u32, u32)> {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let of = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2);
        Some((ids.next()?.parse().ok()?, ids.next()?.parse().ok()?))
    };
    if is_root { of("postgres").or_else(|| of("nobody")) } else { None }
}

fn command(program: &str, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let (programs, user) = (programs(), user());
        let folder = tempfile::tempdir().unwrap();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        let made = command(&format!("{programs}/initdb"), user)
            .args(["--no-sync", "--auth=trust", "--username=dics", "--encoding=UTF8", "--locale=C.UTF-8", "-D"])
            .arg(&data)
            .status()
            .expect(REMEDY);
        assert!(made.success(), "initdb failed");
        let (lifeline, guard) = Self::run(folder.path());
        let cluster = Self { folder, lifeline, guard };
        cluster.wait_until_ready().await;
        cluster
    }

    /// Runs the server on what is there.
    fn run(folder: &Path) -> (Option<ChildStdin>, Child) {
        let (programs, data) = (programs(), folder.join("data"));
        let script = "\"$0\" -D \"$1\" -k \"$2\" -c listen_addresses= -c fsync=off -c full_page_writes=off \
            -c max_connections=200 -c shared_buffers=64MB & server=$!; read -r _; kill -QUIT $server; wait $server";
        let mut guard = command("/bin/sh", user())
            .args(["-c", script, &format!("{programs}/postgres")])
            .args([data.as_path(), folder])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        (guard.stdin.take(), guard)
    }

    /// Ends it at once, as an immediate shutdown does: nobody is asked, and the next start recovers.
    pub(crate) fn stop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.guard.wait();
    }

    /// Starts it again on what is there.
    pub(crate) async fn start_again(&mut self) {
        (self.lifeline, self.guard) = Self::run(self.folder.path());
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&self) {
        let (programs, user) = (programs(), user());
        let mut tick = tokio::time::interval(Duration::from_millis(25));
        for _ in 0..1_200 {
            tick.tick().await;
            let asked = command(&format!("{programs}/pg_isready"), user).arg("-h").arg(self.folder.path()).status();
            if asked.is_ok_and(|status| status.success()) {
                return;
            }
        }
        panic!("PostgreSQL did not start within 30 s");
    }

    /// Makes a database; its address.
    pub(crate) fn database(&self, name: &str) -> String {
        self.database_like(name, "template1")
    }

    /// Makes a database as another is, which nobody is connected with; its address.
    pub(crate) fn database_like(&self, name: &str, template: &str) -> String {
        let mut create = command(&format!("{}/createdb", programs()), user());
        create.arg("-h").arg(self.folder.path()).args(["-U", "dics", "--template", template, name]);
        let made = create.status().unwrap();
        assert!(made.success(), "createdb failed");
        format!("postgres:///{name}?host={}&user=dics", self.folder.path().display())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}
