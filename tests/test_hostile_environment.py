"""Every variable that libcurl, OpenSSL, glibc, PAM, systemd, the desktop or the shell knows, set by somebody who means harm.

The launcher has no privileges, so what it is started with harms its own user alone, and must not spread the link.  At a
login the user's variables come into the PAM environment (pam_env, sshd's PermitUserEnvironment, a display manager) and
into that of the login process; nothing that the module starts may see any of them.

SPDX-License-Identifier: MIT
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helper_daemon import HelperDaemon
from hostile_user import ALICE, BOB
from login_host import CONFIG_FOLDER, HELPER, LAUNCHER, PamHost, inside_sandbox, run
from stand_in.sagemaker_api import DOMAIN_ID
from test_logins import Configuration

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="needs users: only in tests/sandbox, as root")

VERY_LONG = "x" * 100000
NOWHERE = "http://127.0.0.1:9"
ODD_PATHS = ["", "/", ".", "relative", "../../etc", "/proc/self", "/dev/null", "/nonexistent", "with\nnewline",
             "/tmp/\udcff", "%s%n%s", "$(id)", "`id`", "/tmp/a:b", VERY_LONG]


def hostile_environment(folder: Path) -> dict[str, str]:
    """Everything at once; what can name a file names one below this folder."""
    def files(*names: str) -> dict[str, str]:
        return {name: f"{folder}/{name.lower()}" for name in names}

    return {
        # ld.so(8)
        **files("LD_LIBRARY_PATH", "LD_ORIGIN_PATH", "LD_PROFILE_OUTPUT"),
        "LD_BIND_NOT": "1", "LD_DYNAMIC_WEAK": "1", "LD_SHOW_AUXV": "", "LD_PROFILE": "libc.so.6", "LD_WARN": "1",
        # glibc: malloc, iconv, locales, messages, the resolver, getopt, getconf, time zones, temporary files
        **files("GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "LOCALDOMAIN", "GETCONF_DIR", "MALLOC_TRACE",
                "GCOV_PREFIX", "TZDIR", "TMPDIR", "TMP", "TEMP", "OUTPUT_CHARSET", "LANGUAGE"),
        "MALLOC_CHECK_": "3", "MALLOC_PERTURB_": "165", "MALLOC_ARENA_MAX": "1", "MALLOC_TOP_PAD_": "-1",
        "GLIBC_TUNABLES": "glibc.malloc.check=3:glibc.malloc.perturb=165", "RES_OPTIONS": "timeout:30 attempts:9 debug",
        "RESOLV_HOST_CONF": "/etc/shadow", "LC_ALL": "tr_TR.UTF-8", "LANG": "../../../tmp", "POSIXLY_CORRECT": "1",
        "TZ": ":/etc/shadow", "COLUMNS": "0", "LINES": "-1",
        # OpenSSL, libcurl, AWS
        **files("OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_ENGINES", "OPENSSL_MODULES", "SSL_CERT_FILE", "SSL_CERT_DIR",
                "SSLKEYLOGFILE", "CURL_CA_BUNDLE", "CURL_HOME", "NETRC", "AWS_CONFIG_FILE",
                "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "RANDFILE"),
        "CURL_SSL_BACKEND": "none", "CURL_ENTROPY": "0", "CURL_MEMDEBUG": "1", "OPENSSL_ia32cap": "0:0",
        **{name: NOWHERE for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", "ftp_proxy",
                                      "AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                      "AWS_CONTAINER_CREDENTIALS_FULL_URI")},
        "NO_PROXY": "*", "REQUEST_METHOD": "GET", "AWS_REGION": "evil-1", "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SESSION_TOKEN": "evil",
        # shells, interpreters, systemd, PAM
        **files("BASH_ENV", "ENV", "ZDOTDIR", "PERL5LIB", "PERL5DB", "PYTHONPATH", "PYTHONSTARTUP", "HISTFILE"),
        "IFS": "/", "PS4": "$(touch /tmp/ps4)", "SHELLOPTS": "xtrace", "BASHOPTS": "expand_aliases", "CDPATH": "/tmp",
        "BASH_FUNC_sagemaker-studio%%": "() { touch /tmp/shellshock; }", "PERL5OPT": "-Mevil", "PYTHONHOME": "/tmp",
        "LISTEN_FDS": "3", "LISTEN_PID": "1", "LISTEN_FDNAMES": "a:b", "NOTIFY_SOCKET": "/dev/log",
        "JOURNAL_STREAM": "1:2", "INVOCATION_ID": "0", "KRB5CCNAME": "FILE:/etc/shadow", "PAM_USER": "root",
        "USER": "root", "LOGNAME": "root", "SHELL": "/bin/false", "MAIL": "/etc/shadow", "UID": "0", "EUID": "0",
        # the desktop and ourselves
        **files("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_DIRS",
                "XDG_CONFIG_DIRS", "BROWSER", "GTK_MODULES", "GIO_EXTRA_MODULES", "QT_PLUGIN_PATH"),
        "SAGEMAKER_STUDIO_SESSION": "/etc/shadow", "SAGEMAKER_STUDIO_USER_PROFILE": "somebody-else",
        "SAGEMAKER_STUDIO_DOMAIN_ID": "d-evil", "SAGEMAKER_STUDIO_URL": "https://evil.example/",
    }


# ---- a login ---------------------------------------------------------------------------------------------------------

EVIL_LIBRARY = """
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void
ran(void)
{
    char path[64];
    snprintf(path, sizeof(path), "/run/evil/ran-%d", (int) getpid());
    close(open(path, O_CREAT | O_WRONLY, 0666));
}
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """Where everybody may write, and all that is set points to."""
    folder = Path("/run/evil")
    folder.mkdir()
    folder.chmod(0o1777)
    yield folder
    run("rm", "-rf", folder)


