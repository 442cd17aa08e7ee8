//! The commands, their options and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use mef_source::checked::Endpoint;

use crate::run_options::RunOptions;

/// Gets a security team's SaaS events into its SIEM: one source file per vendor, no code.
///
/// Data is printed on stdout, words and logs on stderr. Exit status: 0 done, 1 failed, 2 wrong
/// usage, 75 not now (another run holds the lease, or the vendor's rate limit is used up).
#[derive(Debug, Parser)]
#[command(name = "mef", version, about, max_term_width = 100)]
pub struct Arguments {
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// The embedded store: queue, dead letters, cursors and all
    #[arg(long, global = true, value_name = "FILE", env = "MEF_STORE", default_value = "mef.db")]
    pub store: PathBuf,
    /// The folder of source files: `source.yml`, `*.source.yml` and `*/source.yml`
    #[arg(long, global = true, value_name = "DIR", env = "MEF_SOURCES", default_value = ".")]
    pub sources: PathBuf,
    /// A file of lines `MEF_SECRET_<SOURCE>_<NAME>=value`; the environment wins over it
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "MEF_SECRETS",
        default_value = "secrets.env"
    )]
    pub secrets: PathBuf,
    /// Where the queue, the cursors and the rest are: in the embedded store, or on AWS
    #[arg(long, global = true, value_enum, env = "MEF_BACKEND", default_value_t = Backend::Local)]
    pub backend: Backend,
    /// The project of the stack on AWS
    #[arg(long, global = true, env = "PROJECT", value_name = "NAME", hide_env_values = true)]
    pub project: Option<String>,
    /// The service of the stack on AWS
    #[arg(long, global = true, env = "SERVICE", value_name = "NAME", hide_env_values = true)]
    pub service: Option<String>,
    /// The stage of the stack on AWS
    #[arg(long, global = true, env = "STAGE", value_name = "NAME", hide_env_values = true)]
    pub stage: Option<String>,
    /// Print data as JSON, one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// What to log, such as `debug` or `mef_poller=debug`
    #[arg(long, global = true, value_name = "FILTER", env = "MEF_LOG", hide_env_values = true)]
    pub log: Option<String>,
}

/// Where the queue, the cursors and the rest are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// One embedded file
    Local,
    /// The stack that `--project`, `--service` and `--stage` name
    Aws,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole pipeline on this machine, with a sample vendor
    Demo(DemoOptions),
    /// Take webhooks at POST /<source> and run the schedules
    Run(RunOptions),
    /// Write a source folder for a vendor of the catalogue, or list the catalogue
    Init(InitOptions),
    /// Check every source file: errors and warnings with their place, and what its presets check
    Check(CheckOptions),
    /// Run every source's test events and mock exchanges, offline, with a fixed clock
    ///
    /// Beside a source file, `tests/NAME.request.json` is a captured webhook, `tests/NAME.records.json` a list
    /// of pulled records, and `tests/NAME.exchanges.yml` a vendor's responses to whole runs of the poller.
    /// The expected result of each is in `tests/NAME.expected.json`, and `at` there is the moment at which
    /// the test runs: a captured webhook's `received_at` when the file is written first, else
    /// 2026-01-01T00:00:00Z. The secrets that sign a request are in `tests/secrets.env`.
    Test(TestOptions),
    /// Judge one captured webhook request offline, and say why it is taken or refused
    ///
    /// The file is what `mef run --capture` writes: {"method", "path", "headers": [[name, value], …],
    /// "body" or "body_base64"}, where `path` includes the query as it was sent. No queue and no store is
    /// touched. Exit status: 0 if the request could be judged, whatever the verdict, else 1.
    Explain(ExplainOptions),
    /// Pull what is new from one source
    Poll(PollOptions),
    /// Read a stretch of the past from one source, beside its live cursor
    ///
    /// The live cursor is never moved. The stretch has its own cursor: run the same command again to
    /// continue where the last one ended. Its events get the same ids as from the live poll, so a
    /// consumer that knows events by their ids drops those it already has.
    Backfill(BackfillOptions),
    /// Show every source on one screen: fresh, stale, failing, limited, paused
    Status,
    /// Stop all runs from reading a source until `mef resume`; webhooks still come in
    Pause {
        /// The source's name, or `SOURCE/PARTITION`
        source: String,
    },
    /// Read a paused source again, from where it stopped; if it is not paused, take the vendor's limit back
    Resume {
        /// The source's name, or `SOURCE/PARTITION`
        source: String,
    },
    /// Look at the events in the queue
    Events(EventsOptions),
    /// Show how far each stream has been read, or change it
    Cursors {
        /// What to do.
        #[command(subcommand)]
        command: CursorsCommand,
    },
    /// Look at rejected records, run them again, or drop them
    Dlq {
        /// What to do.
        #[command(subcommand)]
        command: DlqCommand,
    },
    /// Look at bytes that are kept for a person, such as a page of a vendor that was not understood
    Blobs {
        /// What to do.
        #[command(subcommand)]
        command: BlobsCommand,
    },
    /// Copy the embedded store into a new file, also while `mef run` works on it, and check the copy
    ///
    /// Put the copy in the place of the store, with no other file of its name beside it, to go on from
    /// there. A store that nothing works on is one file: then a plain copy is as good.
    Backup(BackupOptions),
    /// List, check or set the secrets that the source files name
    Secrets {
        /// What to do.
        #[command(subcommand)]
        command: SecretsCommand,
    },
    /// Print the JSON Schema of source files
    Schema,
    /// Write what CloudFormation deploys: the template and the source files of the package
    Render(RenderOptions),
}

