//! The four repositories of the demo, each over its real protocol on a loopback port.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use fixtures::Region;
use fixtures::simulators::dicomweb::DicomwebOrigin;
use fixtures::simulators::dimse::{DimseArchive, PushTo, send_folder};
use fixtures::simulators::{dicomweb, dimse, mllp};
use index_model::{AeTitle, RepositoryDefinition};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::demo::definitions::{self, HDIRS_AE, SWODIN_AE};
use crate::demo::province::Material;
use crate::demo::{LOOPBACK_ANY, OUR_AE};

/// A receiver that was busy is tried again after so long.
const RETRY: Duration = Duration::from_millis(500);

/// The simulators that run. Those that are down are `None`, and come back where they were.
pub(super) struct Simulators {
    neodin: Option<dicomweb::Running>,
    neodin_at: (SocketAddr, PathBuf),
    swodin: Option<dimse::Running>,
    swodin_at: (SocketAddr, PathBuf),
    gta_west: PathBuf,
    receiver: SocketAddr,
    pushes: TaskTracker,
    stop: CancellationToken,
}

/// Where GTA West's folder is while the region is down.
fn put_away(folder: &Path) -> PathBuf {
    folder.with_extension("down")
}

/// Brings back a folder that was put away when an earlier demo ended.
pub(super) fn bring_back(folder: &Path) -> anyhow::Result<()> {
    let away = put_away(folder);
    if away.exists() && !folder.exists() {
        fs::rename(away, folder).context("the folder of a region that was down can't be brought back")?;
    }
    Ok(())
}

impl Simulators {
    /// Starts those that are asked; `receiver` is where SWODIN's C-MOVE goes.
    pub(super) async fn start(material: &Material, receiver: SocketAddr) -> anyhow::Result<Self> {
        let folders = [Region::Neodin, Region::Swodin, Region::GtaWest].map(|region| material.folder(region));
        for folder in &folders {
            fs::create_dir_all(folder)?;
        }
        let [neodin, swodin, gta_west] = folders;
        let mut simulators = Self {
            neodin: None,
            neodin_at: (LOOPBACK_ANY, neodin),
            swodin: None,
            swodin_at: (LOOPBACK_ANY, swodin),
            gta_west: fs::canonicalize(gta_west)?,
            receiver,
            pushes: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        simulators.bring_up(Region::Neodin).await?;
        simulators.bring_up(Region::Swodin).await?;
        Ok(simulators)
    }

    /// Brings a region up, with what its folder holds now, at the address that it had before.
    pub(super) async fn bring_up(&mut self, region: Region) -> anyhow::Result<()> {
        match region {
            Region::Neodin if self.neodin.is_none() => {
                let (at, folder) = &mut self.neodin_at;
                let running =
                    DicomwebOrigin::start(*at, folder).await.context("NEODIN's simulator can't be started")?;
                *at = running.addr;
                self.neodin = Some(running);
            }
            Region::Swodin if self.swodin.is_none() => {
                let (at, folder) = &mut self.swodin_at;
                let destinations = HashMap::from([(AeTitle::parse(OUR_AE)?, self.receiver)]);
                let running = DimseArchive::start(*at, AeTitle::parse(SWODIN_AE)?, folder.clone(), destinations)
                    .await
                    .context("SWODIN's simulator can't be started")?;
                *at = running.addr;
                self.swodin = Some(running);
            }
            Region::GtaWest => bring_back(&self.gta_west)?,
            Region::Neodin | Region::Swodin | Region::Hdirs => {}
        }
        Ok(())
    }

    /// Takes a region down: nobody listens there any more, or its folder is gone.
    pub(super) async fn take_down(&mut self, region: Region) -> anyhow::Result<()> {
        match region {
            Region::Neodin => {
                if let Some(running) = self.neodin.take() {
                    running.stop().await;
                }
            }
            Region::Swodin => {
                if let Some(running) = self.swodin.take() {
                    running.stop().await;
                }
            }
            Region::GtaWest => fs::rename(&self.gta_west, put_away(&self.gta_west))
                .context("the folder of GTA West can't be put away")?,
            Region::Hdirs => {}
        }
        Ok(())
    }

    /// The four regions as they are registered.
    pub(super) fn definitions(&self) -> anyhow::Result<Vec<RepositoryDefinition>> {
        Ok(vec![
            definitions::neodin(format!("http://{}/dicom-web", self.neodin_at.0))?,
            definitions::swodin(self.swodin_at.0)?,
            definitions::gta_west(&self.gta_west)?,
            definitions::hdirs()?,
        ])
    }

    /// Begins to push: HDIRS its objects, every region its reports. What was sent before is not sent again.
    pub(super) fn begin_to_push(&self, material: &Material, state: &Path, receiver: SocketAddr, mllp: SocketAddr) {
        let folder = material.folder(Region::Hdirs);
        self.pushes.spawn(push_objects(folder, state.join("hdirs.sent"), receiver, self.stop.clone()));
        for region in Region::ALL {
            let messages = material.reports(region).into_iter().map(|message| message.bytes).collect();
            let sent = state.join(format!("{}.reports.sent", region.slug()));
            self.pushes.spawn(push_reports(messages, sent, mllp, self.stop.clone()));
        }
    }

    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        self.pushes.close();
        let _ = tokio::time::timeout(Duration::from_secs(2), self.pushes.wait()).await;
        for region in [Region::Neodin, Region::Swodin] {
            if let Err(error) = self.take_down(region).await {
                tracing::warn!(error = %error, "a simulator could not be stopped");
            }
        }
        if let Err(error) = bring_back(&self.gta_west) {
            tracing::warn!(error = %error, "a region stays down until the next start");
        }
    }
}

async fn push_objects(folder: PathBuf, sent: PathBuf, receiver: SocketAddr, stop: CancellationToken) {
    let (Ok(calling), Ok(called)) = (AeTitle::parse(HDIRS_AE), AeTitle::parse(OUR_AE)) else {
        return;
    };
    let files = files_below(&folder);
    let mut done: HashSet<PathBuf> = lines(&sent).map(PathBuf::from).collect();
    let to = PushTo { address: receiver, calling, called, retry_after: RETRY };
    send_folder(&to, &files, &mut done, &stop, |_| {}).await;
    let done: Vec<String> = done.iter().map(|path| path.display().to_string()).collect();
    remember(&sent, &done.join("\n"));
}

async fn push_reports(messages: Vec<Vec<u8>>, sent: PathBuf, receiver: SocketAddr, stop: CancellationToken) {
    let from = lines(&sent).next().and_then(|count| count.parse().ok()).unwrap_or(0usize).min(messages.len());
    let options = mllp::SendOptions { from, ..mllp::SendOptions::default() };
    let mut note = |answered: usize| {
        if answered.is_multiple_of(10) || answered == messages.len() {
            remember(&sent, &answered.to_string());
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        result = mllp::send(receiver, &messages, &options, &mut note) => match result {
            Ok(run) if !run.refused.is_empty() => tracing::error!(refused = run.refused.len(), "reports were refused"),
            Ok(_) => {}
            Err(error) => tracing::error!(error = %error, cause = %error.cause, "reports could not be sent"),
        }
    }
}

fn lines(file: &Path) -> impl Iterator<Item = String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn remember(file: &Path, text: &str) {
    if let Err(error) = fs::write(file, text) {
        tracing::warn!(error = %error, "the demo can't note what was sent, and sends it again at the next start");
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
