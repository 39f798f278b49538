//! How a picture is wanted: the parameters of PS3.18 §8.3.5, and the representative instance of a series or study.

pub(crate) mod options;

use std::sync::Arc;

use face::Problem;
use index_model::{InstanceEntry, Uid};
use registry::{OpenedStudy, RegistryError, SeriesRow};

use crate::Face;
use crate::accept::Offer;
use crate::rendition::Category;

/// Pictures, our choice first.
pub(crate) const PICTURES: [Offer; 6] = [
    Offer::single("image/jpeg"),
    Offer::single("image/png"),
    Offer::single("image/gif"),
    Offer::multipart("image/jpeg"),
    Offer::multipart("image/png"),
    Offer::multipart("image/gif"),
];
/// Modalities whose objects are no pictures of the patient, though some have pixels.
const NOT_SHOWN_FIRST: [&str; 10] = ["SR", "PR", "KO", "SEG", "RTSTRUCT", "RTPLAN", "DOC", "AU", "ECG", "REG"];

/// One frame of one instance.
#[derive(Debug, Clone)]
pub(crate) struct Pick {
    pub(crate) series: Uid,
    pub(crate) entry: Arc<InstanceEntry>,
    pub(crate) number: u32,
}

/// 406 for pictures.
pub(crate) fn none_of_these() -> Problem {
    Problem::not_acceptable("images are rendered as image/jpeg, image/png or image/gif")
}

/// Whether a frame of it can be made a picture.
pub(crate) fn is_picture(entry: &InstanceEntry) -> bool {
    Category::of(entry).is_image()
}

/// What stands for a study, or one series of it.
pub(crate) async fn pick_of(face: &Face, opened: &OpenedStudy, series: Option<&Uid>) -> Result<Pick, Problem> {
    match series {
        Some(series) => of_series(face, opened, series).await,
        None => of_study(face, opened).await,
    }
}

/// The middle instance of a series, and its middle frame; one whose frames can't be located, or that can't be had now, only where there is no other.
async fn of_series(face: &Face, opened: &OpenedStudy, series: &Uid) -> Result<Pick, Problem> {
    let manifest = face.registry.manifest(opened, series).await?;
    let pictures: Vec<_> = manifest.entries.iter().filter(|entry| is_picture(entry)).collect();
    let is_sound = |entry: &&Arc<InstanceEntry>| entry.object.is_none() || entry.frames.count() > 0;
    let out_of_reach = face.registry.out_of_reach(opened, series, &manifest).instances;
    let is_there = |entry: &&Arc<InstanceEntry>| !out_of_reach.contains(&entry.instance.sop_instance_uid);
    let sound: Vec<_> = pictures.iter().copied().filter(is_sound).filter(is_there).collect();
    let pictures = if sound.is_empty() { pictures } else { sound };
    let entry = pictures.get(pictures.len() / 2).ok_or_else(nothing_to_show)?;
    Ok(Pick { series: series.clone(), entry: Arc::clone(entry), number: middle_frame(entry) })
}

/// The middle of the first series that has pictures.
async fn of_study(face: &Face, opened: &OpenedStudy) -> Result<Pick, Problem> {
    let likely =
        |row: &&SeriesRow| !row.series.modality.as_deref().is_some_and(|modality| NOT_SHOWN_FIRST.contains(&modality));
    let mut failure = None;
    for row in opened.series.iter().filter(likely) {
        match of_series(face, opened, &row.series.series_instance_uid).await {
            Ok(pick) => return Ok(pick),
            Err(problem) => failure = failure.or(Some(problem)),
        }
    }
    Err(failure.unwrap_or_else(nothing_to_show))
}

/// One instance, and the frame that stands for it.
pub(crate) async fn of_instance(
    face: &Face,
    opened: &OpenedStudy,
    series: &Uid,
    instance: &Uid,
) -> Result<Pick, Problem> {
    let manifest = face.registry.manifest(opened, series).await?;
    let entry = manifest.entry(instance).ok_or(RegistryError::NotFound)?;
    Ok(Pick { series: series.clone(), entry: Arc::clone(entry), number: middle_frame(entry) })
}

fn middle_frame(entry: &InstanceEntry) -> u32 {
    entry.frames.count().max(entry.instance.number_of_frames) / 2 + 1
}

/// 406: there is something, but no picture of it.
pub(crate) fn nothing_to_show() -> Problem {
    Problem::not_acceptable("there is no image here that can be rendered")
}