/// Options of `mef demo`.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Stop once everything has arrived
    #[arg(long)]
    pub once: bool,
}

/// Options of `mef check`.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// The folder, or one source file [default: that of --sources]
    pub dir: Option<PathBuf>,
    /// Print the `webhook` of each source that names a preset with the preset written out, instead of
    /// one line per preset
    #[arg(long)]
    pub expand: bool,
}

/// Options of `mef test`.
#[derive(Debug, Args)]
pub struct TestOptions {
    /// The folder, or one source file [default: that of --sources]
    pub dir: Option<PathBuf>,
    /// Write the results as the expected ones, for you to read and commit. A request that is refused is
    /// written only if its `NAME.expected.json` has that `status` already
    #[arg(long)]
    pub update: bool,
    /// With --update: write refusals too, for tests of what must not come in
    #[arg(long, requires = "update")]
    pub accept_refusal: bool,
}

/// Options of `mef init`.
#[derive(Debug, Args)]
pub struct InitOptions {
    /// The vendor's name in the catalogue; without it, the catalogue is listed
    pub vendor: Option<String>,
    /// The name of the source and of its folder in that of --sources [default: the vendor's name in the
    /// catalogue]
    #[arg(long, value_name = "NAME", requires = "vendor")]
    pub name: Option<String>,
}

/// Options of `mef explain`.
#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// The source's name
    pub source: String,
    /// The request's file
    #[arg(value_name = "REQUEST.json")]
    pub request: PathBuf,
    /// Judge the request as of this moment: RFC 3339, or seconds since the epoch [default:
    /// `received_at` of the file, else now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub at: Option<Timestamp>,
    /// Show all of the signed text, however long it is
    #[arg(long)]
    pub full: bool,
    /// Where the webhooks of the deployment come in, for `{endpoint}` in a `public_url`
    #[arg(long, value_name = "URL", env = "MEF_ENDPOINT", hide_env_values = true)]
    pub endpoint: Option<Endpoint>,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let seconds = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    seconds.or_else(|| text.parse().ok()).ok_or_else(|| {
        "not a moment: write RFC 3339, such as 2026-11-24T12:00:00Z, or seconds since the epoch"
            .to_owned()
    })
}

/// Options of `mef poll`.
#[derive(Debug, Args)]
pub struct PollOptions {
    /// The source's name
    pub source: String,
    /// Stop instead of waiting when the vendor's rate limit is used up
    #[arg(long)]
    pub once: bool,
    /// Ask the vendor and show the events that would result, on a copy of the cursor: nothing is
    /// committed, nothing goes to the queue, and no other run has to wait
    #[arg(long)]
    pub dry_run: bool,
    /// Stop a dry run after this many responses
    #[arg(long, value_name = "N", default_value_t = 5, requires = "dry_run")]
    pub pages: u64,
    /// Write each request and its response to this file, one JSON object a line, with `***` for every
    /// secret
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

/// Options of `mef backfill`.
#[derive(Debug, Args)]
pub struct BackfillOptions {
    /// The source's name
    pub source: String,
    /// Where the stretch begins: RFC 3339, or seconds since the epoch
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Timestamp,
    /// Where it ends; this moment is not part of it
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Timestamp,
    /// The most requests in a minute: the live poll needs its share of the vendor's limit
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=6000))]
    pub per_minute: u32,
}

/// Options of `mef events`.
#[derive(Debug, Args)]
pub struct EventsOptions {
    /// Only events of this source
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Only events after this position
    #[arg(long, value_name = "POSITION")]
    pub after: Option<i64>,
    /// Show at most this many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Keep running, and show events as they come
    #[arg(long)]
    pub follow: bool,
    /// Remove the events from the queue once they are printed
    #[arg(long)]
    pub consume: bool,
    /// On AWS: receive the events, which hides each from the SIEM for the queue's visibility timeout
    /// and counts as one of its deliveries
    #[arg(long)]
    pub receive: bool,
    /// Print position, event id, source and time around each event
    #[arg(long)]
    pub attributes: bool,
}

