//! The header of an object with what rendering needs and the manifest leaves out: lookup tables, overlays and colour profiles are
//! behind a `BulkDataURI` where they are long, and a picture made without them would be a wrong one.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use index_extract::PathStep;
use index_model::{InstanceEntry, Uid};
use serde_json::{Map, Value, json};

use crate::open::OpenedStudy;
use crate::{Registry, RegistryError};

/// A whole header, as DICOM JSON, and the bytes that it takes, about.
#[derive(Debug)]
pub(crate) struct Header(pub(super) Map<String, Value>, usize);

/// Values that are fetched for one header, and how deep they are looked for.
const MOST_VALUES: usize = 256;
const DEEPEST: usize = 5;
/// The longest of them: a table has 128 KiB, a profile some megabytes.
const LONGEST: usize = 16 << 20;

/// Headers that were read a moment ago, bounded in bytes: of the slices that somebody scrolls through, each is rendered in one window after
/// the other, and reading its header anew is a tenth of the work.
#[derive(Debug)]
pub(crate) struct HeaderCache(moka::future::Cache<String, Arc<Header>>);

/// What headers may take of memory.
const KEPT_BYTES: u64 = 16 << 20;
/// A header takes so many times the bytes of its text.
const SPREAD: usize = 8;

impl HeaderCache {
    pub(crate) fn new() -> Self {
        let weigher = |_: &String, header: &Arc<Header>| u32::try_from(header.1).unwrap_or(u32::MAX);
        Self(moka::future::Cache::builder().max_capacity(KEPT_BYTES).weigher(weigher).build())
    }
}

impl Registry {
    /// The header of an object whose bytes are `entry`'s.
    pub(super) async fn header(
        &self,
        opened: &OpenedStudy,
        series: &Uid,
        entry: &InstanceEntry,
    ) -> Result<Arc<Header>, RegistryError> {
        if let Some(header) = self.0.headers.0.get(&entry.sha256).await {
            return Ok(header);
        }
        let values = serde_json::from_str(entry.metadata.get()).map_err(RegistryError::internal)?;
        let mut header = Header(values, SPREAD * entry.metadata.get().len());
        let mut paths = Vec::new();
        absent(&header.0, &mut Vec::new(), &mut paths);
        for path in paths {
            let value = self.bulk_value(opened, series, &entry.instance.sop_instance_uid, &path).await?;
            if value.len() <= LONGEST {
                header.put(&path, &value);
                header.1 += 2 * value.len();
            }
        }
        let header = Arc::new(header);
        self.0.headers.0.insert(entry.sha256.clone(), Arc::clone(&header)).await;
        Ok(header)
    }
}

/// The values that are needed and elsewhere.
fn absent(level: &Map<String, Value>, path: &mut Vec<PathStep>, found: &mut Vec<Vec<PathStep>>) {
    for (name, attribute) in level {
        let Ok(tag) = u32::from_str_radix(name, 16) else { continue };
        path.push(PathStep::Attribute(tag));
        if attribute.get("BulkDataURI").is_some() && is_needed(tag) && found.len() < MOST_VALUES {
            found.push(path.clone());
        }
        // Sequences nest in both directions: their items are looked at by number.
        let items = attribute.get("Value").and_then(Value::as_array).filter(|_| path.len() < 2 * DEEPEST);
        for (index, item) in items.into_iter().flatten().enumerate() {
            if let Some(item) = item.as_object() {
                path.push(PathStep::Item(index as u32 + 1));
                absent(item, path, found);
                path.pop();
            }
        }
        path.pop();
    }
}

/// LUT data, palettes plain and segmented, profiles, overlays.
fn is_needed(tag: u32) -> bool {
    matches!(tag, 0x0028_3006 | 0x0028_1201..=0x0028_1203 | 0x0028_1221..=0x0028_1223 | 0x0028_2000)
        || (tag >> 24 == 0x60 && tag & 0xFFFF == 0x3000)
}

impl Header {
    fn put(&mut self, path: &[PathStep], value: &[u8]) {
        let mut level = Some(&mut self.0);
        let mut steps = path.iter().peekable();
        while let Some(PathStep::Attribute(tag)) = steps.next() {
            let name = format!("{tag:08X}");
            let Some(map) = level.take() else { return };
            match steps.next() {
                Some(PathStep::Item(number)) => {
                    let items = map.get_mut(&name).and_then(|attribute| attribute.get_mut("Value"));
                    let item = items.and_then(|items| items.get_mut(*number as usize - 1));
                    level = item.and_then(Value::as_object_mut);
                }
                _ => {
                    let encoded = base64::engine::general_purpose::STANDARD.encode(value);
                    map.insert(name, json!({ "vr": "OW", "InlineBinary": encoded }));
                }
            }
        }
    }

    /// The time between frames: Frame Time (0018,1063), the first of Frame Time Vector (0018,1065) that is not 0, or what follows from
    /// Recommended Display Frame Rate (0008,2144) or Cine Rate (0018,0040).
    pub(super) fn frame_time(&self) -> Option<Duration> {
        let numbers = |tag: &str| {
            let values = self.0.get(tag).and_then(|attribute| attribute.get("Value")).and_then(Value::as_array);
            values.into_iter().flatten().filter_map(|value| match value {
                Value::String(text) => text.trim().parse().ok(),
                other => other.as_f64(),
            })
        };
        let first = |tag: &str| numbers(tag).find(|number: &f64| *number > 0.0);
        let rate = || first("00082144").or_else(|| first("00180040")).map(|rate| 1000.0 / rate);
        let milliseconds = first("00181063").or_else(|| first("00181065")).or_else(rate)?;
        Some(Duration::from_secs_f64(milliseconds.clamp(1.0, 60_000.0) / 1000.0))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tables_that_are_elsewhere_are_found_and_put_in_their_place() {
        let header = json!({
            "00283110": { "vr": "SQ", "Value": [{}, { "00283010": { "vr": "SQ", "Value": [
                { "00283006": { "vr": "OW", "BulkDataURI": "/x" } },
            ] } }] },
            "60023000": { "vr": "OW", "BulkDataURI": "/y" },
            "7FE00010": { "vr": "OW", "BulkDataURI": "/z" },
        });
        let mut header = Header(header.as_object().unwrap().clone(), 0);
        let mut paths = Vec::new();
        absent(&header.0, &mut Vec::new(), &mut paths);
        assert_eq!(paths.len(), 2);
        for path in &paths {
            header.put(path, b"abc");
        }
        let table = &header.0["00283110"]["Value"][1]["00283010"]["Value"][0]["00283006"];
        assert_eq!(table["InlineBinary"], "YWJj");
        assert_eq!(header.0["60023000"]["InlineBinary"], "YWJj");
        assert!(header.0["7FE00010"].get("BulkDataURI").is_some());
    }

    #[test]
    fn the_pace_is_the_recorded_one() {
        let of = |tag: &str, value: serde_json::Value| {
            let header = json!({ tag: { "vr": "DS", "Value": value } });
            Header(header.as_object().unwrap().clone(), 0).frame_time()
        };
        assert_eq!(of("00181063", json!([40])), Some(Duration::from_millis(40)));
        assert_eq!(of("00181065", json!([0, 25])), Some(Duration::from_millis(25)));
        assert_eq!(of("00180040", json!(["10"])), Some(Duration::from_millis(100)));
        assert_eq!(of("00181063", json!([0])), None);
        assert_eq!(of("00181063", json!([1e300])), Some(Duration::from_secs(60)));
    }
}
