//! Fills a database with a seeded province and times the searches that a reading room makes.
//!
//! `search_speed URL STUDIES [ROUNDS]` prints the rate of filling, and for each search rows, matches and p50/p99 in milliseconds.
//! A database that has studies already is only searched.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for engineers")]

use std::time::{Duration, Instant};

use index_model::{IssuedId, PatientRecord, PersonName, Phi, RepositoryCode, SeriesRecord, StudyRecord, Uid};
use index_query::{Level, parse};
use index_store::{SearchFilter, Store};

const FAMILIES: &[&str] = &[
    "SMITH",
    "BROWN",
    "TREMBLAY",
    "MARTIN",
    "ROY",
    "WILSON",
    "MACDONALD",
    "GAGNON",
    "JOHNSON",
    "TAYLOR",
    "COTE",
    "CAMPBELL",
    "ANDERSON",
    "LEBLANC",
    "LEE",
    "JONES",
    "WHITE",
    "WILLIAMS",
    "MILLER",
    "THOMPSON",
    "BOUCHARD",
    "SCOTT",
    "STEWART",
    "SINGH",
    "LI",
    "WONG",
    "CHEN",
    "NGUYEN",
    "PATEL",
    "KAUR",
    "LEFEBVRE",
    "FORTIN",
    "GAUTHIER",
    "MORIN",
    "LAVOIE",
    "FRASER",
    "ROSS",
];
const GIVEN: &[&str] = &[
    "JANE",
    "JOHN",
    "MARIE",
    "JEAN",
    "WEI",
    "PRIYA",
    "AHMED",
    "SARAH",
    "DAVID",
    "LUC",
    "ANNE",
    "OMAR",
    "EMMA",
    "NOAH",
    "OLIVIA",
    "LIAM",
    "CHLOE",
    "LUCAS",
    "AMELIA",
    "LEO",
    "ZOE",
    "GENEVIEVE",
    "FRANCOIS",
    "HELENE",
];
const DESCRIPTIONS: &[&str] = &[
    "CT HEAD WITHOUT CONTRAST",
    "CHEST PA AND LATERAL",
    "MRI KNEE LEFT",
    "US ABDOMEN COMPLETE",
    "MAMMOGRAPHY SCREENING",
    "CT ABDOMEN PELVIS WITH CONTRAST",
    "MRI BRAIN",
    "WRIST RIGHT 3 VIEWS",
    "CT CHEST PE PROTOCOL",
    "ECHO TRANSTHORACIC",
];
const MODALITIES: &[(&str, u64)] = &[("CR", 40), ("CT", 25), ("US", 15), ("MR", 10), ("MG", 7), ("NM", 2), ("PT", 1)];

/// SplitMix64: the same province everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }
}

/// A family name of the list, made one of 20 times as many by a syllable, so that the commonest has about 1 in 700.
fn family(dice: &mut Dice) -> String {
    const SYLLABLES: &[&str] = &[
        "", "SON", "ER", "MAN", "LEY", "TON", "FORD", "EAU", "ARD", "IER", "OV", "SKI", "INI", "ES", "EZ", "AN", "IN",
        "UK", "EN", "AR",
    ];
    format!("{}{}", dice.pick(FAMILIES), dice.pick(SYLLABLES))
}

fn patient(number: u64) -> PatientRecord {
    let mut dice = Dice(number.wrapping_mul(7919) + 17);
    let name = format!("{}^{}", family(&mut dice), dice.pick(GIVEN));
    let birth = format!("{}{:02}{:02}", 1930 + dice.roll(90), 1 + dice.roll(12), 1 + dice.roll(28));
    PatientRecord {
        patient_id: Some(IssuedId { issuer: "neodin".into(), value: Phi::new(format!("{:08}", number * 7)) }),
        patient_name: PersonName::parse(&name),
        patient_birth_date: Some(Phi::new(birth)),
        patient_sex: Some(if dice.roll(2) == 0 { "F" } else { "M" }.into()),
        ..PatientRecord::default()
    }
}

fn study(n: u64, studies: u64) -> (StudyRecord, Vec<SeriesRecord>) {
    let mut dice = Dice(n + 42);
    let mut study = StudyRecord::new(Uid::parse(&format!("1.2.826.0.1.3680043.10.999.{}.{n}", n % 97)).unwrap());
    study.patient = patient(dice.roll(studies / 5 + 1));
    let day = dice.roll(3_650);
    study.study_date = Some(format!("{}{:02}{:02}", 2016 + day / 365, 1 + day % 365 / 31, 1 + day % 28));
    study.study_time = Some(format!("{:02}{:02}{:02}", 7 + dice.roll(12), dice.roll(60), dice.roll(60)));
    study.accession_number = Some(IssuedId { issuer: "neodin".into(), value: Phi::new(format!("ACC{n:09}")) });
    study.study_id = Some(Phi::new(format!("S{n}")));
    study.study_description = Some(dice.pick(DESCRIPTIONS).into());
    study.institution_name = Some(format!("HOSPITAL {}", dice.roll(60)));
    study.referring_physician_name = PersonName::parse(&format!("{}^{}", family(&mut dice), dice.pick(GIVEN)));
    let mut weight = dice.roll(100);
    let modality = MODALITIES.iter().find(|(_, share)| {
        let fits = weight < *share;
        weight = weight.saturating_sub(*share);
        fits
    });
    let series = (0..4).map(|s| {
        let mut series = SeriesRecord::new(Uid::parse(&format!("{}.{s}", study.study_instance_uid)).unwrap());
        series.modality = modality.map(|(modality, _)| (*modality).into());
        series.series_number = Some(s);
        series.number_of_series_related_instances = Some(30);
        series
    });
    let series = series.collect();
    (study, series)
}