@pytest.fixture
def evil_library(place: Path) -> Path:
    """It leaves a file for each process that loads it."""
    library = place / "evil.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, "-xc", "-"], input=EVIL_LIBRARY.encode(), check=True)
    run("/bin/true", env={"LD_PRELOAD": str(library)}, check=True)
    (seen,) = place.glob("ran-*")  # so it would be seen
    seen.unlink()
    return library


SPY = """\
#!/usr/bin/python3 -IS
import os, sys
with open("/proc/self/environ", "rb") as environment, open(f"{folder}/environment-{{os.getpid()}}", "xb") as copy:
    copy.write(environment.read())
os.execv("{program}", ["{program}", *sys.argv[1:]])
"""


class Spies:
    """Stand before the programs that the module starts, keep what they were started with, and become them."""

    def __init__(self, folder: Path):
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.notes.chmod(0o1777)
        self.arguments = [f"{name}={self.spy_on(folder / name, program)}"
                          for name, program in (("launcher", LAUNCHER), ("helper", HELPER))]

    def spy_on(self, path: Path, program: str) -> Path:
        path.write_text(SPY.format(folder=self.notes, program=program))
        path.chmod(0o755)
        return path

    def environments(self) -> list[list[bytes]]:
        return [sorted(note.read_bytes().rstrip(b"\0").split(b"\0")) for note in self.notes.iterdir()]


@pytest.fixture
def spies() -> Iterator[Spies]:
    """In a folder that nobody else may write to, as the module wants programs."""
    folder = Path("/run/spies")
    folder.mkdir(mode=0o755)
    yield Spies(folder)
    run("rm", "-rf", folder)


def pam_variables(environment: dict[str, str]) -> list[str]:
    return [word for name, value in environment.items() for word in ("-E", f"{name}={value}")]


def in_pieces(environment: dict[str, str], size: int = 60) -> list[dict[str, str]]:
    """pam_application takes 64 at a time."""
    items = list(environment.items())
    return [dict(items[at:at + size]) for at in range(0, len(items), size)]


def test_nothing_that_a_login_starts_sees_any_of_it(build, aws, place, evil_library, spies, monkeypatch):
    if b"__asan_init" in build.module.read_bytes():
        pytest.skip("a preloaded library comes before AddressSanitizer, which does not like that")
    Configuration(aws)
    hostile = {"LD_PRELOAD": str(evil_library), "LD_AUDIT": str(evil_library), **hostile_environment(place)}
    pam = PamHost(build.pam_application, "xrdp-sesman", "timeout=20", "socket=/run/sagemaker-studio/nobody.sock", *spies.arguments)
    for name, value in hostile.items():
        if not name.startswith(("LD_", "MALLOC_CHECK")):  # they would be the login program's own trouble
            monkeypatch.setenv(name, value)
    pieces = in_pieces(hostile)
    for piece in pieces:
        login = pam.log_in("alice", *pam_variables(piece))
        assert (login.result, login.differences) == ("PAM_SUCCESS", []), login.log
        assert login.environment["SAGEMAKER_STUDIO_USER_PROFILE"] == "studio-tester"
        assert login.environment["SAGEMAKER_STUDIO_DOMAIN_ID"] == DOMAIN_ID
        assert login.environment["SAGEMAKER_STUDIO_SESSION"].startswith(f"/run/sagemaker-studio/users/{ALICE}/session-")
    clean = [b"LANG=C", b"PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    assert spies.environments() == [clean] * (3 * len(pieces))  # of helper, session-write and session-clear
    assert not list(place.glob("ran-*"))
    assert_nothing_was_spread(place, aws)


def test_a_strange_runtime_folder_or_home_costs_nobody_the_login(build, aws, helper_daemon):
    pam = PamHost(build.pam_application, "xrdp-sesman", "timeout=20", f"socket={helper_daemon.socket}")
    for path in (path for path in ODD_PATHS if path.isascii()):  # as pam_application's report has to be
        strange = {"XDG_RUNTIME_DIR": path, "HOME": path, "SAGEMAKER_STUDIO_SESSION": path, "TMPDIR": path}
        login = pam.log_in("alice", *pam_variables(strange))
        assert (login.result, login.differences) == ("PAM_SUCCESS", []), path
        session = login.environment["SAGEMAKER_STUDIO_SESSION"]
        assert session.startswith(f"{helper_daemon.socket.parent}/users/{ALICE}/session-"), path


# ---- the launcher and the check --------------------------------------------------------------------------------------


def assert_nothing_was_spread(place: Path, aws) -> None:
    for path in (path for path in place.rglob("*") if path.is_file()):
        content = path.read_bytes().decode(errors="replace")
        assert not [secret for secret in aws.secrets if secret[:40] in content], path


def run_as_bob(environment: dict[str, str], *words: object, given: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in words], input=given, capture_output=True, text=True, timeout=60,
                          errors="replace", env=environment, user=BOB, group=BOB, extra_groups=[], cwd="/")


