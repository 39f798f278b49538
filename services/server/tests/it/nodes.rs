//! Two services on one PostgreSQL and one object storage: each job is done once, and a node that dies is replaced.

use std::time::Duration;

use fixtures::simulators::dicomweb::Manners;
use fixtures::{ProvinceOptions, Scale, plan};
use serde_json::json;

use crate::cluster::Cluster;
use crate::key_objects::{count, document, of_three, stow};
use crate::operations::{Operated, bytes, definition, file, fill, operated};
use crate::processes::wait;
use crate::service::Service;

struct Nodes {
    operated: Operated,
    objects: String,
    database: String,
    _cluster: Option<Cluster>,
}

impl Nodes {
    fn new(studies: usize) -> Self {
        let operated = operated(studies);
        let cluster = operated.runtime.block_on(Cluster::start());
        let database = cluster.database("province");
        Self::on(operated, database, Some(cluster))
    }

    /// Two processes on one file.
    fn on_sqlite(studies: usize) -> Self {
        let operated = operated(studies);
        let database = format!("sqlite://{}", operated.data.path().join("shared.sqlite").display());
        Self::on(operated, database, None)
    }

    fn on(operated: Operated, database: String, cluster: Option<Cluster>) -> Self {
        let objects = operated.data.path().join("shared");
        std::fs::create_dir(&objects).unwrap();
        let objects = format!("file://{}", objects.display());
        Self { database, objects, operated, _cluster: cluster }
    }

    fn start(&self, name: &str) -> Service {
        let data = self.operated.data.path().join(name);
        std::fs::create_dir_all(&data).unwrap();
        let environment =
            [("DICS__DATABASE__URL", self.database.as_str()), ("DICS__STORAGE__URL", self.objects.as_str())];
        Service::start_with(&data, &environment)
    }

    fn add(&self, study: usize) {
        fill(&self.operated.province, self.operated.images.path(), study..study + 1);
        self.operated.runtime.block_on(self.operated.origin.rescan()).unwrap();
    }
}

fn counted(service: &Service) -> usize {
    let answer = service.client.get("/dicom-web/studies");
    if answer.status == 204 { 0 } else { answer.json().as_array().unwrap().len() }
}

#[test]
fn two_nodes_never_do_one_job_twice_and_a_dead_one_is_replaced() {
    let nodes = Nodes::new(12);
    let (mut first, mut second) = (nodes.start("first"), nodes.start("second"));
    first.register(&definition("neodin", "dicomweb", json!({ "url": nodes.operated.origin.url() }), 1));
    assert_eq!(
        second.client.get("/api/admin/repositories/neodin/drift").status,
        200,
        "who asks the other node at once"
    );
    // The other node learns of it, and waits.
    wait(Duration::from_secs(20), "the other node to know it", || {
        let all = second.client.get("/api/admin/repositories").json();
        all.as_array().unwrap().iter().any(|row| row["state"] == "following" && row["counts"]["studies"] == 12)
    });
    assert_eq!(nodes.operated.origin.series_searches(), 12, "each study was asked for once, by one node");

    // Whichever of them follows it dies; the other one takes over.
    nodes.add(12);
    wait(Duration::from_secs(30), "a study that is new", || counted(&first) == 13 && counted(&second) == 13);
    first.kill();
    nodes.add(13);
    wait(Duration::from_secs(60), "the second node to follow", || counted(&second) == 14);
    first = nodes.start("first");
    second.kill();
    nodes.add(14);
    wait(Duration::from_secs(60), "the first node to follow", || counted(&first) == 15);
    assert_eq!(nodes.operated.origin.series_searches(), 15);
}

#[test]
fn what_one_node_is_told_or_finds_out_the_other_knows() {
    let nodes = Nodes::new(3);
    let (first, second) = (nodes.start("first"), nodes.start("second"));
    first.register(&definition("neodin", "dicomweb", json!({ "url": nodes.operated.origin.url() }), 1));
    wait(Duration::from_secs(20), "both nodes to have it", || counted(&first) == 3 && counted(&second) == 3);

    nodes.operated.origin.behave(Manners::Unavailable);
    for node in [&first, &second] {
        wait(Duration::from_secs(20), "each node to say that it does not answer", || {
            node.client.get("/dicom-web/studies").header("warning").contains("neodin did not answer")
        });
    }
    nodes.operated.origin.behave(Manners::Good);
    for node in [&first, &second] {
        wait(Duration::from_secs(60), "each node to say that it answers again", || {
            node.client.get("/dicom-web/studies").header("warning").is_empty()
        });
    }

    for node in [&first, &second] {
        assert_eq!(node.client.post_json("/api/admin/repositories/neodin/pause", &json!(null)).status, 204);
        // The node that follows notices within seconds, whichever was told.
        std::thread::sleep(Duration::from_secs(4));
        nodes.add(counted(node));
        let before = counted(node);
        std::thread::sleep(Duration::from_secs(3));
        assert_eq!(counted(node), before, "it is paused");
        assert_eq!(node.client.post_json("/api/admin/repositories/neodin/resume", &json!(null)).status, 204);
        wait(Duration::from_secs(30), "what came meanwhile", || counted(node) == before + 1);
    }
    assert_eq!(second.client.delete("/api/admin/repositories/neodin?confirm=neodin").status, 202);
    for node in [&first, &second] {
        wait(Duration::from_secs(20), "it to be gone from each node", || counted(node) == 0);
    }
}

