//! One series in two repositories: an image comes from whichever gives it, and soon.

use std::time::{Duration, Instant};

use fixtures::simulators::dicomweb::{DicomwebOrigin, Manners, Running};
use fixtures::{ProvinceOptions, Region, Scale, plan, write};
use serde_json::{Value, json};

use crate::operations::definition;
use crate::service::Service;

struct Twins {
    _images: tempfile::TempDir,
    _data: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    /// Both have everything.
    origins: [Running; 2],
    service: Service,
}

fn twins() -> Twins {
    let (images, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let province = plan(&ProvinceOptions { seed: 5, scale: Scale::Small });
    write(&province, images.path(), &|_| {}).unwrap();
    let folder = images.path().join(Region::Neodin.slug());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = || runtime.block_on(DicomwebOrigin::start("127.0.0.1:0".parse().unwrap(), &folder)).unwrap();
    let origins = [start(), start()];
    let service = Service::start(data.path());
    for (code, origin) in ["north", "south"].iter().zip(&origins) {
        let mut defined = definition(code, "dicomweb", json!({ "url": origin.url() }), 86_400);
        defined["patientIdIssuer"] = json!("TEST");
        service.register(&defined);
        service.wait_until_indexed(code, province.studies_of(Region::Neodin).count() as u64);
    }
    Twins { _images: images, _data: data, runtime, origins, service }
}

impl Twins {
    /// The addresses of some series of images.
    fn series(&self) -> Vec<String> {
        let rows = self.service.client.get("/dicom-web/series").json();
        let text = |row: &Value, tag: &str| row[tag]["Value"][0].as_str().unwrap().to_owned();
        let path =
            |row: &Value| format!("/dicom-web/studies/{}/series/{}", text(row, "0020000D"), text(row, "0020000E"));
        let is_image = |row: &&Value| !["SR", "PR", "KO", "DOC"].contains(&text(row, "00080060").as_str());
        rows.as_array().unwrap().iter().filter(is_image).map(path).collect()
    }

    /// Reads the headers of a series; the address of its first image.
    fn image_of(&self, series: &str) -> String {
        let metadata = self.service.client.get(&format!("{series}/metadata")).json();
        let instance = metadata[0]["00080018"]["Value"][0].as_str().unwrap();
        format!("{series}/instances/{instance}/frames/1")
    }

    fn stop(self) {
        for origin in self.origins {
            self.runtime.block_on(origin.stop());
        }
    }
}

#[test]
fn an_image_that_one_repository_gives_only_in_part_comes_from_the_other() {
    let twins = twins();
    // Whoever gave the header that is shown is one of the two.
    for (bad, series) in twins.series().iter().enumerate().take(2) {
        let image = twins.image_of(series);
        twins.origins[bad].behave(Manners::Truncated);
        twins.origins[1 - bad].behave(Manners::Good);
        assert_eq!(twins.service.client.get(&image).status, 200, "of {bad}");
    }
    twins.stop();
}

#[test]
fn the_copy_of_the_quicker_repository_is_chosen_by_what_was_measured() {
    // Whoever gave the header that is shown is one of the two.
    for slow in [0, 1] {
        let twins = twins();
        let series = twins.series();
        let image = twins.image_of(&series[0]);
        twins.origins[slow].behave(Manners::Slow(Duration::from_millis(2_500)));
        // The headers of another series take as long as images would.
        twins.image_of(&series[1]);
        let began = Instant::now();
        assert_eq!(twins.service.client.get(&image).status, 200, "of {slow}");
        assert!(began.elapsed() < Duration::from_secs(2), "the slow one was waited for: {:?}", began.elapsed());
        twins.stop();
    }
}
