//! One credential for several origins, which the source file names: over real
//! sockets, as Sophos Central is asked.

use mef_poller::{Budget, RunEnd};
use mef_ports::Cursors as _;

use crate::origins::{failure, ok, run, serve};
use crate::support::Bench;

const CREDENTIAL: &str = "authorization: Bearer s3cr3t-token";

/// Asks `central` who we are, and then what its answer names.
fn file(central: &str, own: &[&str], more: &str) -> String {
    format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {{ bearer: \"{{secret.token}}\" }}\n  \
         own_origins: {own:?}\n  \
         setup:\n    - request: {{ get: \"{central}/whoami/v1\" }}\n      \
         values: {{ tenant: id, base: apiHosts.dataRegion }}\n  \
         request: {{ get: \"{{setup.base}}/siem/v1/events\", query: {{ since: \"{{window.start|epoch}}\" }}, headers: {{ X-Tenant-ID: \"{{setup.tenant}}\" }} }}\n  \
         next: {{ link: next }}\n  records: \"\"\n  \
         cursor: {{ windows: true, overlap: 1m }}\n{more}"
    )
}

fn whoami(base: &str) -> String {
    ok("", &format!("{{\"id\":\"t-1\",\"apiHosts\":{{\"dataRegion\":\"{base}\"}}}}"))
}

fn redirect(to: &str) -> String {
    format!(
        "HTTP/1.1 307 Temporary Redirect\r\nconnection: close\r\ncontent-length: 0\r\nlocation: {to}\r\n\r\n"
    )
}

#[tokio::test]
async fn an_answer_leads_to_an_own_origin_and_the_credential_goes_along() {
    let (region, events) = serve(vec![ok("", "[{\"id\":1}]")]);
    let (central, asked) = serve(vec![whoami(&region)]);
    let report = run(&file(&central, &[&central, &region], "")).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert_eq!(report.summary.delivered, 1);
    let (asked, events) = (asked.recv().unwrap(), events.recv().unwrap());
    assert!(asked.starts_with("GET /whoami/v1 ") && asked.contains(CREDENTIAL), "{asked}");
    assert!(events.starts_with("GET /siem/v1/events?since="), "{events}");
    assert!(events.contains(CREDENTIAL) && events.contains("x-tenant-id: t-1"), "{events}");
}

#[tokio::test]
async fn an_answer_that_leads_elsewhere_is_refused_and_asked_for_anew() {
    let (foreign, stolen) = serve(vec![ok("", "[]")]);
    let (allowed, without) = serve(vec![ok("", "[]")]);
    let authority = foreign.replace("http://", "");
    let (region, events) = serve(vec![ok("", "[]")]);
    for base in [&*foreign, &*allowed, &format!("{region}@{authority}"), "/relative", "file://"] {
        let (central, _asked) = serve(vec![whoami(base), whoami(&region)]);
        let text =
            file(&central, &[&central, &region], &format!("  allow_origins: [{allowed:?}]\n"));
        let bench = Bench::new(1);
        let poller = || bench.poller_on_network(&text);
        let report = poller().run(&Budget::default()).await;
        let error = report.summary.error.clone().unwrap_or_default();
        assert!(error.contains("the request cannot be made: the URL "), "{base}: {report:?}");
        if base == foreign {
            assert!(error.contains(&format!("leads to {foreign}: list it under `own_origins`")));
        }
        if base == "/relative" {
            // What was refused is not kept.
            let report = poller().run(&Budget::default()).await;
            assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
            assert!(events.recv().unwrap().contains(CREDENTIAL));
        }
    }
    assert!(stolen.try_recv().is_err() && without.try_recv().is_err());
}

#[tokio::test]
async fn links_and_redirects_take_the_credential_to_own_origins_alone() {
    let (other, others) = serve(vec![redirect("/moved"), ok("", "[]")]);
    let link = format!("link: <{other}/next>; rel=\"next\"\r\n");
    let (central, _asked) = serve(vec![ok(&link, "[{\"id\":1}]")]);
    let own = format!("  own_origins: [{other:?}]\n");
    let report = run(&crate::origins::file(&central, &own)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    for path in ["GET /next ", "GET /moved "] {
        let asked = others.recv().unwrap();
        assert!(asked.starts_with(path) && asked.contains(CREDENTIAL), "{asked}");
    }

    let (foreign, stolen) = serve(vec![ok("", "[]")]);
    let link = format!("link: <{foreign}/next>; rel=\"next\"\r\n");
    for answer in [ok(&link, "[{\"id\":1}]"), redirect(&foreign)] {
        let (central, _asked) = serve(vec![answer]);
        let error = failure(run(&crate::origins::file(&central, &own)).await);
        assert!(error.contains("Forbidden"), "{error}");
    }
    assert!(stolen.try_recv().is_err());

    let (allowed, without) = serve(vec![ok("", "[]")]);
    let (central, _asked) = serve(vec![redirect(&allowed)]);
    let both = format!("{own}  allow_origins: [{allowed:?}]\n");
    let report = run(&crate::origins::file(&central, &both)).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    assert!(!without.recv().unwrap().to_ascii_lowercase().contains("authorization"));
}

#[tokio::test]
async fn a_secret_parameter_goes_into_a_link_to_an_own_origin_again() {
    let (other, others) = serve(vec![ok("", "[]")]);
    let link = format!("link: <{other}/next?key=s3cr3t-token&page=2>; rel=\"next\"\r\n");
    let (region, _events) = serve(vec![ok(&link, "[{\"id\":1}]")]);
    let (central, _asked) = serve(vec![whoami(&region)]);
    let text = file(&central, &[&central, &region, &other], "")
        .replace("/siem/v1/events", "/siem/v1/events?key={secret.token}");
    let bench = Bench::new(1);
    let poller = bench.poller_on_network(&text);
    let budget = Budget::default();
    let report = poller.run(&budget).await;
    assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
    let asked = others.recv().unwrap();
    assert!(asked.starts_with("GET /next?key=s3cr3t-token&page=2 "), "{asked}");
}

#[tokio::test]
async fn a_path_in_an_item_is_no_url_where_an_answer_named_the_origin() {
    for (uri, expected) in [("/blob/1", None), ("REGION/blob/1", Some("GET /blob/1 "))] {
        let details = "  details: [{ request: { get: \"{item.uri}\" }, records: \"\" }]\n";
        let (blobs, asked) = serve(vec![ok("", "[]")]);
        let uri = uri.replace("REGION", &blobs);
        let (region, _events) = serve(vec![ok("", &format!("[{{\"uri\":\"{uri}\"}}]"))]);
        let (central, _whoami) = serve(vec![whoami(&region)]);
        let report = run(&file(&central, &[&central, &region, &blobs], details)).await;
        match expected {
            Some(expected) => {
                assert!(matches!(report.end, RunEnd::CaughtUp), "{report:?}");
                let asked = asked.recv().unwrap();
                assert!(asked.starts_with(expected) && asked.contains(CREDENTIAL), "{asked}");
            }
            None => {
                // A dead letter says so.
                assert_eq!((report.summary.error, report.summary.rejected), (None, 1));
                assert!(asked.try_recv().is_err());
            }
        }
    }
}

#[tokio::test]
async fn each_listed_partition_is_asked_at_the_own_origin_that_is_listed_with_it() {
    let (foreign, stolen) = serve(vec![ok("", "[]")]);
    let (one, ones) = serve(vec![ok("", "[{\"id\":1}]")]);
    let (two, twos) = serve(vec![ok("", "[{\"id\":2}]")]);
    let tenants = format!(
        "[{{\"id\":\"a\",\"apiHost\":\"{one}\"}},{{\"id\":\"b\",\"apiHost\":\"{foreign}\"}},\
         {{\"id\":\"c\",\"apiHost\":null}},{{\"id\":\"d\",\"apiHost\":\"{two}\"}}]"
    );
    let (central, _listed) = serve(vec![ok("", &tenants)]);
    let text = format!(
        "source: acme\npoll:\n  schedule: rate(1 minute)\n  auth: {{ bearer: \"{{secret.token}}\" }}\n  \
         own_origins: {:?}\n  \
         partitions:\n    request:\n      name: \"{{id}}\"\n      values: {{ base: apiHost, tenant: id }}\n      \
         request: {{ get: \"{central}/partner/v1/tenants\" }}\n      records: \"\"\n  \
         request: {{ get: \"{{partition.base}}/siem/v1/events\", query: {{ since: \"{{window.start|epoch}}\" }}, headers: {{ X-Tenant-ID: \"{{partition.tenant}}\", X-Name: \"{{partition}}\" }} }}\n  \
         records: \"\"\n  cursor: {{ windows: true, overlap: 1m }}\n",
        [&central, &one, &two]
    );
    let bench = Bench::new(1);
    let poller = bench.poller_on_network(&text);
    let report = poller.run(&Budget::default()).await;
    assert!(matches!(report.end, RunEnd::Failed(_)), "{report:?}");
    assert_eq!(report.summary.delivered, 2, "the others go on");
    for (asked, tenant) in [(ones, "a"), (twos, "d")] {
        let asked = asked.recv().unwrap();
        assert!(asked.starts_with("GET /siem/v1/events?since="), "{asked}");
        assert!(asked.contains(CREDENTIAL), "{asked}");
        for name in ["x-tenant-id", "x-name"] {
            assert!(asked.contains(&format!("{name}: {tenant}\r\n")), "{asked}");
        }
    }
    assert!(stolen.try_recv().is_err());
    let cursors = bench.store.list().await.unwrap();
    let error = |name: &str| {
        let cursor = cursors.iter().find(|cursor| cursor.stream.partition == name).unwrap();
        cursor.record.last_run.clone().unwrap().error.unwrap_or_default()
    };
    assert!(error("b").contains(&format!("leads to {foreign}: list it")), "{}", error("b"));
    assert!(error("c").contains("has no text or number at `/apiHost`"), "{}", error("c"));
}
