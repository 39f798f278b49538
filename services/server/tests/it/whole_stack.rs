//! What shows only where a request goes through everything, from the listener to the pixels.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::service::Service;
use crate::sources::{Source, pydicom};

/// Images of one frame and of several, in colour and grey.
fn several_frames(sources: &[Source]) -> Vec<&Source> {
    let named = ["emri_small.dcm", "emri_small_RLE.dcm", "examples_ybr_color.dcm", "examples_rgb_color.dcm"];
    let is = |source: &&Source| source.path.file_name().is_some_and(|name| named.iter().any(|wanted| name == *wanted));
    sources.iter().filter(is).collect()
}

#[test]
fn every_resource_of_an_image_of_several_frames_is_answered_in_every_form() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let sources = pydicom();
    let images = several_frames(&sources);
    let mut most = 0;
    for Source { study, series, instance, path, .. } in images {
        service.client.stow(&[std::fs::read(path).unwrap()]);
        let study = format!("/dicom-web/studies/{study}");
        let series = format!("{study}/series/{series}");
        let instance = format!("{series}/instances/{instance}");
        let frames = dicom_object::open_file(path).unwrap();
        let frames = frames.element_opt(dicom_dictionary_std::tags::NUMBER_OF_FRAMES).unwrap();
        let frames = frames.map_or(1, |count| count.to_int::<usize>().unwrap());
        most = most.max(frames);
        for at in [&study, &series, &instance, &format!("{instance}/frames/1,{frames}")] {
            for form in ["image/jpeg", "image/png", "image/gif"] {
                for accept in [form.to_owned(), format!("multipart/related; type=\"{form}\"")] {
                    for resource in ["rendered", "thumbnail"] {
                        let answer = service.client.get_as(&format!("{at}/{resource}"), &accept);
                        let fits = [200, 206, 406].contains(&answer.status);
                        assert!(fits, "{resource} as {accept}: {}", answer.status);
                    }
                }
            }
        }
        let parts = service.client.get_as(&format!("{instance}/rendered"), "multipart/related; type=\"image/jpeg\"");
        assert_eq!(parts.parts().len(), frames, "each frame is a part");
        for resource in ["", "/metadata", "/pixeldata", "/bulkdata", &format!("/frames/1,{frames}")] {
            for accept in ["*/*", "multipart/related; type=\"application/octet-stream\"; transfer-syntax=*"] {
                let answer = service.client.get_as(&format!("{instance}{resource}"), accept);
                assert!([200, 406].contains(&answer.status), "{resource} as {accept}: {}", answer.status);
            }
        }
    }
    assert!(most > 1, "an image of several frames is among them");
}

#[test]
fn a_launch_by_study_opens_nobody_elses_chart() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let sources = pydicom();
    let one = several_frames(&sources)[0];
    service.client.stow(&[std::fs::read(&one.path).unwrap()]);
    let row = service.client.get(&format!("/dicom-web/studies?StudyInstanceUID={}", one.study)).json();
    let patient = row[0]["00100020"]["Value"][0].as_str().unwrap();
    let launch = |more: &str| {
        let launch = format!("/IHEInvokeImageDisplay?requestType=STUDY&studyUID={}{more}", one.study);
        service.client.get(&launch).status
    };
    assert_eq!((launch(""), launch(&format!("&patientID={patient}"))), (303, 303));
    assert_eq!(launch("&patientID=SOMEBODY-ELSE"), 409);
}

#[test]
fn a_page_of_another_site_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    let service = Service::start(data.path());
    let address = service.client.address();
    let post = |fields: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let request = format!(
            "POST /api/admin/repositories/nowhere/pause HTTP/1.1\r\nHost: {address}\r\n{fields}Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    for foreign in ["Origin: http://elsewhere.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(post(foreign), "403", "{foreign}");
    }
    for own in ["", &format!("Origin: http://{address}\r\n"), "Sec-Fetch-Site: same-origin\r\n"] {
        assert_eq!(post(own), "404", "{own}");
    }
}