@pytest.fixture
def launcher_words(build, helper_daemon: HelperDaemon) -> dict[str, list[object]]:
    socket = ["--socket", helper_daemon.socket]
    return {"url": [build.launcher, "url", *socket], "status": [build.launcher, "status", "--json", *socket],
            "open": [build.launcher, "open", *socket], "stats": [build.launcher, "stats", *socket]}


EXPECTED = {"url": 0, "status": 0, "open": 0, "stats": 1}


def assert_as_ever(word: str, done: subprocess.CompletedProcess, aws) -> None:
    """What it prints and how it ends is the same as in a good environment; the link is on standard output alone."""
    assert done.returncode == EXPECTED[word], (done.returncode, done.stderr)
    assert not [secret for secret in aws.secrets if secret[:40] in done.stderr]
    tokens = [secret for secret in aws.secrets if secret in done.stdout]
    assert len(tokens) == (word in ("url", "open"))
    if word == "status":
        assert json.loads(done.stdout)["user_profile_name"] == "studio-tester"


@pytest.mark.parametrize("word", EXPECTED)
def test_the_launcher_works_as_ever_and_spreads_nothing(word, launcher_words, aws, place):
    environment = {"PATH": "/usr/bin:/bin", **hostile_environment(place)}
    del environment["LD_SHOW_AUXV"]  # prints on standard output
    done = run_as_bob(environment, *launcher_words[word])
    assert_as_ever(word, done, aws)
    assert_nothing_was_spread(place, aws)


@pytest.mark.parametrize("word", EXPECTED)
def test_the_launcher_takes_strange_paths_for_none(word, launcher_words, aws):
    names = ("HOME", "XDG_RUNTIME_DIR", "SAGEMAKER_STUDIO_SESSION", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME",
             "XDG_CURRENT_DESKTOP", "BROWSER", "PATH")
    for path in ODD_PATHS:
        assert_as_ever(word, run_as_bob({name: path for name in names}, *launcher_words[word]), aws)


def answer_of_helper() -> str:
    now = int(time.time())
    return ("proto=1\nstatus=ok\nurl=https://d-abcdefghij12.studio.ap-northeast-1.sagemaker.aws/auth?token=eyJ\n"
            f"issued_at={now}\nexpires_at={now + 300}\ndomain=research\ndomain_id=d-abcdefghij12\n"
            "user_profile_name=bob\nregion=ap-northeast-1\n\n")


def test_session_write_writes_where_its_words_say_wherever_the_environment_points(build, place):
    folder = place / "session"
    folder.mkdir()
    folder.chmod(0o700)
    os.chown(folder, BOB, BOB)
    for number, path in enumerate(ODD_PATHS):
        names = ("HOME", "XDG_RUNTIME_DIR", "SAGEMAKER_STUDIO_SESSION", "TMPDIR", "LANG", "TZ", "PATH")
        words = [build.launcher, "session-write", "--folder", folder, "--session", f"{number:032x}"]
        done = run_as_bob({name: path for name in names}, *words, given=answer_of_helper())
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), path
        assert (folder / f"session-{number:032x}").exists(), path


def test_the_check_of_root_says_the_same_whatever_the_environment_holds(aws, place):
    """As with `sudo -E`."""
    Configuration(aws)
    command = [LAUNCHER, "check", "--config-only"]
    hostile = {"PATH": os.environ["PATH"], **hostile_environment(place)}
    del hostile["LD_SHOW_AUXV"]  # prints on standard output
    plain, strange = run(*command, env={"PATH": os.environ["PATH"]}), run(*command, env=hostile)
    assert str(CONFIG_FOLDER) in plain.stdout + plain.stderr
    assert (strange.returncode, strange.stdout) == (plain.returncode, plain.stdout)
