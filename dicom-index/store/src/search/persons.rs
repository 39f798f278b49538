//! OtherPatientIDsSequence: an identifier of the person whose study it is, or one that the study's objects say beside PatientID.

use index_model::HealthNumber;
use index_query::{Match, Rule};

use super::catalogue::PersonColumn;
use super::render::exact;
use super::scope::Scope;
use crate::engine::Sql;

/// Writes ` AND …` for alias `s`: all conditions hold of one identifier. Of a hidden region's identifiers nothing is to be learnt.
pub(super) fn write(sql: &mut Sql, conditions: &[(&Match, PersonColumn)], scope: &Scope) {
    sql.push(" AND s.study_key IN (");
    of_persons(sql, scope);
    for (condition, column) in conditions {
        let column = match column {
            PersonColumn::PatientId => "p.patient_id",
            PersonColumn::IssuerOfPatientId => "p.issuer",
        };
        exact(sql, column, &condition.rule);
    }
    if let Some(numbers) = health_numbers(conditions) {
        sql.push(" UNION ");
        of_persons(sql, scope);
        sql.push(" AND p.health_number IN (").list(numbers.iter().map(|one| one.number.expose().as_str())).push(")");
    }
    sql.push(
        " UNION SELECT c.study_key FROM copy_other_id o JOIN study_copy c ON c.study_copy_key = o.study_copy_key \
         WHERE 1 = 1",
    );
    scope.write_repositories(sql);
    for (condition, column) in conditions {
        let column = match column {
            PersonColumn::PatientId => "o.patient_id",
            PersonColumn::IssuerOfPatientId => "o.issuer",
        };
        exact(sql, column, &condition.rule);
    }
    sql.push(")");
}

/// All studies of a person of whom one number is meant, whichever of them has it. Persons are linked by exact evidence only.
fn of_persons(sql: &mut Sql, scope: &Scope) {
    sql.push("SELECT n.study_key FROM source_patient p JOIN study n ON n.person_key = p.person_key WHERE 1 = 1");
    if let Some(repositories) = &scope.repository_keys {
        sql.push(" AND p.repository_key IN (").list(repositories.iter().copied()).push(")");
    }
}

/// The health card numbers that may be meant: they are kept apart from other numbers, without their version codes.
fn health_numbers(conditions: &[(&Match, PersonColumn)]) -> Option<Vec<HealthNumber>> {
    let mut numbers = Vec::new();
    for (condition, column) in conditions {
        let values = match &condition.rule {
            Rule::Equals(value) => std::slice::from_ref(value),
            Rule::AnyOf(values) => values.as_slice(),
            _ => return None,
        };
        match column {
            PersonColumn::PatientId => numbers.extend(values.iter().filter_map(|value| HealthNumber::read(value))),
            PersonColumn::IssuerOfPatientId if values.iter().any(|name| HealthNumber::is_issuer(name)) => {}
            PersonColumn::IssuerOfPatientId => return None,
        }
    }
    (!numbers.is_empty()).then_some(numbers)
}
