//! Whether a message was here before: control ids are unique for their sender, whatever the message is about.

use crate::StoreError;
use crate::engine::{Link, Sql};

/// A message that came under the same control id.
pub(crate) struct Earlier {
    /// The report that it was a version of.
    pub(crate) report_key: Option<i64>,
    sha256: String,
}

impl Earlier {
    /// Whether it was the same message, byte by byte.
    pub(crate) fn is_same(&self, sha256: &str) -> bool {
        self.sha256 == sha256
    }
}

/// Looks a control id up.
pub(crate) async fn earlier(
    link: &mut Link,
    repository_key: i64,
    control_id: &str,
) -> Result<Option<Earlier>, StoreError> {
    let sql = Sql::new(
        "SELECT report_key, message_sha256 FROM report_version WHERE message_control_id = $1 AND repository_key = $2 \
         UNION ALL SELECT -1, message_sha256 FROM patient_event WHERE message_control_id = $1 AND repository_key = $2 \
         UNION ALL SELECT -1, message_sha256 FROM order_message WHERE message_control_id = $1 AND repository_key = $2",
    );
    let row = link.row(sql.arg(control_id).arg(repository_key)).await?;
    row.map(|row| Ok(Earlier { report_key: Some(row.int(0)?).filter(|key| *key >= 0), sha256: row.text(1)? }))
        .transpose()
}