async fn fill(store: &Store, studies: u64) {
    let text = r#"{"code": "neodin", "name": "N", "region": "north", "protocol": "push", "patientIdIssuer": "neodin",
        "push": {"callingAeTitles": []}}"#;
    if !store.insert_repository(&serde_json::from_str(text).unwrap(), 0).await.unwrap() {
        return;
    }
    let code = RepositoryCode::parse("neodin").unwrap();
    let begin = Instant::now();
    for start in (0..studies).step_by(500) {
        let batch: Vec<_> = (start..studies.min(start + 500)).map(|n| study(n, studies)).collect();
        store.index_studies(&code, &batch, 1).await.unwrap();
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!("filled {studies} studies in {seconds:.1} s, {:.0} a second", studies as f64 / seconds);
}

fn percentile(times: &[Duration], share: f64) -> f64 {
    let place = (times.len() as f64 * share) as usize;
    times[place.min(times.len() - 1)].as_secs_f64() * 1e3
}

/// A search and how its values vary with the round.
type Search = (&'static str, Box<dyn Fn(u64) -> String>);

fn searches(studies: u64) -> Vec<Search> {
    let of = move |round: u64| study(Dice(round).roll(studies), studies).0;
    let family = move |round| of(round).patient.patient_name.alphabetic.split('^').next().unwrap().to_owned();
    vec![
        (
            "patient id",
            Box::new(move |r| format!("PatientID={}&limit=101", of(r).patient.patient_id.unwrap().value.expose())),
        ),
        ("accession", Box::new(move |r| format!("AccessionNumber={}", of(r).accession_number.unwrap().value.expose()))),
        ("study uid", Box::new(move |r| format!("StudyInstanceUID={}", of(r).study_instance_uid))),
        ("family name", Box::new(move |r| format!("PatientName={}&limit=101", family(r)))),
        (
            "name prefix, 3 letters",
            Box::new(move |r| format!("PatientName={}*&limit=101", &family(r)[..2.max(3.min(family(r).len()))])),
        ),
        (
            "name prefix, whole",
            Box::new(move |r| format!("PatientName={}*&limit=101", of(r).patient.patient_name.alphabetic)),
        ),
        ("name anywhere", Box::new(move |r| format!("PatientName=*{}*&limit=101", family(r)))),
        (
            "fuzzy",
            Box::new(move |r| {
                format!(
                    "PatientName={} {}&fuzzymatching=true&limit=101",
                    &of(r).patient.patient_name.alphabetic.split('^').nth(1).unwrap()[..2],
                    family(r)
                )
            }),
        ),
        (
            "name + birth date",
            Box::new(move |r| {
                format!(
                    "PatientName={}*&PatientBirthDate={}",
                    family(r),
                    of(r).patient.patient_birth_date.unwrap().expose()
                )
            }),
        ),
        ("day", Box::new(move |r| format!("StudyDate={}&limit=101", of(r).study_date.unwrap()))),
        (
            "day + modality",
            Box::new(move |r| format!("StudyDate={}&ModalitiesInStudy=CT&limit=101", of(r).study_date.unwrap())),
        ),
        (
            "month + modality",
            Box::new(move |r| {
                let d = of(r).study_date.unwrap();
                format!("StudyDate={0}01-{0}28&ModalitiesInStudy=MR&limit=101", &d[..6])
            }),
        ),
        (
            "year + rare modality",
            Box::new(move |r| {
                let d = of(r).study_date.unwrap();
                format!("StudyDate={}0101-{}1231&ModalitiesInStudy=PT&limit=101", &d[..4], &d[..4])
            }),
        ),
        ("first page", Box::new(|_| "limit=101".into())),
        ("page 20", Box::new(|_| "limit=101&offset=2020".into())),
        ("modality alone", Box::new(|_| "ModalitiesInStudy=CT&limit=101".into())),
        ("description anywhere", Box::new(|_| "StudyDescription=*KNEE*&limit=101".into())),
        ("nothing there", Box::new(|r| format!("PatientName=*QQZ{r}*&limit=101"))),
    ]
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (url, studies) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
    let rounds: u64 = arguments.next().map_or(200, |rounds| rounds.parse().unwrap());
    let store = Store::open(&url).await.unwrap();
    fill(&store, studies).await;
    store.close().await;
    let store = Store::open(&url).await.unwrap();
    println!("{:<24} {:>6} {:>9} {:>8} {:>8}", "search", "rows", "matches", "p50 ms", "p99 ms");
    for (name, text) in searches(studies) {
        let (mut times, mut rows, mut matches) = (Vec::new(), 0, 0);
        for round in 0..rounds {
            let text = text(round);
            let pairs: Vec<(String, String)> =
                text.split('&').filter_map(|p| p.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            let query = parse(Level::Study, &pairs).unwrap().query;
            let begin = Instant::now();
            let found = store.search_studies(&query, &SearchFilter::default()).await.unwrap();
            times.push(begin.elapsed());
            rows += found.rows.len() as u64;
            matches += found.rows.len() as u64 + found.remaining;
        }
        times.sort();
        let (p50, p99) = (percentile(&times, 0.5), percentile(&times, 0.99));
        println!("{name:<24} {:>6} {:>9} {p50:>8.2} {p99:>8.2}", rows / rounds, matches / rounds);
    }
    store.close().await;
}