/// Asks both nodes at once for the first instance of each study: how many objects the repository sent, of how many.
fn fetched_by_both(nodes: &Nodes) -> (usize, usize) {
    let (province, images) = (&nodes.operated.province, nodes.operated.images.path());
    let largest =
        |study: usize| province.studies[study].series.iter().max_by_key(|series| series.instances.len()).unwrap();
    let mut all = 0;
    for study in 0..3 {
        let count = largest(study).instances.len().min(6);
        all += count;
        for number in 0..count {
            std::fs::write(file(images, study, number), bytes(province, study, number)).unwrap();
        }
    }
    nodes.operated.runtime.block_on(nodes.operated.origin.rescan()).unwrap();
    let (first, second) = (nodes.start("first"), nodes.start("second"));
    first.register(&definition("neodin", "dicomweb", json!({ "url": nodes.operated.origin.url() }), 60));
    // A node learns within seconds where the repository is that another one was told of.
    wait(Duration::from_secs(30), "both nodes to know it", || {
        [&first, &second].iter().all(|node| {
            let all = node.client.get("/api/admin/repositories").json();
            let is_followed = |row: &serde_json::Value| row["state"] == "following" && row["counts"]["studies"] == 3;
            all.as_array().unwrap().iter().any(is_followed)
        })
    });
    std::thread::sleep(Duration::from_secs(3));
    for study in 0..3 {
        let series = largest(study);
        let of_series =
            format!("/dicom-web/studies/{}/series/{}", province.studies[study].study_uid, series.series_uid);
        let asked = [
            format!("{of_series}/metadata"),
            format!("{of_series}/instances/{}", series.instances[0].sop_instance_uid),
        ];
        std::thread::scope(|scope| {
            let answers =
                [&first, &second].map(|node| scope.spawn(|| asked.each_ref().map(|path| node.client.get(path).status)));
            for answer in answers {
                assert_eq!(answer.join().unwrap(), [200, 200]);
            }
        });
    }
    // The rest of each series comes behind the instance that was asked for.
    wait(Duration::from_secs(30), "the rest of the series", || nodes.operated.origin.objects_sent() >= all);
    std::thread::sleep(Duration::from_secs(2));
    (nodes.operated.origin.objects_sent(), all)
}

#[test]
fn two_nodes_that_are_asked_for_one_series_at_once_fetch_it_once() {
    for nodes in [Nodes::new(3), Nodes::on_sqlite(3)] {
        let (sent, all) = fetched_by_both(&nodes);
        // The instance that was asked for comes alone first, and may come again with its series.
        assert!(sent <= all + 3, "{sent} objects were sent for {all}");
    }
}

#[test]
fn what_is_rejected_at_one_node_soon_leaves_the_others_too() {
    let nodes = Nodes::on_sqlite(1);
    let (first, second) = (nodes.start("first"), nodes.start("second"));
    let province = plan(&ProvinceOptions { seed: 3, scale: Scale::Small });
    let (study, series, objects, sops) = of_three(&province);
    assert_eq!(first.client.stow(&objects).status, 200);
    let of_series = format!("/dicom-web/studies/{}/series/{series}", study.study_uid);
    let rejected = format!("{of_series}/instances/{}/rendered", sops[0]);
    wait(Duration::from_secs(10), "the second node to know the images", || {
        second.client.get(&rejected).status == 200 && count(&second, &format!("{of_series}/metadata")) == sops.len()
    });
    let note = document(1, "113037", &study.study_uid, &[(series, sops[..1].to_vec())], &json!({}));
    assert_eq!(stow(&first, &note).status, 200);
    wait(Duration::from_secs(10), "the second node to reject one", || {
        let left = ["instances", "metadata"].map(|what| count(&second, &format!("{of_series}/{what}")));
        left == [sops.len() - 1; 2] && second.client.get(&rejected).status == 404
    });
}
