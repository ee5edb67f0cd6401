//! A load client that costs little beside the server: raw HTTP/1.1 over kept connections on one thread.

use std::{
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
};

/// How long and how often to measure.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
}

/// What one measurement found.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Requests answered a second.
    pub(crate) rate: f64,
    /// Median time of one, in microseconds.
    pub(crate) p50: u64,
    /// 99th percentile, in microseconds.
    pub(crate) p99: u64,
}

/// Makes the bytes of the n-th request of a connection.
pub(crate) type MakeRequest = Rc<dyn Fn(usize, u64) -> Vec<u8>>;

/// A GET of `path` with these headers.
pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    request("GET", path, headers, "")
}

/// A request with a JSON body; a `Content-Type` among the headers names what kind of JSON.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            text.push_str("Content-Type: application/json\r\n");
        }
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// Sends requests over `connections` connections for `seconds`, after a second to warm up.
///
/// # Errors
/// When a connection fails or an answer is not 2xx: then the figures would mean nothing.
pub(crate) async fn measure(
    address: SocketAddr,
    connections: usize,
    seconds: u64,
    make: MakeRequest,
) -> anyhow::Result<Sample> {
    run(
        address,
        connections,
        Duration::from_secs(1),
        Rc::clone(&make),
        0,
    )
    .await?;
    let started = Instant::now();
    let mut times = run(
        address,
        connections,
        Duration::from_secs(seconds),
        make,
        1 << 32,
    )
    .await?;
    let elapsed = started.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: usize| {
        times
            .get(times.len() * share / 100)
            .copied()
            .unwrap_or_default()
    };
    Ok(Sample {
        rate: times.len() as f64 / elapsed,
        p50: at(50),
        p99: at(99),
    })
}

async fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    make: MakeRequest,
    first: u64,
) -> anyhow::Result<Vec<u64>> {
    let local = LocalSet::new();
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..connections)
        .map(|connection| {
            let make = Rc::clone(&make);
            local.spawn_local(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = Vec::with_capacity(64 * 1024);
                let mut times = Vec::with_capacity(100_000);
                let mut number = first;
                while Instant::now() < end {
                    let request = make(connection, number);
                    number += 1;
                    let sent = Instant::now();
                    stream.write_all(&request).await?;
                    answer(&mut stream, &mut buffer).await?;
                    times.push(u64::try_from(sent.elapsed().as_micros())?);
                }
                anyhow::Ok(times)
            })
        })
        .collect();
    let mut all = Vec::new();
    local
        .run_until(async {
            for task in tasks {
                all.extend(task.await??);
            }
            anyhow::Ok(())
        })
        .await?;
    Ok(all)
}

/// Sends all requests over `connections` connections; the bodies of their answers, in the requests' order.
///
/// # Errors
/// As [`measure`].
pub(crate) async fn all(
    address: SocketAddr,
    connections: usize,
    requests: Vec<Vec<u8>>,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let local = LocalSet::new();
    let requests = Rc::new(requests);
    let tasks: Vec<_> = (0..connections)
        .map(|connection| {
            let requests = Rc::clone(&requests);
            local.spawn_local(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = Vec::new();
                let mut answers = Vec::new();
                let own = requests.iter().enumerate();
                for (place, request) in own.skip(connection).step_by(connections) {
                    stream.write_all(request).await?;
                    let body = answer(&mut stream, &mut buffer).await?;
                    answers.push((place, buffer.get(body..).unwrap_or_default().to_vec()));
                }
                anyhow::Ok(answers)
            })
        })
        .collect();
    let mut all = Vec::new();
    local
        .run_until(async {
            for task in tasks {
                all.extend(task.await??);
            }
            anyhow::Ok(())
        })
        .await?;
    all.sort_unstable_by_key(|(place, _)| *place);
    Ok(all.into_iter().map(|(_, body)| body).collect())
}

/// Sends one request on a connection of its own and gives the body of its answer.
///
/// # Errors
/// When the answer is not 2xx.
pub(crate) async fn once(address: SocketAddr, request: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut buffer = Vec::new();
    let body = answer(&mut stream, &mut buffer).await?;
    Ok(buffer.get(body..).unwrap_or_default().to_vec())
}

/// As [`once`], but gives the head of the answer.
///
/// # Errors
/// When the answer is not 2xx.
pub(crate) async fn head(address: SocketAddr, request: &[u8]) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut buffer = Vec::new();
    let body = answer(&mut stream, &mut buffer).await?;
    Ok(String::from_utf8(
        buffer.get(..body).unwrap_or_default().to_vec(),
    )?)
}

/// Reads one answer into `buffer`; gives where its body starts.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<usize> {
    buffer.clear();
    let head = loop {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?;
    let length: Option<usize> = text
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        })
        // RFC 9110, section 8.6: an answer 204 has none.
        .or_else(|| text.starts_with("HTTP/1.1 204").then_some(0));
    let length = length.context("an answer without Content-Length")?;
    let good = text.starts_with("HTTP/1.1 2");
    while buffer.len() < head + length {
        if stream.read_buf(buffer).await? == 0 {
            bail!("the server closed the connection within a body");
        }
    }
    if !good {
        bail!("not a success: {}", String::from_utf8_lossy(buffer));
    }
    Ok(head)
}
