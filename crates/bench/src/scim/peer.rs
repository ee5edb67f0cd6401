//! Starts the peer, scimmy-routers under Node.js, installed as its lock file says.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::gateway::{self, Stopped};

pub(super) struct Peer {
    pub(super) address: SocketAddr,
    _child: Stopped,
}

/// Starts it. Node.js 18 or newer and npm are to be there.
pub(super) async fn start() -> anyhow::Result<Peer> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scimmy"));
    let status = Command::new("npm")
        .args(["ci", "--silent"])
        .current_dir(folder)
        .status()
        .context("the peer needs Node.js with npm")?;
    ensure!(status.success(), "npm does not install the peer");
    let address = gateway::free_address()?;
    let child = Command::new("node")
        .arg("server.mjs")
        .arg(address.to_string())
        .env("NODE_ENV", "production")
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()?;
    let peer = Peer {
        address,
        _child: Stopped(child),
    };
    gateway::wait(address, "/health/ready").await?;
    Ok(peer)
}
