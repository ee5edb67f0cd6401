//! Reaching it.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
    redirect::Policy,
};

use crate::Reach;

/// Fetches small documents from where tenants say.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
    reach: Reach,
}

/// Why there is no document. For the log and for administrators: it tells nothing of what was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The URL may not be asked for.
    Refused(&'static str),
    /// Nobody answered, or what answered was no HTTP, not in time, or not at an address that may be reached.
    Unreachable,
    /// The answer had another status than 200.
    Status(u16),
    /// The answer was larger than was allowed, or compressed.
    TooLarge,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(expected) => write!(f, "the URL may not be fetched: expected {expected}"),
            Self::Unreachable => {
                f.write_str("it could not be reached in time, at an address that may be reached")
            }
            Self::Status(status) => write!(f, "it answered with status {status}"),
            Self::TooLarge => f.write_str("its answer is too large, or compressed"),
        }
    }
}

impl std::error::Error for Fault {}

impl Fetcher {
    /// A fetcher that reaches what `reach` says, and gives up after `timeout`, from the look-up of the name to the last
    /// byte.
    ///
    /// # Errors
    /// When the client can't be made: the system has no certificates to trust.
    pub fn new(reach: Reach, timeout: Duration) -> Result<Self, reqwest::Error> {
        // The first of the program to say so wins; `ring` is the only one that is built in.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .dns_resolver(Arc::new(Filtered(reach.clone())))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            // Each request looks its name up anew, and no connection waits on the thread that opened it.
            .pool_max_idle_per_host(0)
            .connect_timeout(timeout)
            .timeout(timeout)
            .build()?;
        Ok(Self { client, reach })
    }

    /// What may be reached.
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The body of the answer to a GET of this URL, `most` bytes at most.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn get(&self, url: &str, most: usize) -> Result<Vec<u8>, Fault> {
        // Addresses in the URL itself are not looked up, so the filter of look-ups does not see them.
        let url = self.reach.document(url).map_err(Fault::Refused)?;
        let mut answer = self
            .client
            .get(url)
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "identity")
            .send()
            .await
            .map_err(|_| Fault::Unreachable)?;
        if answer.status() != reqwest::StatusCode::OK {
            return Err(Fault::Status(answer.status().as_u16()));
        }
        let announced = answer.content_length().unwrap_or(0);
        let encoded = answer
            .headers()
            .get(header::CONTENT_ENCODING)
            .is_some_and(|encoding| encoding != "identity");
        if encoded || usize::try_from(announced).is_ok_and(|announced| announced > most) {
            return Err(Fault::TooLarge);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| Fault::Unreachable)? {
            if body.len() + chunk.len() > most {
                return Err(Fault::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Looks names up and gives those addresses only that may be reached. They are the ones that are connected to, so that
/// nothing can change between the check and the connection.
#[derive(Debug)]
struct Filtered(Reach);

impl Resolve for Filtered {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name stands for no address that may be reached".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    fn fetcher(allowed: &[&str]) -> Fetcher {
        let networks = allowed.iter().map(|text| text.parse().expect("a network"));
        Fetcher::new(Reach::new(networks.collect()), Duration::from_millis(700)).expect("a client")
    }

    /// A server that answers each connection with these bytes, and counts connections.
    async fn server(
        answer: Vec<u8>,
        pause: Duration,
    ) -> (String, Arc<std::sync::atomic::AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let url = format!("http://{}", listener.local_addr().expect("has an address"));
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("accepts");
                seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut request = [0; 2048];
                    let _ = stream.read(&mut request).await;
                    for part in answer.chunks(64 * 1024) {
                        tokio::time::sleep(pause).await;
                        if stream.write_all(part).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (url, count)
    }

    fn ok(body: &str) -> Vec<u8> {
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    #[tokio::test]
    async fn a_document_is_fetched_from_where_it_is_allowed() {
        let (url, _) = server(ok("{}"), Duration::ZERO).await;
        assert_eq!(
            fetcher(&["127.0.0.1/32"])
                .get(&url, 100)
                .await
                .expect("answers"),
            b"{}"
        );
    }

    #[tokio::test]
    async fn abuse_26_nothing_is_connected_to_that_is_not_allowed() {
        let (url, count) = server(ok("{}"), Duration::ZERO).await;
        let port = url.rsplit(':').next().expect("a port");
        assert!(matches!(
            fetcher(&[]).get(&url, 100).await,
            Err(Fault::Refused(_))
        ));
        // A name that stands for such an address: refused when it is looked up.
        let named = format!("https://localhost:{port}");
        assert_eq!(fetcher(&[]).get(&named, 100).await, Err(Fault::Unreachable));
        assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn abuse_26_a_redirect_is_not_followed() {
        let (inner, count) = server(ok("{}"), Duration::ZERO).await;
        let answer =
            format!("HTTP/1.1 302 Found\r\nlocation: {inner}\r\ncontent-length: 0\r\n\r\n");
        let (url, _) = server(answer.into_bytes(), Duration::ZERO).await;
        assert_eq!(
            fetcher(&["127.0.0.1/32"]).get(&url, 100).await,
            Err(Fault::Status(302))
        );
        assert_eq!(count.load(std::sync::atomic::Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn abuse_27_what_is_too_large_too_slow_or_compressed_is_given_up() {
        let fetcher = fetcher(&["127.0.0.1/32"]);
        let (url, _) = server(ok(&"x".repeat(200)), Duration::ZERO).await;
        assert_eq!(fetcher.get(&url, 100).await, Err(Fault::TooLarge));
        let endless = [
            b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_slice(),
            &vec![b'x'; 4 << 20],
        ]
        .concat();
        let (url, _) = server(endless.clone(), Duration::ZERO).await;
        assert_eq!(fetcher.get(&url, 1 << 20).await, Err(Fault::TooLarge));
        let (url, _) = server(endless, Duration::from_millis(200)).await;
        let begun = Instant::now();
        assert_eq!(fetcher.get(&url, 8 << 20).await, Err(Fault::Unreachable));
        assert!(begun.elapsed() < Duration::from_secs(3));
        let zipped =
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx".to_vec();
        let (url, _) = server(zipped, Duration::ZERO).await;
        assert_eq!(fetcher.get(&url, 100).await, Err(Fault::TooLarge));
    }
}
