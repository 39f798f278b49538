//! Whether a message was here before: control ids are unique for their sender, whatever the message is about.

use crate::StoreError;
use crate::engine::{Link, Sql};

/// A message that arrives.
pub(crate) struct Arriving<'a> {
    pub(crate) repository_key: i64,
    pub(crate) control_id: &'a str,
    pub(crate) sha256: &'a str,
    pub(crate) now_ms: i64,
}

/// A message that came under the same control id.
pub(crate) struct Earlier {
    /// The report that it was a version of.
    pub(crate) report_key: Option<i64>,
    /// Whether it was the same message, byte by byte.
    pub(crate) is_same: bool,
}

/// Looks the control id of a message up. Where it was another message's, this one is refused, and that is kept for who looks after the sender.
pub(crate) async fn earlier(link: &mut Link, message: &Arriving<'_>) -> Result<Option<Earlier>, StoreError> {
    let sql = Sql::new(
        "SELECT report_key, message_sha256 FROM report_version WHERE message_control_id = $1 AND repository_key = $2 \
         UNION ALL SELECT -1, message_sha256 FROM patient_event WHERE message_control_id = $1 AND repository_key = $2 \
         UNION ALL SELECT -1, message_sha256 FROM order_message WHERE message_control_id = $1 AND repository_key = $2",
    );
    let Some(row) = link.row(sql.arg(message.control_id).arg(message.repository_key)).await? else { return Ok(None) };
    let earlier =
        Earlier { report_key: Some(row.int(0)?).filter(|key| *key >= 0), is_same: row.text(1)? == message.sha256 };
    if !earlier.is_same {
        note_reuse(link, message).await?;
    }
    Ok(Some(earlier))
}

/// One row for each sender, whatever it sends; a refused message that is sent again and again is one.
async fn note_reuse(link: &mut Link, message: &Arriving<'_>) -> Result<(), StoreError> {
    let sql = Sql::new(
        "INSERT INTO reused_control_id (repository_key, message_control_id, message_sha256, messages, first_ms) \
         VALUES ($1, $2, $3, 1, $4) ON CONFLICT (repository_key) DO UPDATE SET messages = reused_control_id.messages + \
         CASE WHEN reused_control_id.message_sha256 = excluded.message_sha256 THEN 0 ELSE 1 END, \
         message_control_id = excluded.message_control_id, message_sha256 = excluded.message_sha256",
    );
    let sql = sql.arg(message.repository_key).arg(message.control_id).arg(message.sha256).arg(message.now_ms);
    link.run(sql).await.map(drop)
}
