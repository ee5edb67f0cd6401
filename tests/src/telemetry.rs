//! One request is one trace, at a collector that these tests are; and nothing secret is in it, nor in the log.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use reqwest::Method;
use serde_json::json;
use tonic::transport::server::TcpIncoming;

use crate::{client::send, database::random, gateway::Gateway, house::Tenant};

/// An OTLP collector that keeps everything.
#[derive(Clone, Default)]
struct Collector {
    received: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.received
            .lock()
            .expect("nobody panics here")
            .push(request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// A collector on a free port.
    fn start() -> (Self, SocketAddr) {
        let collector = Self::default();
        let incoming =
            TcpIncoming::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
        let address = incoming.local_addr().expect("it has an address");
        let service = TraceServiceServer::new(collector.clone());
        tokio::spawn(tonic::transport::Server::builder().serve_with_incoming(service, incoming));
        (collector, address)
    }

    /// The spans of a trace so far.
    fn spans(&self, trace: &[u8]) -> Vec<Span> {
        let received = self.received.lock().expect("nobody panics here");
        let all = received
            .iter()
            .flat_map(|request| &request.resource_spans)
            .flat_map(|of| &of.scope_spans);
        all.flat_map(|scope| &scope.spans)
            .filter(|span| span.trace_id == trace)
            .cloned()
            .collect()
    }

    /// The spans of a trace, once it has `roots` of the server.
    async fn trace(&self, trace: &[u8], roots: usize) -> Vec<Span> {
        let start = Instant::now();
        loop {
            let spans = self.spans(trace);
            let ended = spans
                .iter()
                .filter(|span| span.name.starts_with("http."))
                .count();
            if ended >= roots {
                return spans;
            }
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "no trace arrives; so far {spans:?}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Everything received, as text.
    fn text(&self) -> String {
        format!("{:?}", self.received.lock().expect("nobody panics here"))
    }
}

/// A new trace at the caller: the header, the trace's id, the span's id.
fn caller_trace() -> (String, [u8; 16], [u8; 8]) {
    let trace = (u128::from(random()) << 64 | u128::from(random() | 1)).to_be_bytes();
    let span = (random() | 1).to_be_bytes();
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    (format!("00-{}-{}-01", hex(&trace), hex(&span)), trace, span)
}

on_both_databases! {
    async fn a_request_is_one_trace_below_the_callers_span(db: Db) {
        let (collector, address) = Collector::start();
        let endpoint = format!("http://{address}");
        let gateway = Gateway::own(
            db,
            &[
                ("telemetry.otlp_endpoint", &endpoint),
                ("OTEL_BSP_SCHEDULE_DELAY", "200"),
            ],
        )
        .await;
        let tenant = Tenant::new(&gateway, "traced").await;

        let (header, trace, parent) = caller_trace();
        let path = format!("/admin/identities/{}", tenant.ada);
        let reply = send(
            tenant
                .owner
                .request(Method::DELETE, &path)
                .header("traceparent", &header),
        )
        .await
        .expect(204);
        assert_eq!(
            reply.header("traceparent").get(3..35),
            header.get(3..35),
            "the trace goes on at the caller"
        );

        let spans = collector.trace(&trace, 1).await;
        let by_id: BTreeMap<&[u8], &Span> = spans
            .iter()
            .map(|span| (span.span_id.as_slice(), span))
            .collect();
        assert_eq!(by_id.len(), spans.len(), "each span once");
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        for expected in [
            "http.identities.delete",
            "authz.decide",
            "store.identity.delete",
        ] {
            assert!(
                names.contains(&expected),
                "no span `{expected}` among {names:?}"
            );
        }
        let roots: Vec<_> = spans
            .iter()
            .filter(|span| span.parent_span_id == parent)
            .collect();
        assert_eq!(
            roots.len(),
            1,
            "one span stands below the caller's: {names:?}"
        );
        assert_eq!(roots[0].name, "http.identities.delete");
        for span in &spans {
            let known =
                span.parent_span_id == parent || by_id.contains_key(span.parent_span_id.as_slice());
            assert!(known, "`{}` hangs in the air", span.name);
            assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        }
        let decide = spans
            .iter()
            .find(|span| span.name == "authz.decide")
            .expect("seen above");
        let told = format!("{:?}", decide.attributes);
        for expected in [
            "tenant.id",
            tenant.id.as_str(),
            "identity:delete",
            "allow",
            "platform/role-owner",
        ] {
            assert!(told.contains(expected), "no `{expected}` in {told}");
        }

        // A refusal has its policies in the trace, too.
        let (header, trace, _) = caller_trace();
        let viewer = tenant.caller("viewer").await;
        let path = format!("/admin/identities/{}", tenant.bob);
        send(
            viewer
                .request(Method::DELETE, &path)
                .header("traceparent", &header),
        )
        .await
        .refused(403, "forbidden");
        let spans = collector.trace(&trace, 1).await;
        assert!(
            spans.iter().any(|span| span.name == "authz.decide"
                && format!("{:?}", span.attributes).contains("deny"))
        );
    }

    async fn abuse_29_no_key_password_or_trait_is_in_a_trace_a_metric_or_the_log(db: Db) {
        let (collector, address) = Collector::start();
        let endpoint = format!("http://{address}");
        let metrics = free_port();
        let settings = [
            ("telemetry.otlp_endpoint", endpoint.as_str()),
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
            ("metrics.listen", metrics.as_str()),
            ("log.level", "debug"),
            ("log.format", "json"),
        ];
        let gateway = Gateway::own(db, &settings).await;
        let tenant = Tenant::new(&gateway, "quiet").await;
        let (header, trace, _) = caller_trace();
        let traced = |method: Method, path: &str| {
            tenant
                .owner
                .request(method, path)
                .header("traceparent", &header)
        };
        let body = json!({
            "traits": {"email": "whispered@example.test", "name": {"first": "Murmurella"}},
            "credentials": {
                "password": {"config": {"password": "hush-hush-password"}},
                "oidc": {"config": {"providers": [{"provider": "corp", "subject": "subject-unspoken"}]}},
            },
            "metadata_admin": {"note": "metadata-unspoken"},
        });
        let id = send(traced(Method::POST, "/admin/identities").json(&body))
            .await
            .expect(201)
            .text("/id");
        send(traced(
            Method::GET,
            &format!("/admin/identities/{id}?include_credential=password"),
        ))
        .await
        .expect(200);
        send(traced(
            Method::GET,
            "/admin/identities?credentials_identifier=whispered@example.test",
        ))
        .await
        .expect(200);
        send(traced(
            Method::GET,
            "/admin/identities?api_key=secret-in-the-query",
        ))
        .await
        .expect(200);
        send(traced(Method::POST, "/admin/identities").json(&body))
            .await
            .refused(409, "conflict");
        let wrong = json!({"traits": {"email": "whispered-wrong", "name": "Murmurella"}});
        send(traced(Method::POST, "/admin/identities").json(&wrong))
            .await
            .refused(400, "schema_violation");
        send(traced(Method::POST, "/admin/identities").body("{\"traits\": \"Murmurella"))
            .await
            .expect(400);
        send(traced(Method::PUT, "/admin/identities/whispered").json(&wrong)).await;
        let bad_key = format!("{}x", tenant.owner.key());
        tenant
            .owner
            .with_key(&bad_key)
            .get("/v1/whoami")
            .await
            .refused(401, "unauthenticated");

        let template = json!({"claims": {"email": "/identity/traits/email"}});
        let path = "/v1/session-token-templates/app";
        send(traced(Method::PUT, path).json(&template)).await.expect(201);
        let issued = traced(Method::POST, &format!("/v1/users/{id}/sessions")).json(&json!({}));
        let session = send(issued).await.expect(201).text("/token");
        let whoami = gateway.anonymous().request(Method::GET, "/sessions/whoami?tokenize_as=app");
        let whoami = whoami.header("X-Session-Token", &session).header("traceparent", &header);
        let tokenized = send(whoami).await.expect(200).text("/tokenized");
        send(traced(Method::POST, "/v1/session-token-keys/rotate")).await.expect(200);
        let signature = tokenized.rsplit_once('.').expect("a token has parts").1;

        collector.trace(&trace, 11).await;
        let exposed = gateway
            .anonymous()
            .elsewhere(&format!("http://{metrics}"))
            .get("/metrics")
            .await
            .expect(200)
            .body;
        assert!(exposed.contains("# TYPE"), "{exposed}");
        assert!(!exposed.contains(&tenant.ada), "an id is no label");
        let (log, traces) = (gateway.running().log(), collector.text());
        assert!(log.lines().any(|line| line.contains("identities")
            && serde_json::from_str::<serde_json::Value>(line).is_ok()));
        let operator = gateway.operator();
        let ends = [tenant.owner.key(), operator.key()]
            .map(|key| key.rsplit_once('_').expect("a key has parts").1.to_owned());
        let hidden = [
            "whispered",
            "Murmurella",
            "hush-hush-password",
            "subject-unspoken",
            "metadata-unspoken",
            "secret-in-the-query",
            "$argon2id$",
            &session[60..],
            signature,
            // How every private key begins in PKCS #8, in Base64, in hex and as bytes are printed.
            "MIGHAgEAMBMG",
            "308187020100",
            "48, 129, 135, 2, 1",
            &ends[0],
            &ends[1],
        ];
        for (place, text) in [("log", &log), ("traces", &traces), ("metrics", &exposed)] {
            for secret in hidden {
                let around = text.find(secret).map(|at| {
                    text.get(at.saturating_sub(300)..at + 60)
                        .unwrap_or_default()
                });
                assert!(
                    around.is_none(),
                    "`{secret}` stands in the {place}: {around:?}"
                );
            }
        }
    }
}

/// An address that was free a moment ago.
pub(crate) fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener
        .local_addr()
        .expect("it has an address")
        .to_string()
}
