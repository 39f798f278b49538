//! RequestAttributesSequence: all conditions hold of one item (PS3.4 §C.2.2.2.6).

use index_query::{Match, Rule};

use super::catalogue::RequestColumn;
use super::render::exact;
use crate::engine::Sql;

/// Writes ` AND …` for alias `r` (series). A series without items has nothing within one, as empty value matching wants it.
pub(super) fn write(sql: &mut Sql, conditions: &[(&Match, RequestColumn)]) {
    let takes_none = conditions.iter().all(|(condition, _)| condition.rule == Rule::Empty);
    sql.push(" AND ");
    if takes_none {
        sql.push("(NOT EXISTS (SELECT 1 FROM series_request q WHERE q.series_key = r.series_key) OR ");
    }
    sql.push("r.series_key IN (SELECT q.series_key FROM series_request q WHERE 1 = 1");
    for (condition, column) in conditions {
        let column = match column {
            RequestColumn::ScheduledProcedureStepId => "q.scheduled_procedure_step_id",
            RequestColumn::RequestedProcedureId => "q.requested_procedure_id",
        };
        exact(sql, column, &condition.rule);
    }
    sql.push(if takes_none { "))" } else { ")" });
}
