//! Renders a query as SQL. Names of columns come from the catalogue, values only through `bind`.

use index_query::{Attribute, Level, Match, Query, Rule, Span};

use super::catalogue::{CopyColumn, How, PersonColumn, RequestColumn, find, time_beside};
use super::merged;
use super::names;
use super::pattern::Pattern;
use super::persons;
use super::requests;
use super::scope::Scope;
use crate::engine::dialect::has_pieces;
use crate::engine::{Link, Sql, Value};
use crate::{Engine, StoreError};
use index_query::text::{folded, time_begin, time_end};

/// The day under which a study is listed: its own, else the best known.
pub(crate) const LISTED_DATE: &str = "CASE WHEN s.study_date <> '' THEN s.study_date ELSE COALESCE((SELECT u.listed_date \
    FROM undated_study u WHERE u.study_key = s.study_key), '') END AS study_date";
/// The stable order of studies that have a date: latest first.
pub(crate) const ORDER: &str = " ORDER BY s.study_date DESC, s.study_time DESC, s.study_instance_uid, s.study_key";
/// The stable order of series: by study, then by number, unnumbered last.
pub(crate) const SERIES_ORDER: &str = " ORDER BY s.study_date DESC, s.study_time DESC, s.study_instance_uid, s.study_key, \
    r.series_number IS NULL, r.series_number, r.series_instance_uid";

/// The order of studies where the columns are those of the matches alone.
pub(crate) const MATCHED_ORDER: &str = " ORDER BY study_date DESC, study_time DESC, study_instance_uid, study_key";
/// The order of series where the columns are those of the matches alone.
pub(crate) const MATCHED_SERIES_ORDER: &str = " ORDER BY study_date DESC, study_time DESC, study_instance_uid, study_key, \
    series_number IS NULL, series_number, series_instance_uid";

