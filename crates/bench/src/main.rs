//! Load and scale benchmarks, run on demand: `cargo run --release -p palisade-bench -- read|create|list|import|policies|scim`.
//!
//! Everything is compared inside one run on one machine, and read as a ratio: the machine's own speed cancels out.
//! Owns: the load client, the peers to compare with, the bars. Depends on: the program as a separate process
//! (built by cargo on the way), and for `policies` on `palisade-authz` itself.
//! To add one: a file with `run`, a variant of [`Benchmark`], its bar in `docs/PERFORMANCE.md`.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod create;
mod gateway;
mod import;
mod list;
mod load;
mod peer;
mod policies;
mod read;
mod report;
mod scim;

use clap::{Parser, Subcommand};

/// Benchmarks of Palisade. Each prints its figures and whether its bar is met; exit code 1 when not.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    benchmark: Benchmark,
    /// A PostgreSQL server (a URL of a superuser) to make databases on; without it a throwaway one is started.
    #[arg(long, global = true, env = "PALISADE_TEST_POSTGRES")]
    postgres: Option<String>,
    /// Seconds for each measurement.
    #[arg(long, global = true, default_value_t = 4)]
    seconds: u64,
    /// Rounds; the median counts.
    #[arg(long, global = true, default_value_t = 3)]
    rounds: usize,
}

#[derive(Subcommand)]
enum Benchmark {
    /// One identity read by id, beside a static route and a bare server with one SELECT.
    Read,
    /// Creates at 32 connections on SQLite, with and without grouped commits.
    Create,
    /// Lists and look-ups with 1,000,000 identities beside 10,000.
    List {
        /// Identities in the large database; a tenant holds 1,000.
        #[arg(long, default_value_t = 1_000_000)]
        identities: u64,
    },
    /// `palisade import` of an Ory export: rate and memory, and killed halfway and resumed.
    Import {
        /// Identities in the export.
        #[arg(long, default_value_t = 100_000)]
        identities: u64,
    },
    /// A decision with 1,000 tenant policies beside one with 10.
    Policies,
    /// SCIM beside scimmy-routers (needs Node.js with npm), with 1,000,000 users, and groups of 100,000.
    Scim {
        /// Users in the large database; a tenant holds 10,000.
        #[arg(long, default_value_t = 1_000_000)]
        users: usize,
    },
    /// Serves one of the peers; the benchmarks start this by themselves.
    #[command(hide = true)]
    Peer {
        /// `static` or `select`.
        kind: peer::Kind,
        /// Where to listen.
        #[arg(long)]
        listen: std::net::SocketAddr,
        /// The database that `select` reads.
        #[arg(long)]
        database: String,
    },
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Benchmark::Peer {
        kind,
        listen,
        database,
    } = arguments.benchmark
    {
        return peer::serve(kind, listen, &database);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let plan = load::Plan {
        seconds: arguments.seconds,
        rounds: arguments.rounds,
    };
    let met = runtime.block_on(async {
        match arguments.benchmark {
            Benchmark::Read => read::run(plan, arguments.postgres).await,
            Benchmark::Create => create::run(plan).await,
            Benchmark::List { identities } => list::run(plan, arguments.postgres, identities).await,
            Benchmark::Import { identities } => import::run(arguments.postgres, identities).await,
            Benchmark::Scim { users } => scim::run(plan, arguments.postgres, users).await,
            Benchmark::Policies => policies::run().await,
            Benchmark::Peer { .. } => Ok(true),
        }
    })?;
    if !met {
        std::process::exit(1);
    }
    Ok(())
}
