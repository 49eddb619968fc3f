"""Real logins with the installed module, helper and launcher, as root in the throw-away host that tests/sandbox makes:
sshd and pamtester, the helper started by the module and resident, directories and resolvers that fail, and what other
users see of it.

SPDX-License-Identifier: MIT
"""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from directory_service import DirectoryService
from login_host import (CONFIG_FOLDER, GENEROUS, HELPER, LAUNCHER, RUN_FOLDER, SERVICE_ACCOUNT, SOCKET, PamHost,
                        SecureShellServer, SystemLog, eventually, inside_sandbox, resident_helper, run,
                        write_pam_service)
from stand_in.sagemaker_api import DOMAIN_ID
from stand_in_aws import REGION, StandInAws
from studio_config import StudioConfig

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="logs users in: only in tests/sandbox, as root")

ALICE, BOB = 12001, 12002
DESKTOP = "xrdp-sesman"  # a service that is ours by default
PATIENT = "timeout=20"  # where the login shall succeed, on however busy a machine
HURRIED = "timeout=2"  # where it shall meet its deadline

SETTINGS = """\
[defaults]
region = {region}
ca_bundle = {ca_bundle}
endpoint_url = {endpoint_url}

[domain research]
domain_id = {domain_id}
{more}
[credentials]
source = imds
ec2_metadata_service_endpoint = {imds_url}

[helper]
max_links_per_user_per_minute = 1000
"""


# ---- the host --------------------------------------------------------------------------------------------------------


class Configuration(StudioConfig):
    """The folder that the installed helper reads."""

    def __init__(self, aws: StandInAws):
        shutil.rmtree(CONFIG_FOLDER, ignore_errors=True)
        super().__init__(CONFIG_FOLDER, aws)
        self.write_settings()

    def write_settings(self, more: str = "", endpoint_url: str = "") -> None:
        self.write("studio.conf", SETTINGS.format(
            region=REGION, ca_bundle=self.aws.ca_bundle, endpoint_url=endpoint_url or self.aws.api_url,
            domain_id=DOMAIN_ID, imds_url=self.aws.imds_url, more=more))


@pytest.fixture
def config(aws: StandInAws) -> Configuration:
    SOCKET.unlink(missing_ok=True)
    return Configuration(aws)


@pytest.fixture
def log() -> SystemLog:
    return SystemLog()


@pytest.fixture
def pam(build, config: Configuration) -> PamHost:
    """Logins at the desktop; the module starts the helper itself, unless a test has a resident one."""
    return PamHost(build.pam_application, DESKTOP, PATIENT)


@pytest.fixture
def helper(config: Configuration) -> Iterator[subprocess.Popen]:
    with resident_helper() as process:
        yield process


@pytest.fixture(scope="module")
def foreign_programs(build) -> None:
    """sshd and pamtester load the module."""
    if b"__asan_init" in build.module.read_bytes():
        pytest.skip("programs without AddressSanitizer cannot load a module with it")


@pytest.fixture(scope="module")
def secure_shell(foreign_programs) -> Iterator[SecureShellServer]:
    folder = Path("/run/e2e-sshd")
    folder.mkdir(mode=0o755)
    server = SecureShellServer(folder)
    yield server
    server.stop()


@pytest.fixture
def ssh(secure_shell: SecureShellServer, config: Configuration) -> SecureShellServer:
    write_pam_service(secure_shell.SERVICE, f"services={secure_shell.SERVICE}", PATIENT)
    return secure_shell


@pytest.fixture
def directory(build) -> Iterator[DirectoryService]:
    """A directory with alice, who is a local user too, and tanaka, who is not."""
    users = [f"alice:x:{ALICE}:{ALICE}::/home/alice:/bin/bash", "tanaka:x:1500001:1500001::/home/tanaka:/bin/bash"]
    groups = ["tanaka:x:1500001:", "ML People:x:1500010:tanaka,alice"]
    service = DirectoryService(build.path("tests/libnss_standin.so.2"), users, groups)
    yield service
    service.remove()


