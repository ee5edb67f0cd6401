//! Sockets to listen on.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
};

use crate::Failure;

/// Listens on `address`, which `key` configured.
pub(crate) fn bind(address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    let explain = |error: std::io::Error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => "another program listens there".to_owned(),
            ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
            ErrorKind::PermissionDenied => "this user may not".to_owned(),
            _ => error.to_string(),
        };
        Failure::new(format!(
            "can't listen on {address}: {reason}; choose another address with {key}"
        ))
    };
    let listener = TcpListener::bind(address).map_err(explain)?;
    listener.set_nonblocking(true).map_err(explain)?;
    Ok(listener)
}

/// The address that it really listens on, also where port 0 was asked for.
pub(crate) fn address(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::new(format!("the socket has no address: {error}")))
}

/// The base URL for callers on this machine: an unspecified address is not one that can be called.
pub(crate) fn base_url(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_one_line_that_says_what_to_do() {
        let first =
            bind("127.0.0.1:0".parse().expect("an address"), "`--listen`").expect("a free port");
        let taken = address(&first).expect("an address");
        let error = bind(taken, "`--listen`").expect_err("taken").to_string();
        assert_eq!(
            error,
            format!(
                "can't listen on {taken}: another program listens there; choose another address with `--listen`"
            )
        );
    }

    #[test]
    fn the_base_url_can_be_called() {
        for (address, url) in [
            ("127.0.0.1:1", "http://127.0.0.1:1"),
            ("0.0.0.0:2", "http://127.0.0.1:2"),
            ("[::]:3", "http://[::1]:3"),
        ] {
            assert_eq!(base_url(address.parse().expect("an address")), url);
        }
    }
}
