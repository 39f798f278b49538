//! How metadata find their bulk data: the `Content-Location` of a part is the `BulkDataURI` (PS3.18 §8.6.1.2, §10.5.1.4).

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use index_compose::Bulk;
use url::Url;

use crate::accept::MediaRange;

/// One part that is not metadata: where its bytes are in the spool of the body.
#[derive(Debug, Clone)]
pub(super) struct BulkPart {
    /// Its `Content-Type`, without it `application/octet-stream`.
    pub(super) media_type: Option<MediaRange>,
    /// Its bytes.
    pub(super) bytes: Range<u64>,
}

impl BulkPart {
    /// The media type alone.
    pub(super) fn essence(&self) -> &str {
        self.media_type.as_ref().map_or("application/octet-stream", |media_type| media_type.essence.as_str())
    }

    /// Its `transfer-syntax` parameter.
    pub(super) fn transfer_syntax(&self) -> Option<&str> {
        self.media_type.as_ref()?.parameter("transfer-syntax")
    }

    pub(super) fn bulk(&self) -> Bulk {
        Bulk { offset: self.bytes.start, length: self.bytes.end - self.bytes.start }
    }
}

/// The bulk data of a request, by their addresses.
#[derive(Debug)]
pub(super) struct Links {
    base: Option<Url>,
    parts: HashMap<String, Vec<BulkPart>>,
    /// Addresses that metadata referred to.
    wanted: Mutex<HashSet<String>>,
}

impl Links {
    /// None yet; relative addresses are those below `base`.
    pub(super) fn new(base: &str) -> Self {
        Self { base: Url::parse(&format!("{base}/studies/")).ok(), parts: HashMap::new(), wanted: Mutex::default() }
    }

    /// Puts a part in. Several of one address are frames, in their order.
    pub(super) fn add(&mut self, location: &str, part: BulkPart) {
        self.parts.entry(self.address(location)).or_default().push(part);
    }

    /// The part of an address; none where there are several, which contradict each other.
    pub(super) fn only(&self, uri: &str) -> Option<&BulkPart> {
        let address = self.address(uri);
        self.want(&address);
        match self.parts.get(&address)?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The frames of pixel data: the parts of the address itself, else those of `…/frames/1`, `…/frames/2` and so on.
    pub(super) fn frames(&self, uri: &str) -> Vec<&BulkPart> {
        let address = self.address(uri);
        self.want(&address);
        if let Some(parts) = self.parts.get(&address) {
            return parts.iter().collect();
        }
        let frame = |number: u32| {
            let address = format!("{address}/frames/{number}");
            let part = self.parts.get(&address)?.first();
            self.want(&address);
            part
        };
        (1..).map_while(frame).collect()
    }

    fn want(&self, address: &str) {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).insert(address.to_owned());
    }

    /// How many addresses of parts no metadata referred to: what lies there belongs to no instance.
    pub(super) fn unwanted(&self) -> usize {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        self.parts.keys().filter(|address| !wanted.contains(*address)).count()
    }

    /// One spelling for an address, whether it is written in full or relative.
    fn address(&self, uri: &str) -> String {
        let uri = uri.trim();
        let full = self.base.as_ref().and_then(|base| base.join(uri).ok());
        full.map_or_else(|| uri.to_owned(), String::from)
    }
}

#[cfg(test)]
mod tests {
    use super::{BulkPart, Links};

    #[test]
    fn an_address_is_the_same_in_full_and_relative() {
        let mut links = Links::new("http://di.test/dicom-web");
        let part = |at| BulkPart { media_type: None, bytes: at..at + 1 };
        links.add("bulk/1", part(1));
        links.add("http://di.test/dicom-web/studies/pixels/frames/2", part(3));
        links.add("pixels/frames/1", part(2));
        links.add("urn:uuid:9", part(4));
        assert_eq!(links.only("http://di.test/dicom-web/studies/bulk/1").map(|part| part.bytes.start), Some(1));
        assert_eq!(links.only("/dicom-web/studies/bulk/1").map(|part| part.bytes.start), Some(1));
        assert_eq!(links.only(" urn:uuid:9").map(|part| part.bytes.start), Some(4));
        let frames = links.frames("/dicom-web/studies/pixels");
        assert_eq!(frames.iter().map(|part| part.bytes.start).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(links.unwanted(), 0);
        links.add("lost", part(8));
        assert_eq!(links.unwanted(), 1);
        links.add("bulk/1", part(7));
        assert!(links.only("bulk/1").is_none(), "which of them is meant?");
        assert!(links.only("bulk/2").is_none() && links.frames("bulk/2").is_empty());
    }
}