def session_files(uid: int = ALICE) -> list[str]:
    folder = RUN_FOLDER / "users" / str(uid)
    return sorted(os.listdir(folder)) if folder.exists() else []


def nothing_was_asked(aws: StandInAws) -> bool:
    return aws.imds.connections == 0 and aws.api.connections == 0


# ---- ssh -------------------------------------------------------------------------------------------------------------

SHOW_SESSION = (
    'f=$SAGEMAKER_STUDIO_SESSION; echo "$f"; stat -c "%A %U" "$f" "${f%/*}"; '
    'echo "$SAGEMAKER_STUDIO_USER_PROFILE $SAGEMAKER_STUDIO_DOMAIN_ID"; env | grep -c "token="; cat "$f"'
)


def test_an_ssh_session_finds_its_link_in_a_private_file(ssh, config, aws, log):
    config.set_map("alice  research  alice-tanaka\n")
    path, file_mode, folder_mode, who, in_environment, *content = ssh.run("alice", SHOW_SESSION)
    link = dict(line.split("=", 1) for line in content if line)
    assert path.startswith(f"{RUN_FOLDER}/users/{ALICE}/session-")
    assert (file_mode, folder_mode) == ("-rw------- alice", "drwx------ alice")
    assert (who, in_environment) == (f"alice-tanaka {DOMAIN_ID}", "0")
    assert link["url"].partition("token=")[2] in aws.secrets
    assert link["user_profile_name"] == "alice-tanaka"
    made = log.wait_for("link-made")[0]
    assert (made["user"], made["service"], made["rule"]) == ("alice", ssh.SERVICE, "users.map:1")
    assert link["request_id"] == made["request_id"]


def test_the_session_file_is_gone_after_logout(ssh):
    with ssh.session("alice") as path:
        assert Path(path).name in session_files()
    eventually("the logout to remove the file", lambda: not session_files())


def test_two_sessions_of_one_user_do_not_remove_each_others_file(ssh):
    with ssh.session("alice") as first:
        with ssh.session("alice") as second:
            assert first != second
            assert session_files() == sorted([Path(first).name, Path(second).name])
        eventually("the second logout to remove its file", lambda: session_files() == [Path(first).name])
    eventually("the first logout to remove its file", lambda: not session_files())


def test_ssh_is_none_of_our_business_unless_the_administrator_says_so(ssh, aws):
    write_pam_service(ssh.SERVICE, PATIENT)
    service_file = Path("/etc/pam.d", ssh.SERVICE).read_text()
    assert "services=" not in service_file
    assert ssh.run("alice", 'echo "[$SAGEMAKER_STUDIO_SESSION]"') == ["[]"]
    assert nothing_was_asked(aws)


# ---- pamtester: the handle is closed by another process than it was opened in ----------------------------------------


def pamtester(*operations: str, **environment: str) -> subprocess.CompletedProcess:
    words = [word for name, value in environment.items() for word in ("-E", f"{name}={value}")]
    return run("pamtester", "-v", *words, DESKTOP, "alice", *operations)


def test_a_desktop_login_leaves_a_file_that_its_logout_removes(foreign_programs, pam):
    done = pamtester("open_session", "close_session")
    assert done.returncode == 0, done.stdout + done.stderr
    assert session_files() == []


def test_a_logout_in_another_process_removes_the_file_that_its_environment_names(foreign_programs, pam):
    assert pamtester("open_session").returncode == 0
    assert pamtester("open_session").returncode == 0
    first, second = session_files()
    closing = pamtester("close_session", SAGEMAKER_STUDIO_SESSION=f"{RUN_FOLDER}/users/{ALICE}/{first}")
    assert closing.returncode == 0, closing.stdout + closing.stderr
    assert session_files() == [second]
    pamtester("close_session", SAGEMAKER_STUDIO_SESSION=f"{RUN_FOLDER}/users/{ALICE}/{second}")
    assert session_files() == []


# ---- where the session file lies, and which stacks we are in ---------------------------------------------------------


@pytest.fixture
def runtime_folder() -> Iterator[Path]:
    """As pam_systemd makes it."""
    folder = Path(f"/run/user/{ALICE}")
    folder.mkdir(mode=0o700, parents=True)
    os.chown(folder, ALICE, ALICE)
    yield folder
    shutil.rmtree(folder)


