//! The service over a real registry on SQLite, in a folder of its own; requests go through the router as a listener would hand them on.
#![expect(clippy::unwrap_used, reason = "tests")]

mod absent;
mod account;
mod app;
mod bulkdata;
mod cache;
mod conditional;
mod contradictions;
mod derivatives;
mod encapsulated;
mod frames;
mod key_objects;
mod metadata;
mod objects;
mod province;
mod refusals;
mod rendered;
mod retrieve;
mod search;
mod search_kept;
mod search_keys;
mod store;
mod store_ambiguous;
mod store_metadata;
mod store_raster;
mod turns;
mod twins;
mod wado_uri;
mod warm;
