//! Compressed series, and their codecs in a bare loop.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Map, Value};
use transcode::{ImageDescription, bare};

use crate::Servers;
use crate::corpus::{Series, renamed, replaced};

/// A transfer syntax that the service encodes without loss.
#[derive(Clone, Copy)]
pub struct Codec {
    /// What people call it.
    pub name: &'static str,
    /// Transfer syntax UID.
    pub uid: &'static str,
}

/// A stored series encoded by the service, under other identifiers, in both servers.
pub fn encoded(servers: &Servers, series: &Series, codec: Codec) -> Series {
    let accept = format!("application/dicom; transfer-syntax={}", codec.uid);
    // Other last digits than the series has itself.
    let first = 1000 * codec.uid.bytes().map(usize::from).sum::<usize>() % 90_000 + 1000;
    let (study, of) = (renamed(&series.study, first), renamed(&series.series, first));
    let mut encoded = Series { objects: Vec::new(), study, series: of, instances: Vec::new() };
    for (number, (path, instance)) in series.of_each("").into_iter().zip(&series.instances).enumerate() {
        let (object, other) = (servers.get(&path, &accept), renamed(instance, first + number));
        let object = replaced(&object, instance, &other);
        let object = replaced(&object, &series.series, &encoded.series);
        encoded.objects.push(replaced(&object, &series.study, &encoded.study));
        encoded.instances.push(other);
    }
    servers.load(&encoded.objects);
    encoded
}

impl Codec {
    /// Frames in a second when threads decode the frames of a series, nothing around them: one thread for each core.
    pub fn alone(self, servers: &Servers, series: &Series, length: Duration) -> f64 {
        let metadata = servers.get(&format!("{}/metadata", series.path()), "application/dicom+json");
        let metadata: Vec<Map<String, Value>> = serde_json::from_slice(&metadata).unwrap();
        let image = ImageDescription::from_json(&metadata[0], self.uid, 1).unwrap();
        let stored = format!("application/octet-stream; transfer-syntax={}", self.uid);
        let media = [&stored, "image/dicom-rle", "image/jls", "image/jp2"];
        let frames: Vec<Bytes> =
            series.of_each("/frames/1").iter().map(|path| servers.get(path, &media.join(", ")).into()).collect();
        let cores = std::thread::available_parallelism().unwrap().get();
        let began = Instant::now();
        let decoded: usize = std::thread::scope(|scope| {
            let decode = || {
                let mut decoded = 0;
                while began.elapsed() < length {
                    bare::decode(&image, frames[decoded % frames.len()].clone()).unwrap();
                    decoded += 1;
                }
                decoded
            };
            let threads: Vec<_> = (0..cores).map(|_| scope.spawn(decode)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        decoded as f64 / began.elapsed().as_secs_f64()
    }
}