def test_with_a_runtime_folder_the_file_lies_there(pam, runtime_folder):
    login = pam.log_in("alice", "-E", f"XDG_RUNTIME_DIR={runtime_folder}", "--run-in-session",
                       'stat -c "%n %A %U" "$SAGEMAKER_STUDIO_SESSION"')
    path, mode, owner = login.output.split()
    assert path.startswith(f"{runtime_folder}/sagemaker-studio/session-")
    assert (mode, owner) == ("-rw-------", "alice")
    assert os.listdir(runtime_folder / "sagemaker-studio") == []


def test_in_a_runtime_folder_that_others_may_enter_the_file_is_private_all_the_same(pam, runtime_folder):
    runtime_folder.chmod(0o755)
    login = pam.log_in("alice", "-E", f"XDG_RUNTIME_DIR={runtime_folder}", "--run-in-session",
                       'stat -c "%A %U" "$SAGEMAKER_STUDIO_SESSION" "${SAGEMAKER_STUDIO_SESSION%/*}"')
    assert login.output.split() == ["-rw-------", "alice", "drwx------", "alice"]


def test_a_runtime_folder_of_somebody_else_costs_the_link_and_brings_no_folder_in_run(pam, runtime_folder):
    """A user who spoils his own must not get one in the file system that all daemons write to."""
    os.chown(runtime_folder, BOB, BOB)
    shutil.rmtree(RUN_FOLDER / "users" / str(ALICE), ignore_errors=True)
    assert pam.log_in("alice", "-E", f"XDG_RUNTIME_DIR={runtime_folder}").result == "PAM_SESSION_ERR"
    assert os.listdir(runtime_folder) == [] and not (RUN_FOLDER / "users" / str(ALICE)).exists()


