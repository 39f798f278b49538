//! The rendered SQL and [`index_query::matches()`] are two answers to one question: on random studies and queries they agree.

use std::collections::BTreeSet;

use index_model::{PersonName, StudyRecord};
use index_query::{Level, matches, parse};
use index_store::Store;
use serde_json::{Map, Value, json};

use crate::build::{NOW, all, issued, patient, repository, series, study};

const STUDIES: usize = 80;
const QUERIES: usize = 250;

const FAMILY: &[&str] =
    &["Tremblay", "SMITH", "Smyth", "Lefèbvre-Côté", "O'Brien", "Müller", "DOE", "Doering", "Nguyen", ""];
const GIVEN: &[&str] = &["Geneviève", "JOHN", "Jon", "Jane", "Anne-Marie", "J", "", "Ève"];
const OTHER: &[&str] = &["", "", "=山田^太郎", "=山田^花子=やまだ^はなこ", "==やまだ"];
const TEXT: &[&str] = &["CT Tête", "CT head 50%_done", "Scanner du thorax", "KNEE  left", "", "Œdème", "MR_%"];
const DATES: &[&str] = &["", "20231231", "20240101", "20240102", "20240115", "20240229"];
const TIMES: &[&str] = &["", "00", "0830", "103015", "103015.25", "1759", "235959.999999"];
const IDS: &[&str] = &["A1", "a1", "A12", "B_1", "50%", "7"];

/// A generator that gives the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn of<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len())]
    }

    fn name(&mut self) -> String {
        format!("{}^{}{}", self.of(FAMILY), self.of(GIVEN), self.of(OTHER))
    }

    fn study(&mut self, number: usize) -> StudyRecord {
        let person = patient(&format!("neodin/{}", self.of(IDS)), &self.name(), self.of(DATES));
        let mut record = study(&format!("1.{number}"), person, self.of(DATES));
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        record.study_time = some(self.of(TIMES));
        record.study_description = some(self.of(TEXT));
        record.institution_name = some(self.of(TEXT));
        record.study_id = some(self.of(IDS)).map(Into::into);
        record.accession_number = (self.below(3) > 0).then(|| issued("neodin", self.of(IDS)));
        record.referring_physician_name = PersonName::parse(&format!("{}^{}", self.of(FAMILY), self.of(GIVEN)));
        record
    }

    /// A value as somebody might type it: a part of it, in another case, with wild cards.
    fn typed(&mut self, value: &str) -> String {
        let letters: Vec<char> = value.chars().collect();
        let begin = self.below(letters.len() + 1);
        let part: String = letters[begin..].iter().collect();
        let head: String = letters[..begin].iter().collect();
        match self.below(7) {
            0 => value.to_lowercase(),
            1 => value.to_uppercase(),
            2 => format!("{head}*"),
            3 => format!("*{part}"),
            4 => format!("*{part}*"),
            5 => letters.iter().enumerate().map(|(at, c)| if at == begin { '?' } else { *c }).collect(),
            _ => value.to_owned(),
        }
    }

    fn range(&mut self, values: &[&str]) -> String {
        let (one, other) = (self.of(values), self.of(values));
        let (from, to) = if one <= other { (one, other) } else { (other, one) };
        match self.below(3) {
            0 => to.to_owned(),
            1 if from.is_empty() && to.is_empty() => String::new(),
            _ => format!("{from}-{to}"),
        }
    }

    fn condition(&mut self) -> (&'static str, String) {
        let name = self.name();
        match self.below(11) {
            0 | 1 => ("PatientName", self.typed(name.trim_end_matches('^'))),
            2 => {
                let component = self.of(FAMILY).to_owned();
                ("PatientName", self.typed(&component))
            }
            3 => ("ReferringPhysicianName", self.typed(name.split('=').next().unwrap_or_default())),
            4 => ("PatientID", {
                let id = self.of(IDS).to_owned();
                self.typed(&id)
            }),
            5 => ("AccessionNumber", {
                let id = self.of(IDS).to_owned();
                self.typed(&id)
            }),
            6 => ("StudyDescription", {
                let text = self.of(TEXT).to_owned();
                self.typed(&text)
            }),
            7 => ("InstitutionName", "\"\"".to_owned()),
            8 => ("StudyDate", self.range(DATES)),
            9 => ("StudyTime", self.range(TIMES)),
            _ => ("PatientBirthDate", self.range(DATES)),
        }
    }
}

