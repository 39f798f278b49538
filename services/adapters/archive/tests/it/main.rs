//! Archives as they are found: folders and buckets that fill, move and are written to while they are walked.
#![expect(clippy::unwrap_used, reason = "tests")]

mod contract;
mod fickle;
mod medium;
mod place;
mod retrieve;
mod walk;
mod zipped;