@pytest.fixture
def packaged_profile() -> Iterator[None]:
    """Enabled as README.md says, beside the one other that has to come before it."""
    command = ["pam-auth-update", "--enable", "aws-sagemaker-studio", "mkhomedir"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(*command, env=environment, check=True)
    yield
    run("pam-auth-update", "--disable", "aws-sagemaker-studio", "mkhomedir", env=environment, check=True)


def test_the_packaged_profile_comes_last_and_only_where_people_log_in(packaged_profile):
    def modules(stack: str) -> list[str]:
        lines = Path("/etc/pam.d", stack).read_text().splitlines()
        return [word for line in lines if line.startswith("session") for word in line.split() if word.endswith(".so")]

    assert modules("common-session")[-3:] == ["pam_systemd.so", "pam_mkhomedir.so", "pam_sagemaker_studio.so"]
    assert "pam_sagemaker_studio.so" not in modules("common-session-noninteractive")


def test_a_desktop_login_through_the_distributions_stack_gets_its_link(
    foreign_programs, packaged_profile, config, helper, aws
):
    Path("/etc/pam.d", DESKTOP).write_text("session required pam_permit.so\n@include common-session\n")
    done = pamtester("open_session", "close_session")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (aws.count("api"), session_files()) == (1, [])


# ---- the helper ------------------------------------------------------------------------------------------------------


def helper_processes() -> list[dict[str, str]]:
    """/proc/PID/status of each process that runs the helper."""
    found = []
    for process in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{process}/exe") == HELPER:
                lines = Path("/proc", process, "status").read_text().splitlines()
                found.append({name: value.strip() for name, _, value in (line.partition(":") for line in lines)})
    return found


def test_the_module_starts_the_helper_as_the_service_account_and_it_ends_with_the_login(pam, aws, monkeypatch):
    seen: list[dict[str, str]] = []
    monkeypatch.setattr(aws.observations, "on_request", lambda record: seen.extend(helper_processes()))
    login = pam.log_in("alice")
    account = run("id", "-u", SERVICE_ACCOUNT).stdout.strip()
    group = run("id", "-g", SERVICE_ACCOUNT).stdout.strip()
    assert login.result == "PAM_SUCCESS"
    assert seen
    for process in seen:
        assert process["Uid"].split() == [account] * 4
        assert process["Gid"].split() == [group] * 4
        assert process["Groups"] in ("", group)
        assert int(process["CapEff"], 16) == int(process["CapPrm"], 16) == 0
        assert process["NoNewPrivs"] == "1"
    assert helper_processes() == []


def test_a_resident_helper_serves_logins_over_one_tls_connection_and_one_set_of_keys(helper, pam, aws):
    results = [pam.log_in("alice").result for _ in range(3)]
    assert results == ["PAM_SUCCESS"] * 3
    assert (aws.tls_handshakes, aws.count("imds-credentials"), aws.count("api")) == (1, 1, 3)


def test_a_resident_helper_is_the_service_account_and_nothing_more(helper, pam):
    assert pam.log_in("alice").result == "PAM_SUCCESS"
    account = run("id", "-u", SERVICE_ACCOUNT).stdout.strip()
    processes = helper_processes()
    assert processes
    for process in processes:
        assert process["Uid"].split() == [account] * 4
        assert int(process["CapEff"], 16) == int(process["CapPrm"], 16) == 0


def test_after_the_resident_helper_ended_its_stale_socket_stops_no_login(pam):
    with resident_helper():
        assert pam.log_in("alice").result == "PAM_SUCCESS"
    assert SOCKET.is_socket()
    assert pam.log_in("alice").result == "PAM_SUCCESS"


def test_an_impostor_on_the_socket_is_told_nothing_and_believed_nothing(pam, aws, log):
    impostor = socket.socket(socket.AF_UNIX)
    impostor.bind(str(SOCKET))
    listen_as_bob = os.fork()
    if listen_as_bob == 0:  # SO_PEERCRED of a socket names whoever called listen()
        os.setresuid(BOB, BOB, BOB)
        impostor.listen()
        os._exit(0)
    os.waitpid(listen_as_bob, 0)
    login = pam.log_in("alice")
    impostor.setblocking(False)
    connection, _ = impostor.accept()
    assert (login.result, connection.recv(4096)) == ("PAM_SESSION_ERR", b"")
    assert session_files() == [] and nothing_was_asked(aws)
    impostor.close()


def test_a_stopped_helper_costs_one_login_its_deadline_and_works_again_when_it_goes_on(helper, pam, log):
    pam.set_arguments(HURRIED)
    helper.send_signal(signal.SIGSTOP)
    login = pam.log_in("alice")
    helper.send_signal(signal.SIGCONT)
    assert (login.result, session_files()) == ("PAM_SESSION_ERR", [])
    assert login.seconds < 10
    assert [line for line in login.log if "event=login-link-failed" in line and "code=timeout" in line]
    pam.set_arguments(PATIENT)
    assert pam.log_in("alice").result == "PAM_SUCCESS"


# ---- logins that are none of our business ----------------------------------------------------------------------------

EVERYBODY_BUT_BACKUP = "svc-backup  -\nalice  research  alice-tanaka\n"


@pytest.mark.parametrize("service", ["cron", "su", "sudo", "systemd-user", "sshd", "lightdm-greeter"])
def test_a_service_that_is_no_login_of_people_is_ignored(pam, aws, service):
    pam.write_service(service)
    assert pam.log_in("alice", service=service).result == "PAM_IGNORE"
    assert nothing_was_asked(aws) and session_files() == []


@pytest.mark.parametrize("user", ["root", "daemon", "nobody", SERVICE_ACCOUNT])
def test_root_and_system_accounts_are_ignored_whatever_the_map_says(pam, config, aws, user):
    config.set_map("*  research  {user}\n")
    assert pam.log_in(user).result == "PAM_IGNORE"
    assert nothing_was_asked(aws)


@pytest.mark.parametrize("user", ["svc-backup", "bob"])
def test_a_user_whom_the_map_excludes_or_does_not_name_is_ignored(pam, config, aws, user):
    config.set_map(EVERYBODY_BUT_BACKUP)
    assert pam.log_in(user).result == "PAM_IGNORE"
    assert nothing_was_asked(aws) and session_files(BOB) == session_files(12005) == []


def test_a_host_without_a_map_ignores_every_login(pam, aws):
    (CONFIG_FOLDER / "users.map").unlink()
    assert pam.log_in("alice").result == "PAM_IGNORE"
    assert nothing_was_asked(aws)


def test_a_fresh_installation_changes_no_login(pam, aws, installed_configuration, log):
    shutil.rmtree(CONFIG_FOLDER)
    run("cp", "-a", installed_configuration, CONFIG_FOLDER, check=True)
    run("chgrp", "-R", SERVICE_ACCOUNT, CONFIG_FOLDER, check=True)
    assert pam.log_in("alice").result == "PAM_IGNORE"
    assert nothing_was_asked(aws) and log.events() == []


# ---- one account, several spellings ----------------------------------------------------------------------------------

TANAKA_SPELLINGS = ["tanaka", "TANAKA", "CORP\\Tanaka", "tanaka@corp", "Tanaka@CORP"]
BY_NAME_AND_GROUP = (
    "CORP\\tanaka  -\n"  # a spelling is nobody's name: this rule matches no one
    'TANAKA        -\n'
    '@"ml people"  research  {user}-{uid}\n'
)


def explained(user: str) -> str:
    done = run(LAUNCHER, "check", "--explain", user)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_all_spellings_of_an_account_are_one_user_in_studio(directory, pam, config, aws, log):
    config.set_map(BY_NAME_AND_GROUP)
    for spelling in TANAKA_SPELLINGS:
        assert pam.log_in(spelling).result == "PAM_SUCCESS", spelling
    profiles = [parameters["UserProfileName"] for parameters in aws.parameters()]
    assert profiles == ["tanaka-1500001"] * len(TANAKA_SPELLINGS)
    made = log.events("link-made")
    assert {(event["user"], event["rule"]) for event in made} == {("tanaka", "users.map:3")}


@pytest.mark.parametrize("spelling", TANAKA_SPELLINGS)
def test_explain_says_of_each_spelling_what_the_login_does(directory, config, spelling):
    config.set_map(BY_NAME_AND_GROUP)
    explanation = explained(spelling)
    assert "users.map:3" in explanation and "tanaka-1500001" in explanation


def test_a_user_of_another_domain_is_not_taken_for_ours(directory, pam, config, aws):
    config.set_map("tanaka  research  {user}\n")
    assert pam.log_in("tanaka@partner").result in ("PAM_SESSION_ERR", "PAM_USER_UNKNOWN")
    assert nothing_was_asked(aws)


# ---- a directory that hangs or fails ---------------------------------------------------------------------------------

GROUP_THEN_EVERYBODY = '@"ML People"  research  {user}-ml\n*  research  {user}-anyone\n'
DIRECTORY_TROUBLES = [
    f"{call} {behaviour} helper"
    for call in ("getpwuid", "getgrnam", "initgroups")
    for behaviour in ("hang", "tryagain", "unavail", "erange")
]


@pytest.mark.parametrize("trouble", DIRECTORY_TROUBLES)
def test_a_directory_in_trouble_costs_the_link_and_never_widens_the_rule(directory, pam, config, aws, log, trouble):
    config.set_map(GROUP_THEN_EVERYBODY)
    pam.set_arguments(HURRIED)
    with directory.misbehaving(trouble):
        login = pam.log_in("tanaka")
    assert (login.result, aws.count("api"), session_files(1500001)) == ("PAM_SESSION_ERR", 0, [])
    assert login.seconds < 10
    assert not log.events("link-made")
    assert log.events("link-refused") or [line for line in login.log if "event=login-link-failed" in line]
    pam.set_arguments(PATIENT)
    assert pam.log_in("tanaka").result == "PAM_SUCCESS"
    assert aws.parameters()[-1]["UserProfileName"] == "tanaka-ml"


def test_a_resident_helper_outlives_a_directory_that_hangs(directory, helper, pam, config, aws):
    config.set_map(f'alice  research  {{user}}\n{GROUP_THEN_EVERYBODY}')
    pam.set_arguments(HURRIED)
    with directory.misbehaving("getgrnam hang helper"):
        assert pam.log_in("tanaka").result == "PAM_SESSION_ERR"
        pam.set_arguments(PATIENT)
        assert pam.log_in("alice").result == "PAM_SUCCESS"  # needs no group
    assert pam.log_in("tanaka").result == "PAM_SUCCESS"


# ---- a resolver that never answers -----------------------------------------------------------------------------------

BLACK_HOLE_NAME = "api.black-hole.example"
TWO_DOMAINS = """\

[domain lost]
domain_id = d-lost
endpoint_url = https://{name}:{port}
"""


@pytest.fixture
def silent_resolver() -> Iterator[socket.socket]:
    """A name server on loopback that takes questions and says nothing; it outlasts any login."""
    configuration = Path("/etc/resolv.conf")
    before = configuration.read_text()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.53", 53))
        server.settimeout(GENEROUS)
        configuration.write_text("nameserver 127.0.0.53\noptions timeout:30 attempts:3\n")
        yield server
        configuration.write_text(before)


def test_a_resolver_that_never_answers_delays_no_other_domain(silent_resolver, helper, pam, config, aws, log):
    config.write_settings(more=TWO_DOMAINS.format(name=BLACK_HOLE_NAME, port=aws.api.port))
    config.set_map("alice  lost  {user}\nbob  research  {user}\n")
    pam.set_arguments("timeout=8")
    lost = pam.start("alice")
    silent_resolver.recv(4096)  # now the helper has asked
    pam.set_arguments(PATIENT)
    assert pam.log_in("bob").result == "PAM_SUCCESS"
    assert lost.is_under_way()
    assert lost.finish().result == "PAM_SESSION_ERR"
    refused = log.wait_for("link-refused")[0]
    assert (refused["user"], refused["domain"], aws.count("api")) == ("alice", "lost", 1)


# ---- trouble at the metadata service and at the API ------------------------------------------------------------------

DEADLINE = 3  # seconds
TROUBLES = [
    ("imds-connect", "refuse"), ("imds-connect", "silent"), ("imds-token", "hang"), ("imds-token", "garbage"),
    ("imds-role", "no-role"), ("imds-role", "slow"), ("imds-credentials", "expired"), ("imds-credentials", "html"),
    ("imds-credentials", "huge"), ("imds-region", "hang"), ("api-connect", "refuse"), ("api-connect", "silent"),
    ("api-tls", "hang"), ("api-tls", "wrong-name"), ("api-tls", "other-authority"), ("api", "hang"), ("api", "slow"),
    ("api", "close"), ("api", "truncated"), ("api", "huge"), ("api", "html"), ("api", "redirect"), ("api", "denied"),
    ("api", "throttled"), ("api", "expired-token"), ("api", "wrong-host"), ("api", "newline-in-link"),
]


@pytest.mark.parametrize("step, how", TROUBLES)
def test_trouble_costs_a_login_its_link_and_nothing_else(pam, config, aws, log, step, how):
    if step == "imds-region":
        config.write("studio.conf", without_region((config.folder / "studio.conf").read_text()))
    pam.set_arguments(f"timeout={DEADLINE}")
    aws.misbehave(step, how)
    login = pam.log_in("alice")
    assert (login.result, login.differences, session_files()) == ("PAM_SESSION_ERR", [], [])
    assert login.seconds < DEADLINE + 10
    assert not [name for name in login.environment if name.startswith("SAGEMAKER_STUDIO")]
    refusals = log.events("link-refused")
    assert len(refusals) + len([line for line in login.log if "login-link-failed" in line]) == 1
    assert all(refusal["code"] and refusal["message"] for refusal in refusals)
    text = "\n".join([*log.lines(), *login.log])
    assert not [secret for secret in aws.secrets if secret in text]
    aws.behave()
    pam.set_arguments(PATIENT)
    assert pam.log_in("alice").result == "PAM_SUCCESS"


def without_region(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("region"))


# ---- an endpoint that swallows everything ----------------------------------------------------------------------------


OUTAGE_PAUSE = 15  # seconds, after which one login is let through to see whether it is over (helper/outage.h)


def test_of_fifty_logins_to_a_black_hole_three_wait(helper, pam, aws, log):
    pam.set_arguments("timeout=1")
    aws.misbehave("api-connect", "silent")
    started = time.monotonic()
    results = [pam.log_in("alice").result for _ in range(50)]
    probes = int((time.monotonic() - started) // OUTAGE_PAUSE)
    assert results == ["PAM_SESSION_ERR"] * 50
    codes = [event["code"] for event in log.wait_for("link-refused", 50)]
    waited = [code for code in codes if code != "unavailable"]
    assert codes[:3] == waited[:3] and len(waited) <= 3 + probes
    assert len(log.events("outage-begins")) == 1


# ---- what other users see --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def secret_watch(uid: int, secrets: list[str]) -> Iterator[dict]:
    """The result is filled when the block has ended."""
    result: dict = {}
    script = Path(__file__).with_name("secret_watch.py")
    with subprocess.Popen([sys.executable, script, str(uid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as watch:
        assert watch.stdin and watch.stdout
        watch.stdin.write("\n".join(secrets) + "\n\n")
        watch.stdin.flush()
        assert watch.stdout.readline() == "watching\n"
        yield result
        watch.stdin.close()
        result.update(json.loads(watch.stdout.read()))


CANARY_IS_SEEN = "cmdline of sh"


@contextlib.contextmanager
def canary(secret: str) -> Iterator[None]:
    """A process with a secret in its command line, to show that the watch would see one."""
    with subprocess.Popen(["sh", "-c", "read line", secret], stdin=subprocess.PIPE):
        yield


def middle_of_tokens(profile: str) -> str:
    """What the stand-in's links for this profile, and no others, have in common: the beginning of their claims."""
    claims = json.dumps({"userProfileName": profile}).rstrip("}").encode()
    return base64.urlsafe_b64encode(claims[: len(claims) // 3 * 3]).decode()


def test_nobody_sees_a_secret_while_people_log_in(pam, ssh, aws, config):
    config.set_map("alice  research  seen-by-nobody\n")
    keys = aws.metadata_service.current_keys()
    secrets = [keys.secret_access_key, keys.session_token[:60], middle_of_tokens("seen-by-nobody")]
    with canary(secrets[0]), secret_watch(BOB, secrets) as seen_by_bob, secret_watch(0, secrets) as seen_by_root:
        for _ in range(3):
            assert pam.log_in("alice").result == "PAM_SUCCESS"
            ssh.run("alice", "true")
        with ssh.session("alice") as path:
            assert secrets[-1] in Path(path).read_text()
    assert seen_by_bob["found"] == [CANARY_IS_SEEN]
    private = f"{RUN_FOLDER}/users/{ALICE}/"
    assert [place for place in seen_by_root["found"] if not place.startswith(private)] == [CANARY_IS_SEEN]
    log_text = Path("/run/log-lines").read_text()
    assert not [secret for secret in aws.secrets if secret in log_text]


# ---- awkward hosts ---------------------------------------------------------------------------------------------------

PROCESS_1 = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
AWKWARD_HOSTS = {
    "process 1 of a container": ([], PROCESS_1),
    "process 1 with threads": (["--threads", "8"], PROCESS_1),
    "subreaper with a child of its own": (["--subreaper", "--own-child", "--sigchld", "handler"], ()),
    "threads in malloc and setresuid": (["--threads", "8"], ()),
    "SIGCHLD ignored": (["--sigchld", "ignore"], ()),
}


@pytest.mark.parametrize("host", AWKWARD_HOSTS)
@pytest.mark.parametrize("resident", [False, True], ids=["cold", "resident"])
def test_an_awkward_host_gets_its_link_and_stays_as_it_was(pam, config, host, resident):
    options, within = AWKWARD_HOSTS[host]
    with resident_helper() if resident else contextlib.nullcontext():
        login = pam.log_in("alice", "--run-in-session", "cat $SAGEMAKER_STUDIO_SESSION", *options, within=within)
    assert (login.result, login.differences) == ("PAM_SUCCESS", [])
    assert "/auth?token=" in login.output
    assert session_files() == []
