//! `login` and `logout`.

use std::io::{BufRead, Read, Write};

use fault::{Doing, Fault, Kind, Result};
use oci::image::DOCKER_HUB;
use registry::{Client, Credential, Credentials, Kept, Settings};
use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};

use crate::args::system::{Login, Logout};
use crate::say;

/// The name of Docker Hub in docker's own words.
const DOCKER_INDEX: &str = "https://index.docker.io/v1/";

pub(crate) fn log_in(typed: &Login) -> Result<()> {
    let server = domain(typed.server.as_deref());
    let settings = Settings::of_this_machine()?;
    let credential = Credential::Password { user: user(typed)?, password: password(typed)? };
    Client::log_in(&settings, &server, &credential)?;
    if let Kept::File(path) = settings.credentials.keep(&server, &credential)? {
        say::talk(&format!(
            "WARNING! Your password will be stored unencrypted in {}.\nConfigure a credential helper to remove this \
             warning: `credsStore` in that file.\n\n",
            path.display()
        ));
    }
    say::print("Login Succeeded\n")
}

pub(crate) fn log_out(typed: &Logout) -> Result<()> {
    let server = domain(typed.server.as_deref());
    let shown = if server == DOCKER_HUB { DOCKER_INDEX } else { &server };
    let was_there = Credentials::of_this_user().forget(&server)?;
    say::print(&if was_there {
        format!("Removing login credentials for {shown}\n")
    } else {
        format!("Not logged in to {shown}\n")
    })
}

/// People write addresses with and without what surrounds the host.
fn domain(server: Option<&str>) -> String {
    let server = server.unwrap_or(DOCKER_HUB);
    let host = server.trim_start_matches("https://").trim_start_matches("http://");
    match host.split('/').next().unwrap_or(host) {
        "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.to_string(),
        host => host.to_string(),
    }
}

fn user(typed: &Login) -> Result<String> {
    match &typed.username {
        Some(user) => Ok(user.clone()),
        None if typed.password_stdin => {
            Err(Fault::new(Kind::Invalid, "log in").because("Must provide --username with --password-stdin"))
        }
        None => {
            ask("Username: ")?;
            line()
        }
    }
}

fn password(typed: &Login) -> Result<String> {
    if let Some(password) = &typed.password {
        say::talk("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
        return Ok(password.clone());
    }
    if typed.password_stdin {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).doing(|| "read the password from stdin")?;
        return Ok(text.trim_end_matches(['\n', '\r']).to_string());
    }
    ask("Password: ")?;
    let password = unseen(line);
    say::talk("\n");
    password
}

fn ask(question: &str) -> Result<()> {
    if !isatty(rustix::stdio::stdin()) {
        return Err(Fault::new(Kind::Invalid, "log in")
            .because("Cannot perform an interactive login from a non TTY device")
            .hint("`nagaya login -u USER --password-stdin SERVER < FILE`"));
    }
    say::talk(question);
    let _ = std::io::stderr().flush();
    Ok(())
}

fn line() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text).doing(|| "read from the terminal")?;
    match text.trim_end_matches(['\n', '\r']) {
        "" => Err(Fault::new(Kind::Invalid, "log in").because("nothing was typed")),
        text => Ok(text.to_string()),
    }
}

/// What is typed is not shown.
fn unseen(read: impl FnOnce() -> Result<String>) -> Result<String> {
    let doing = || "have the terminal not show what is typed";
    let stdin = rustix::stdio::stdin();
    let before = tcgetattr(stdin).doing(doing)?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(stdin, OptionalActions::Flush, &silent).doing(doing)?;
    let text = read();
    tcsetattr(stdin, OptionalActions::Flush, &before).doing(doing)?;
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        for (typed, domain_of) in [
            (None, "docker.io"),
            (Some("https://index.docker.io/v1/"), "docker.io"),
            (Some("localhost:5000"), "localhost:5000"),
            (Some("https://r.example/v2/"), "r.example"),
        ] {
            assert_eq!(domain(typed), domain_of);
        }
    }
}
