//! A folder, the binary, and a vendor that says what it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;

/// A folder of source files and a store, gone when the test is over.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder(TempDir::new().unwrap())
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Folder {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mef"));
        command.current_dir(self.0.path()).args(arguments).env("NO_COLOR", "1");
        for variable in ["MEF_STORE", "MEF_SOURCES", "MEF_SECRETS", "MEF_LOG"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn mef(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that has to succeed, and gives the lines it prints.
    pub(crate) fn lines(&self, arguments: &[&str]) -> Vec<String> {
        let output = self.mef(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        stdout(&output).lines().map(str::to_owned).collect()
    }

    /// Starts `mef run` and waits until it listens.
    pub(crate) fn run(&self, more: &[&str]) -> Running {
        let mut command = self.command(&["run", "--json", "--listen", "127.0.0.1:0"]);
        let mut child =
            command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = listening["listening"].as_str().unwrap().to_owned();
        let (lines, said) = channel();
        let stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let _ = lines.send(line.unwrap());
            }
        });
        let address = url.trim_start_matches("http://").to_owned();
        Running { child, address, said, log: String::new() }
    }
}

/// A running `mef run`, killed when the test is over.
pub(crate) struct Running {
    child: Child,
    address: String,
    /// The lines of its log that were not looked at.
    said: Receiver<String>,
    log: String,
}

impl Running {
    /// Posts a request as bytes, and gives the status and the whole answer.
    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        self.announce(path, headers, body.len(), body)
    }

    /// Posts a request that announces `length` bytes of body and sends `body`.
    pub(crate) fn announce(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        length: usize,
        body: &[u8],
    ) -> (u16, String) {
        self.send("POST", path, headers, length, body)
    }

    /// Sends a request of any method without a body.
    pub(crate) fn ask(&self, method: &str, path: &str) -> (u16, String) {
        self.send(method, path, &[], 0, b"")
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: usize,
        body: &[u8],
    ) -> (u16, String) {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n"
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        stream.write_all(b"\r\n").unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    /// Connects without sending anything.
    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// Sends a signal, such as `-HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits until a line of the log has `text`, and gives that line.
    pub(crate) fn says(&mut self, text: &str) -> String {
        for line in &self.said {
            self.log.push_str(&line);
            self.log.push('\n');
            if line.contains(text) {
                return line;
            }
        }
        panic!("it ended without saying `{text}`: {}", self.log);
    }

    /// Waits for its end, and gives how it ended and what it logged.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        for line in &self.said {
            self.log.push_str(&line);
            self.log.push('\n');
        }
        (self.child.wait().unwrap(), std::mem::take(&mut self.log))
    }

    /// Ends it as an operator would, and gives what it logged.
    pub(crate) fn stop(self) -> String {
        self.signal("-TERM");
        let (status, log) = self.wait();
        assert!(status.success(), "{log}");
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that gives every connection the answer that `answer` makes of the
/// request.
pub(crate) fn vendor(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
                match connection.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => request.extend_from_slice(&buffer[..n]),
                }
            }
            let answer = answer(&String::from_utf8_lossy(&request));
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    origin
}

pub(crate) fn http(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) const HOOK: &str = "
source: hook
webhook:
  verify: [ { token: { from: header.x-token, secrets: [token] } } ]
  delivery_id: header.x-delivery
event: { schema: schema.json, map: { summary: \"{title}\" } }
";

pub(crate) const HOOK_SCHEMA: &str = r#"{"type":"object","required":["title"]}"#;