/// The conditions of a query, sorted by where they are looked up.
pub(crate) struct Conditions<'q> {
    engine: Engine,
    study: Vec<(&'q Match, How)>,
    series: Vec<(&'q Match, How)>,
    request: Vec<(&'q Match, RequestColumn)>,
    instance: Vec<(&'q Match, How)>,
    copy: Vec<(&'q Match, CopyColumn)>,
    /// Whom merged numbers that were asked for go by now.
    survivors: Vec<i64>,
    person: Vec<(&'q Match, PersonColumn)>,
    pub(crate) unsupported: Vec<Attribute>,
}

impl<'q> Conditions<'q> {
    pub(crate) fn of(query: &'q Query, engine: Engine) -> Self {
        let mut out = Self {
            engine,
            study: Vec::new(),
            series: Vec::new(),
            request: Vec::new(),
            instance: Vec::new(),
            copy: Vec::new(),
            survivors: Vec::new(),
            person: Vec::new(),
            unsupported: Vec::new(),
        };
        for condition in query.matches.iter().filter(|condition| condition.rule != Rule::Universal) {
            match find(&condition.attribute.path) {
                Some((_, how)) if !is_comparable(how, &condition.rule) => {
                    out.unsupported.push(condition.attribute.clone());
                }
                Some((Level::Study, How::Copy(column))) => out.copy.push((condition, column)),
                Some((Level::Study, How::Person(column))) => out.person.push((condition, column)),
                Some((Level::Study, how)) => out.study.push((condition, how)),
                Some((Level::Series, How::Request(column))) => out.request.push((condition, column)),
                Some((Level::Series, how)) => out.series.push((condition, how)),
                Some((Level::Instance, how)) => out.instance.push((condition, how)),
                None => out.unsupported.push(condition.attribute.clone()),
            }
        }
        out
    }

    /// [`Conditions::of`], where a PatientID that was merged stands for whom it goes by too.
    pub(crate) async fn looked_up(query: &'q Query, link: &mut Link, engine: Engine) -> Result<Self, StoreError> {
        let mut out = Self::of(query, engine);
        out.survivors = merged::survivors(link, &out.copy).await?;
        Ok(out)
    }

    /// Whether something narrows the matches down to a few, so that all of them are looked at once, sorted and counted. Otherwise a
    /// page is read in order from an index, and counting reads another.
    pub(crate) fn are_narrow(&self) -> bool {
        let is_narrow = |how: &How| {
            let is_wide = matches!(how, How::Date("s.study_date") | How::Exact("s.patient_sex") | How::Modalities);
            !is_wide && !matches!(how, How::Time(_) | How::Number(_) | How::Repository)
        };
        self.are_narrow_of_series()
            || !self.person.is_empty()
            || self.copy.iter().any(|(condition, _)| condition.rule != Rule::Empty)
            || self.study.iter().any(|(condition, how)| is_narrow(how) && condition.rule != Rule::Empty)
    }

    /// The same of series and what is below them.
    fn are_narrow_of_series(&self) -> bool {
        !self.instance.is_empty()
            || self.request.iter().any(|(condition, _)| condition.rule != Rule::Empty)
            || self.series.iter().any(|(_, how)| *how == How::Exact("r.series_instance_uid"))
    }

    /// Whether everything matches.
    pub(crate) const fn are_none(&self) -> bool {
        self.study.is_empty()
            && self.series.is_empty()
            && self.request.is_empty()
            && self.instance.is_empty()
            && self.copy.is_empty()
            && self.person.is_empty()
    }

    /// Whether StudyDate is asked for, so that what has none does not match; or has none, and nothing else matches.
    pub(crate) fn are_of_dates(&self) -> bool {
        self.study.iter().any(|(condition, how)| *how == How::Date("s.study_date") && condition.rule != Rule::Empty)
    }

    /// The same as [`studies`](Self::studies), of those without StudyDate alone, with alias `u` for the day under which they are listed.
    pub(crate) fn undated_studies(&self, sql: &mut Sql, scope: &Scope) {
        // In this order of tables: few are undated.
        sql.push(" FROM undated_study u CROSS JOIN study s WHERE s.study_key = u.study_key");
        self.write_study(sql, scope, false);
        self.write_of_series(sql);
    }

    /// Writes ` FROM … WHERE …` for a search of studies.
    pub(crate) fn studies(&self, sql: &mut Sql, scope: &Scope) {
        let modality = self.by_modality();
        if let Some(modality) = modality {
            // Alias `s` has all columns that the conditions and the order name.
            sql.push(" FROM study_modality s WHERE s.modality = ").bind(modality);
        } else {
            sql.push(" FROM study s WHERE 1 = 1");
        }
        self.write_study(sql, scope, modality.is_some());
        self.write_of_series(sql);
    }

    /// Conditions on a series of the study.
    fn write_of_series(&self, sql: &mut Sql) {
        if self.are_narrow_of_series() {
            // The few series are looked up first, and not for each study.
            sql.push(" AND s.study_key IN (SELECT r.study_key FROM series r WHERE 1 = 1");
            self.write_series(sql);
            sql.push(")");
        } else if !self.series.is_empty() || !self.request.is_empty() {
            sql.push(" AND EXISTS (SELECT 1 FROM series r WHERE r.study_key = s.study_key");
            self.write_series(sql);
            sql.push(")");
        }
    }

    /// The modality of a search by modality, and by date, time and UID at most: `study_modality` answers it alone.
    fn by_modality(&self) -> Option<&'q str> {
        const COLUMNS: [How; 3] =
            [How::Date("s.study_date"), How::Time("s.study_time"), How::Exact("s.study_instance_uid")];
        let mut modalities = self.study.iter().filter(|(_, how)| *how == How::Modalities);
        let (Some((condition, _)), None) = (modalities.next(), modalities.next()) else { return None };
        let others_fit = self.study.iter().all(|(_, how)| *how == How::Modalities || COLUMNS.contains(how));
        match &condition.rule {
            Rule::Equals(modality) if others_fit => Some(modality),
            _ => None,
        }
    }

    /// Writes ` FROM … WHERE …` for a search of series.
    pub(crate) fn series(&self, sql: &mut Sql, scope: &Scope) {
        sql.push(" FROM study s JOIN series r ON r.study_key = s.study_key WHERE 1 = 1");
        self.write_study(sql, scope, false);
        self.write_series(sql);
    }

    fn write_study(&self, sql: &mut Sql, scope: &Scope, is_by_modality: bool) {
        scope.write(sql);
        self.write_copy(sql);
        self.write_person(sql, scope);
        for (condition, how) in &self.study {
            let is_done = how == &How::Modalities && is_by_modality;
            if !is_done {
                write(sql, self.engine, *how, &condition.rule);
            }
        }
    }

    fn write_series(&self, sql: &mut Sql) {
        for (condition, how) in &self.series {
            write(sql, self.engine, *how, &condition.rule);
        }
        if !self.request.is_empty() {
            requests::write(sql, &self.request);
        }
        for (condition, _) in &self.instance {
            sql.push(" AND r.series_key IN (SELECT h.series_key FROM held_instance h WHERE 1 = 1");
            exact(sql, "h.sop_instance_uid", &condition.rule);
            sql.push(")");
        }
    }

    /// PatientID with its issuer, AccessionNumber with its issuer: all of one and the same copy.
    fn write_copy(&self, sql: &mut Sql) {
        if self.copy.is_empty() {
            return;
        }
        sql.push(
            " AND s.study_key IN (SELECT c.study_key FROM study_copy c \
             JOIN source_patient p ON p.patient_key = c.patient_key WHERE 1 = 1",
        );
        self.write_of_copy(sql);
        sql.push(")");
    }

    /// The same of alias `c` (study copy) with its patient `p`.
    pub(crate) fn write_of_copy(&self, sql: &mut Sql) {
        if merged::are_whole(&self.copy) {
            merged::write_followed(sql, &self.copy);
        } else if self.survivors.is_empty() {
            merged::write(sql, &self.copy);
        } else {
            sql.push(" AND c.patient_key IN (SELECT p.patient_key FROM source_patient p WHERE 1 = 1");
            merged::write(sql, &self.copy);
            sql.push(" UNION SELECT p.patient_key FROM source_patient p WHERE p.patient_key IN (");
            sql.list(self.survivors.iter().copied()).push("))");
        }
        for (condition, column) in &self.copy {
            match column {
                CopyColumn::PatientId | CopyColumn::IssuerOfPatientId => {}
                CopyColumn::IssuerOfAccessionNumber => exact(sql, "c.accession_issuer", &condition.rule),
                CopyColumn::AccessionNumber => {
                    exact(sql, "c.accession_number", &condition.rule);
                    if condition.rule != Rule::Empty {
                        // The condition of the index, which a planner must find in the statement.
                        sql.push(" AND c.accession_number <> ''");
                    }
                }
            }
        }
    }

    /// OtherPatientIDsSequence, written where it is looked up.
    fn write_person(&self, sql: &mut Sql, scope: &Scope) {
        if !self.person.is_empty() {
            persons::write(sql, &self.person, scope);
        }
    }
}

/// Whether a rule makes sense for a column.
fn is_comparable(how: How, rule: &Rule) -> bool {
    match rule {
        Rule::Range(from, to) => match how {
            How::Date(_) => true,
            How::Time(_) => [from, to].into_iter().flatten().all(|time| time_end(time).is_some()),
            _ => false,
        },
        Rule::Span(_) => matches!(how, How::Date(column) if time_beside(column).is_some()),
        Rule::Fuzzy(_) => matches!(how, How::Name(..)),
        Rule::Like(_) => !matches!(how, How::Date(_) | How::Time(_) | How::Number(_) | How::Instance),
        _ => true,
    }
}

fn write(sql: &mut Sql, engine: Engine, how: How, rule: &Rule) {
    match how {
        How::Exact(column) => exact(sql, column, rule),
        How::Folded(column, text) => {
            let rule = fold_rule(rule);
            if let (Some(text), Rule::Equals(value) | Rule::Like(value)) = (text, &rule) {
                has_pieces(sql, engine, text, &Pattern::new(value.clone()).pieces());
            }
            exact(sql, column, &rule);
        }
        How::Name(groups, words, text) => {
            names::write(sql, engine, &names::Columns { groups, words, text }, rule);
        }
        How::Date(column) => date(sql, column, rule),
        How::Time(column) => time(sql, column, rule),
        How::Number(column) => number(sql, column, rule),
        How::Modalities => modalities(sql, rule),
        How::Repository => match rule {
            Rule::AllOf(codes) => codes.iter().for_each(|code| holder(sql, &Rule::Equals(code.clone()))),
            rule => holder(sql, rule),
        },
        // Written where copies, persons, requests and instances are looked up.
        How::Copy(_) | How::Person(_) | How::Request(_) | How::Instance => {}
    }
}

/// One of the repositories that hold a study.
fn holder(sql: &mut Sql, rule: &Rule) {
    sql.push(
        " AND EXISTS (SELECT 1 FROM study_copy c JOIN repository q ON q.repository_key = c.repository_key \
         WHERE c.study_key = s.study_key",
    );
    exact(sql, "q.code", &fold_rule(rule));
    sql.push(")");
}

fn fold_rule(rule: &Rule) -> Rule {
    match rule {
        Rule::Equals(value) => Rule::Equals(folded(value)),
        Rule::Like(value) => Rule::Like(folded(value)),
        Rule::AnyOf(values) => Rule::AnyOf(values.iter().map(|value| folded(value)).collect()),
        Rule::AllOf(values) => Rule::AllOf(values.iter().map(|value| folded(value)).collect()),
        rule => rule.clone(),
    }
}

/// Single value, list, wild card and empty value matching of text.
pub(super) fn exact(sql: &mut Sql, column: &'static str, rule: &Rule) {
    sql.push(" AND ");
    match rule {
        Rule::Equals(value) => sql.push(column).push(" = ").bind(value.as_str()),
        Rule::AnyOf(values) => sql.push(column).push(" IN (").list(values.iter().map(String::as_str)).push(")"),
        Rule::Like(value) => {
            Pattern::new(value.clone()).write(sql, column);
            sql
        }
        // The column has one value.
        Rule::AllOf(values) => {
            for value in values {
                sql.push(column).push(" = ").bind(value.as_str()).push(" AND ");
            }
            sql.push("1 = 1")
        }
        Rule::Empty => sql.push(column).push(" = ''"),
        Rule::Universal | Rule::Range(..) | Rule::Span(_) | Rule::Fuzzy(_) => sql.push("1 = 1"),
    };
}

fn date(sql: &mut Sql, column: &'static str, rule: &Rule) {
    if let (Rule::Span(one), Some(time)) = (rule, time_beside(column)) {
        return span(sql, column, time, one);
    }
    let Rule::Range(from, to) = rule else { return exact(sql, column, rule) };
    if let Some(from) = from {
        sql.push(" AND ").push(column).push(" >= ").bind(from.as_str());
    }
    if let Some(to) = to {
        sql.push(" AND ").push(column).push(" <= ").bind(to.as_str());
        if from.is_none() {
            sql.push(" AND ").push(column).push(" > ''"); // undated ones are empty
        }
    }
}

/// The days as a range that an index serves; on the first and the last of them the time counts.
fn span(sql: &mut Sql, date_column: &'static str, time_column: &'static str, span: &Span) {
    date(sql, date_column, &Rule::Range(span.days.0.clone(), span.days.1.clone()));
    if let Some((day, Some(from))) = span.from() {
        sql.push(" AND (").push(date_column).push(" > ").bind(day).push(" OR ").push(time_column).push(" >= ");
        sql.bind(time_begin(from).unwrap_or_default()).push(")");
    }
    if let Some((day, Some(to))) = span.to() {
        sql.push(" AND (").push(date_column).push(" < ").bind(day).push(" OR (").push(time_column).push(" <= ");
        sql.bind(time_end(to).unwrap_or_default()).push(" AND ").push(time_column).push(" > ''))");
    }
}

/// A time stands for all moments that it does not tell apart: `10` is from 10:00 to the last moment before 11:00.
fn time(sql: &mut Sql, column: &'static str, rule: &Rule) {
    let begin = |text: &str| time_begin(text).unwrap_or_default();
    let end = |text: &str| time_end(text).unwrap_or_default();
    let (from, to) = match rule {
        Rule::Equals(value) => (Some(begin(value)), Some(end(value))),
        Rule::Range(from, to) => (from.as_deref().map(begin), to.as_deref().map(end)),
        Rule::AnyOf(values) => {
            let values: Vec<String> = values.iter().map(|value| begin(value)).collect();
            return exact(sql, column, &Rule::AnyOf(values));
        }
        rule => return exact(sql, column, rule),
    };
    date(sql, column, &Rule::Range(from, to));
}

fn number(sql: &mut Sql, column: &'static str, rule: &Rule) {
    let parse = |text: &str| text.trim().parse::<i64>().ok();
    sql.push(" AND ");
    match rule {
        Rule::Equals(value) => match parse(value) {
            Some(number) => sql.push(column).push(" = ").bind(number),
            None => sql.push("1 = 0"),
        },
        Rule::AnyOf(values) => {
            let numbers: Vec<Value> = values.iter().filter_map(|value| parse(value)).map(Value::from).collect();
            if numbers.is_empty() { sql.push("1 = 0") } else { sql.push(column).push(" IN (").list(numbers).push(")") }
        }
        Rule::Empty => sql.push(column).push(" IS NULL"),
        Rule::Universal | Rule::Like(_) | Rule::AllOf(_) | Rule::Range(..) | Rule::Span(_) | Rule::Fuzzy(_) => {
            sql.push("1 = 1")
        }
    };
}

/// The column is `|CT|SR|`.
fn modalities(sql: &mut Sql, rule: &Rule) {
    let one = |sql: &mut Sql, value: &str| {
        Pattern::new(format!("*|{value}|*")).write(sql, "s.modalities");
    };
    sql.push(" AND ");
    match rule {
        Rule::Equals(value) | Rule::Like(value) => one(sql, value),
        Rule::AnyOf(values) => {
            sql.push("(1 = 0");
            for value in values {
                sql.push(" OR ");
                one(sql, value);
            }
            sql.push(")");
        }
        Rule::AllOf(values) => {
            for value in values {
                one(sql, value);
                sql.push(" AND ");
            }
            sql.push("1 = 1");
        }
        Rule::Empty => {
            sql.push("s.modalities = ''");
        }
        Rule::Universal | Rule::Range(..) | Rule::Span(_) | Rule::Fuzzy(_) => {
            sql.push("1 = 1");
        }
    }
}
