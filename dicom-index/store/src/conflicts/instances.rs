//! Instances of which copies differ from the one that is shown.

use std::collections::HashMap;

use super::cases::{Case, uid};
use super::{Dismissals, is_dismissed};
use crate::engine::{Link, Sql};
use crate::locate::code;
use crate::{Contradiction, Differing, StoreError};

/// Studies of one statement.
const CHUNK: usize = 400;

/// One case for each series and repository whose copies stand beside what is shown, the latest first.
pub(super) async fn cases(link: &mut Link, limit: u32) -> Result<Vec<Case>, StoreError> {
    let sql = Sql::new(
        "SELECT g.series_key, g.repository_key, g.instances, g.compared, g.since_ms, s.study_instance_uid, \
         r.series_instance_uid, g.sop_instance_uid, q.code, s.patient_key, \
         (SELECT p.code FROM held_instance o JOIN repository p ON p.repository_key = o.repository_key \
         WHERE o.sop_instance_uid = g.sop_instance_uid AND o.series_key = g.series_key AND o.shown = 1 LIMIT 1) \
         FROM (SELECT series_key, repository_key, count(DISTINCT sop_instance_uid) AS instances, \
         CAST(min(CASE WHEN likeness = 'differs' THEN 1 ELSE 0 END) AS BIGINT) AS compared, min(beside_ms) AS since_ms, \
         min(sop_instance_uid) AS sop_instance_uid, max(instance_key) AS latest \
         FROM held_instance WHERE shown = 0 AND likeness IN ('', 'differs') GROUP BY series_key, repository_key \
         ORDER BY latest DESC LIMIT $1) g \
         JOIN series r ON r.series_key = g.series_key JOIN study s ON s.study_key = r.study_key \
         JOIN repository q ON q.repository_key = g.repository_key ORDER BY g.latest DESC",
    );
    let mut cases = Vec::new();
    for row in link.rows(sql.arg(limit)).await? {
        let differing = Differing {
            study_instance_uid: uid(&row.text(5)?)?,
            series_instance_uid: uid(&row.text(6)?)?,
            sop_instance_uid: uid(&row.text(7)?)?,
            instances: row.count(2)?,
            shown: row.opt_text(10)?.map(|text| code(&text)).transpose()?,
            beside: code(&row.text(8)?)?,
            is_compared: row.flag(3)?,
        };
        let (patients, since_ms) = (vec![row.int(9)?], row.opt_int(4)?);
        let key = key(row.int(0)?, row.int(1)?);
        cases.push(Case { key, what: Contradiction::Instance(differing), patients, since_ms });
    }
    Ok(cases)
}

fn key(series_key: i64, repository_key: i64) -> String {
    format!("instance-{series_key}-{repository_key}")
}

/// How many there are in each of these studies, but for what was dismissed.
pub(super) async fn of_studies(
    link: &mut Link,
    studies: &[i64],
    dismissals: &Dismissals,
) -> Result<HashMap<i64, u32>, StoreError> {
    let mut counted: HashMap<i64, u32> = HashMap::new();
    for chunk in studies.chunks(CHUNK) {
        let mut sql = Sql::new(
            "SELECT r.study_key, h.series_key, h.repository_key, count(DISTINCT h.sop_instance_uid) FROM series r \
             JOIN held_instance h ON h.series_key = r.series_key WHERE h.shown = 0 AND h.likeness IN ('', 'differs') \
             AND r.study_key IN (",
        );
        sql.list(chunk.iter().copied()).push(") GROUP BY r.study_key, h.series_key, h.repository_key");
        for row in link.rows(sql).await? {
            let instances = row.count(3)?;
            if !is_dismissed(dismissals, &key(row.int(1)?, row.int(2)?), &instances.to_string()) {
                *counted.entry(row.int(0)?).or_default() += instances;
            }
        }
    }
    Ok(counted)
}
