//! What the simulators serve: the synthetic province, made once, or the user's own files dealt over the regions.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use fixtures::{Hl7Message, Province, ProvinceOptions, Region, Scale};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::cli::Demo;
use crate::demo::simulators::bring_back;

/// The seed of the province that the documents describe.
const SEED: u64 = 2026;

/// Folders and messages of the four regions.
pub(super) struct Material {
    folder: PathBuf,
    province: Option<Province>,
}

impl Material {
    /// The region's objects, as `{study}/{series}/{instance}.dcm`.
    pub(super) fn folder(&self, region: Region) -> PathBuf {
        self.folder.join(region.slug())
    }

    /// The region's reports; none for the user's own files.
    pub(super) fn reports(&self, region: Region) -> Vec<Hl7Message> {
        self.province.as_ref().map(|province| fixtures::report_messages(province, region)).unwrap_or_default()
    }

    /// Studies that the region holds, when that is known beforehand.
    pub(super) fn studies(&self, region: Region) -> Option<u64> {
        self.province.as_ref().map(|province| province.studies_of(region).count() as u64)
    }
}

/// Makes or finds the material.
pub(super) fn prepare(options: &Demo) -> anyhow::Result<Material> {
    match &options.dicom {
        Some(folder) => deal(folder, &options.data_dir.join("dealt")),
        None => make(options),
    }
}

fn make(options: &Demo) -> anyhow::Result<Material> {
    let scale = if options.small { Scale::Small } else { Scale::Demo };
    let province = fixtures::plan(&ProvinceOptions { seed: SEED, scale });
    let folder = options.data_dir.join(if options.small { "province-small" } else { "province" });
    bring_back(&folder.join(Region::GtaWest.slug()))?;
    let bar = ProgressBar::new(0);
    bar.set_style(style("Making the synthetic province {wide_bar} {pos}/{len} images {msg}"));
    fixtures::write(&province, &folder, &|progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        bar.set_message(HumanBytes(progress.written_bytes).to_string());
    })
    .context("the synthetic province can't be written")?;
    bar.finish_and_clear();
    Ok(Material { folder, province: Some(province) })
}

/// Deals the user's studies; files are linked, or copied where the disk can't link.
fn deal(from: &Path, folder: &Path) -> anyhow::Result<Material> {
    if !from.is_dir() {
        bail!("{} is not a folder: give --dicom a folder of DICOM files", from.display());
    }
    let spinner = ProgressBar::new_spinner().with_message("Looking at the DICOM files …");
    spinner.enable_steady_tick(Duration::from_millis(100));
    let dealt = fixtures::deal(from);
    spinner.finish_and_clear();
    if dealt.studies == 0 {
        bail!("no DICOM study was found below {}", from.display());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for region in Region::ALL {
        let own = folder.join(region.slug()).join("dealt").join("files");
        fs::create_dir_all(&own)?;
        for (number, file) in dealt.files.get(&region).into_iter().flatten().enumerate() {
            let to = own.join(format!("{number:06}.dcm"));
            if fs::hard_link(file, &to).is_err() {
                fs::copy(file, &to).with_context(|| "a file can't be copied to the demo's folder")?;
            }
        }
    }
    println!(
        "{} studies were dealt over the four regions; {} files were not DICOM and left out.",
        dealt.studies, dealt.skipped
    );
    if dealt.truncated {
        println!("There are more files than the demo takes; the first ones were dealt.");
    }
    Ok(Material { folder: folder.to_owned(), province: None })
}

/// A bar that also shows in a log that is no terminal.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