/// Options of `mef render`.
#[derive(Debug, Args)]
pub struct RenderOptions {
    /// The folder of source files [default: that of --sources]
    pub dir: Option<PathBuf>,
    /// The template to fill in
    #[arg(long, value_name = "FILE", default_value = "infra/app.yml")]
    pub template: PathBuf,
    /// Where to write `template.yml` and `package/`
    #[arg(long, value_name = "DIR", default_value = "target/deploy")]
    pub out: PathBuf,
    /// The stack's parameter `ApiType`, for the warnings that only one of them needs
    #[arg(long, value_name = "TYPE", ignore_case = true)]
    pub api_type: Option<ApiType>,
}

/// What a stack's webhooks come in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub enum ApiType {
    /// An HTTP API of API Gateway
    Http,
    /// A REST API of API Gateway
    Rest,
    /// A URL of the handler itself
    Url,
}

/// `mef cursors …`.
#[derive(Debug, Subcommand)]
pub enum CursorsCommand {
    /// Every stream: how far it has been read, its lag, and its last run
    List,
    /// All of one source's cursor
    Show {
        /// The source's name, or `SOURCE/PARTITION`
        source: String,
    },
    /// Set a source's cursor by hand; a run in progress can no longer move it
    Set {
        /// The source's name, or `SOURCE/PARTITION`
        source: String,
        /// A moment (RFC 3339), or the vendor's token with --token
        position: String,
        /// The position is a token
        #[arg(long)]
        token: bool,
    },
    /// Forget a source's cursor: the next run is its first, and starts at `start`
    Reset {
        /// The source's name, or `SOURCE/PARTITION`
        source: String,
    },
    /// The last runs that delivered something or failed, oldest first
    History {
        /// The source's name, or `SOURCE/PARTITION`
        source: String,
    },
}

/// `mef dlq …`.
#[derive(Debug, Subcommand)]
pub enum DlqCommand {
    /// The rejected records, oldest first
    List {
        /// Only those of this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<String>,
        /// Show at most this many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
    },
    /// All of one rejected record
    Show {
        /// Its id
        id: String,
    },
    /// Run rejected records through today's source files again
    Redrive {
        /// Only those of this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<String>,
    },
    /// Drop a rejected record for good
    Discard {
        /// Its id
        id: String,
    },
}

/// `mef blobs …`.
#[derive(Debug, Subcommand)]
pub enum BlobsCommand {
    /// Every key, and how many bytes it has
    List,
    /// The bytes under a key
    Show {
        /// The key. On AWS also the `claim` of an event that was too large for the queue:
        /// `s3://bucket/key`
        key: String,
    },
}

/// Options of `mef backup`.
#[derive(Debug, Args)]
pub struct BackupOptions {
    /// The copy; no file of this name may be there
    pub file: PathBuf,
}

/// `mef secrets …`.
#[derive(Debug, Subcommand)]
pub enum SecretsCommand {
    /// Every secret that a source names: whether it is set, its version and its age, never its value
    List {
        /// Only those of this source
        #[arg(long, value_name = "SOURCE")]
        source: Option<String>,
    },
    /// Fail if a secret that a source names is not set
    Check,
    /// Set a secret to the text on stdin
    Set {
        /// The source's name
        source: String,
        /// The secret's name within the source
        name: String,
        /// Stop accepting the previous value at once, instead of after a day
        #[arg(long)]
        at_once: bool,
        /// On AWS: store it under this KMS key. Without it, the key is the stack's `SecretsKmsKeyArn`, or
        /// Parameter Store's own where the stack names none or is not there yet
        #[arg(long, value_name = "ARN")]
        key: Option<String>,
    },
}

/// Returns the CLI reference in Markdown: every command with its help.
pub fn reference() -> String {
    use clap::CommandFactory as _;
    let mut text = String::from(
        "# The command line\n\nGenerated from the binary's own help. `--store`, `--sources`, `--secrets`, \
         `--json` and `--log` go with every command.\n",
    );
    let mut command = Arguments::command().term_width(100);
    command.build();
    describe(&command, &mut text);
    text
}

fn describe(command: &clap::Command, text: &mut String) {
    let mut shown = command.clone();
    let help = shown.render_long_help().to_string();
    let name = command.get_bin_name().unwrap_or("mef").to_owned();
    text.push_str(&format!("\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end()));
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        describe(inner, text);
    }
}
