//! A requested procedure, as an order message tells of it.

use serde::{Deserialize, Serialize};

use crate::{IssuedId, PatientRecord, Uid, VisitNumbers};

/// Which numbers are of one examination, and whether it is still asked for. An order shows nothing by itself: it is the evidence by which a
/// report finds its study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// MSH-10, unique for the sender.
    pub message_control_id: String,
    /// SHA-256 of the message, in hex: tells a repeat from a reused control id.
    pub message_sha256: String,
    /// For whom.
    pub patient: PatientRecord,
    /// ORC-2 or OBR-2.
    pub placer_order_number: Option<IssuedId>,
    /// ORC-3 or OBR-3.
    pub filler_order_number: Option<IssuedId>,
    /// The stay that it is of.
    #[serde(default, skip_serializing_if = "VisitNumbers::is_empty")]
    pub visit: VisitNumbers,
    /// IPC-1, else the field that the source is configured for.
    pub accession_number: Option<IssuedId>,
    /// IPC-3 or ZDS-1.
    pub study_instance_uid: Option<Uid>,
    /// IPC-2 or OBR-19; empty where the message speaks of the whole order.
    pub requested_procedure_id: String,
    /// OBR-4 text.
    pub title: String,
    /// ORC-1 and ORC-5: the procedure is not asked for any more.
    pub is_cancelled: bool,
    /// ORC-9, else MSH-7, Unix milliseconds: an older message that comes late is history.
    pub told_ms: Option<i64>,
}