/// A study as the header of one of its instances has it.
fn header(record: &StudyRecord) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |tag: &str, vr: &str, value: Option<Value>| {
        let values: Vec<Value> = value.into_iter().collect();
        out.insert(
            tag.to_owned(),
            if values.is_empty() { json!({"vr": vr}) } else { json!({"vr": vr, "Value": values}) },
        );
    };
    let name = |name: &PersonName| {
        let groups =
            [("Alphabetic", &name.alphabetic), ("Ideographic", &name.ideographic), ("Phonetic", &name.phonetic)];
        let groups: Map<_, _> = groups
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(group, text)| (group.to_owned(), text.as_str().into()))
            .collect();
        (!groups.is_empty()).then(|| groups.into())
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    put("00080020", "DA", text(&record.study_date));
    put("00080030", "TM", text(&record.study_time));
    put("00080050", "SH", record.accession_number.as_ref().map(|id| id.value.expose().as_str().into()));
    put("00080080", "LO", text(&record.institution_name));
    put("00080090", "PN", name(&record.referring_physician_name));
    put("00081030", "LO", text(&record.study_description));
    put("00100010", "PN", name(&record.patient.patient_name));
    put("00100020", "LO", record.patient.patient_id.as_ref().map(|id| id.value.expose().as_str().into()));
    put("00100030", "DA", record.patient.patient_birth_date.as_ref().map(|date| date.expose().as_str().into()));
    put("00200010", "SH", record.study_id.as_ref().map(|id| id.expose().as_str().into()));
    out
}

async fn sql_and_headers_agree_on_every_query(store: Store) {
    let mut random = Random(20_260_101);
    let north = repository(&store, "neodin", "north").await;
    let records: Vec<StudyRecord> = (0..STUDIES).map(|number| random.study(number)).collect();
    let batch: Vec<_> =
        records.iter().map(|r| (r.clone(), vec![series(&format!("2.{}", r.study_instance_uid), "CT", 1)])).collect();
    store.index_studies(&north, &batch, NOW).await.unwrap();
    let headers: Vec<_> =
        records.iter().map(|record| (record.study_instance_uid.to_string(), header(record))).collect();
    let (mut asked, mut answered, mut wrong) = (0, 0, Vec::new());
    for _ in 0..QUERIES {
        let mut pairs = vec![("limit".to_owned(), "1000".to_owned())];
        for _ in 0..=random.below(2) {
            let (keyword, value) = random.condition();
            pairs.push((keyword.to_owned(), value));
        }
        pairs.push(("emptyvaluematching".to_owned(), "true".to_owned()));
        pairs.push(("fuzzymatching".to_owned(), (random.below(3) == 0).to_string()));
        // What can't be asked, such as the same key twice, is not.
        let Ok(parsed) = parse(Level::Study, &pairs) else { continue };
        asked += 1;
        let found = store.search_studies(&parsed.query, &all()).await.unwrap();
        let found: BTreeSet<_> = found.rows.iter().map(|row| row.study.study_instance_uid.to_string()).collect();
        let is = |header: &Map<String, Value>| matches(&parsed.query.matches, header);
        let expected: BTreeSet<_> =
            headers.iter().filter(|(_, header)| is(header)).map(|(uid, _)| uid.clone()).collect();
        answered += usize::from(!expected.is_empty());
        if found != expected {
            let names = |set: BTreeSet<&String>| {
                let of =
                    |uid: &&String| records.iter().find(|r| r.study_instance_uid.as_str() == uid.as_str()).map(header);
                set.iter().take(2).filter_map(of).map(|header| json!(header).to_string()).collect::<Vec<_>>()
            };
            wrong.push(format!(
                "{pairs:?}: only SQL {:?}, only headers {:?}",
                names(found.difference(&expected).collect()),
                names(expected.difference(&found).collect())
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {asked} disagree:\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
    assert!(asked > QUERIES / 2 && answered > QUERIES / 4, "{answered} of {asked} found something");
}

pub(crate) mod contract {
    crate::contract!(sql_and_headers_agree_on_every_query);
}
