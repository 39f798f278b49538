//! The gate in front of every parser: proves that bytes from outside have the structure they declare.
//!
//! A DICOM data set is a tree whose every node declares a length or is ended by a delimiter (PS3.5 §7). Parsers believe those lengths:
//! a 500-byte file that declares 4 GB makes them allocate it, and 20,000 nested sequences overflow their stack. This crate walks the tree
//! first, without recursion, in linear time, and holds nothing but a flat list of the elements it met. What passes is safe to read; what
//! does not is refused with a [`Violation`] that names attribute, rule and offset, never a value.
//!
//! It reads leniently where real objects break the letter (odd lengths, group lengths, no preamble, no TransferSyntaxUID, implicit VR under
//! an explicit syntax) and says so in [`Structure::remarks`]. The list it makes is also the way to read: see [`DataSet`].
//!
//! ```
//! use index_guard::{Limits, scan_data_set};
//! let sop_class = b"\x08\x00\x16\x00UI\x06\x001.2.3\0";
//! let found = scan_data_set(sop_class, "1.2.840.10008.1.2.1", &Limits::default()).unwrap();
//! assert_eq!(found.elements.len(), 1);
//! let cut = scan_data_set(&sop_class[..10], "1.2.840.10008.1.2.1", &Limits::default()).unwrap_err();
//! assert_eq!(cut.attribute, "SOPClassUID");
//! ```
#![forbid(unsafe_code)]

mod command;
mod encoding;
mod file;
mod fragments;
mod header;
mod inflate;
mod limits;
mod structure;
mod view;
mod violation;
mod walk;

pub use command::scan_command_set;
pub use dicom_core::dictionary::VirtualVr;
pub use dicom_core::{Tag, VR};
pub use encoding::Encoding;
pub use file::{is_deflated, media_storage, scan_data_set, scan_file};
pub use limits::Limits;
pub use structure::{Element, Encapsulated, Kind, PixelData, Span, Structure};
pub use view::{DataSet, Node};
pub use violation::{Remark, Violation, attribute_name};
