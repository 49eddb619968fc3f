"""`sagemaker-studio check`, as far as it looks at this host itself: configuration, files, users, PAM, the helper, and who
reaches the instance metadata service.  What it says of AWS is in test_check_aws.py.

SPDX-License-Identifier: MIT
"""

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from directory_service import FOLDER as DIRECTORY_FOLDER
from directory_service import DirectoryService
from login_host import (CONFIG_FOLDER, LAUNCHER, PAM_FOLDER, SERVICE_ACCOUNT, SOCKET, inside_sandbox, resident_helper,
                        run)
from stand_in_aws import StandInAws
from studio_config import StudioConfig

pytestmark = pytest.mark.skipif(not inside_sandbox(), reason="looks at a whole host: only in tests/sandbox, as root")

ALICE = 12001
OURS = "session optional pam_sagemaker_studio.so\n"
EACH_HIS_OWN = "alice  research  alice\nbob  research  bob\ndave  research  dave\ncarol.d  research  carol\n"
WITHOUT_AWS = "--no-link"  # a link would be made for USER alone


@pytest.fixture
def config(aws: StandInAws) -> StudioConfig:
    SOCKET.unlink(missing_ok=True)
    shutil.rmtree(CONFIG_FOLDER, ignore_errors=True)
    config = StudioConfig(CONFIG_FOLDER, aws)
    config.set_map(EACH_HIS_OWN)
    return config


@pytest.fixture
def desktop(config: StudioConfig) -> Iterator[Path]:
    """The PAM service of a desktop that has the module as it should."""
    path = PAM_FOLDER / "lightdm"
    path.write_text("session required pam_unix.so\nsession optional pam_systemd.so\n" + OURS)
    yield path
    path.unlink()


@pytest.fixture
def helper(config: StudioConfig) -> Iterator[subprocess.Popen]:
    with resident_helper() as process:
        yield process


@pytest.fixture
def directory(build, config: StudioConfig) -> Iterator[DirectoryService]:
    """One that lists its users."""
    users = ["tanaka:x:1500001:1500001::/home/tanaka:/bin/bash", "suzuki:x:1500002:1500002::/home/suzuki:/bin/bash"]
    service = DirectoryService(build.path("tests/libnss_standin.so.2"), users, ["tanaka:x:1500001:"])
    (DIRECTORY_FOLDER / "enumerate").touch()
    yield service
    service.remove()


class Checked:
    """What one run said, step by step."""

    def __init__(self, *arguments: str, user: str = "root"):
        command = [LAUNCHER, "check", *arguments]
        who = [] if user == "root" else ["setpriv", "--reuid", user, "--regid", user, "--clear-groups"]
        done = run(*who, *command)
        assert "Sanitizer" not in done.stderr, done.stderr
        self.status = done.returncode
        self.text = done.stdout
        self.errors = done.stderr

    def of(self, step: str) -> list[str]:
        """The lines of this step, each with its advice behind it."""
        return re.findall(rf"(?m)^. {re.escape(step)}: .*(?:\n  → .*)?$", self.text)


def report_of(*arguments: str) -> dict:
    checked = Checked("--json", *arguments)
    report = json.loads(checked.text)
    assert ["ok", "warning", "critical"][checked.status] == report["status"]
    return report


def the_one(lines: list[str], beginning: str) -> str:
    (line,) = [line for line in lines if line.startswith(beginning)]
    return line


# ---- configuration ---------------------------------------------------------------------------------------------------


def test_a_good_configuration_is_good_and_every_file_of_it_is_named(config, desktop, helper):
    config.folder.joinpath("users.map.d").mkdir()
    config.write("users.map.d/10-lab.map", "svc-backup -\n")
    assert Checked(WITHOUT_AWS).of("configuration") == [
        f"✓ configuration: {CONFIG_FOLDER}/studio.conf",
        f"✓ configuration: {CONFIG_FOLDER}/users.map",
        f"✓ configuration: {CONFIG_FOLDER}/users.map.d/10-lab.map",
        "✓ configuration: Map and settings are well formed; rules: 5, domains in studio.conf: 1."]


def test_a_typing_error_is_critical_and_named_with_file_and_line(config, aws):
    config.set_map(EACH_HIS_OWN + "alice research\n")
    checked = Checked()
    assert checked.status == 2
    (line,) = checked.of("configuration")[1:]
    assert line.startswith("✗ configuration: users.map:5: ") and "\n  → Correct it: while there is an error anywhere" in line
    assert aws.imds.connections == 0 and aws.api.connections == 0


def test_a_host_without_a_map_is_a_warning_and_nothing_is_asked_of_anybody(config, desktop, aws):
    (CONFIG_FOLDER / "users.map").unlink()
    checked = Checked()
    assert checked.of("configuration")[-1] == (
        f"! configuration: {CONFIG_FOLDER}/users.map does not exist: nobody gets a link on this host.\n"
        "  → Write one, see sagemaker-studio.map(5).")
    assert checked.status == 1
    assert aws.imds.connections == 0 and aws.api.connections == 0


def test_config_only_says_the_same_to_programs(config):
    config.set_map(EACH_HIS_OWN + "*  research  {user}\nalice  research  late\n")
    assert report_of("--config-only")["steps"][-1] == {
        "step": "map", "status": "warning",
        "found": "The rule of users.map:6 can never win: users.map:5 above it matches everyone.",
        "advice": "Move it up, or take it out."}


@pytest.mark.parametrize("arguments", [("--config-only", "--explain", "alice"), ("--map", "/dev/null"), ("alice", "bob"),
                                       ("--json", "--explain", "alice"), ("--config-only", "alice"), ("--wrong",)])
def test_words_that_make_no_sense_together_are_refused(config, arguments):
    checked = Checked(*arguments)
    assert (checked.status, checked.text) == (2, "") and checked.errors


# ---- files -----------------------------------------------------------------------------------------------------------


def test_files_as_they_are_installed_are_good(config):
    assert Checked(WITHOUT_AWS).of("files") == ["✓ files: Files that the helper can read, and nobody who should not: 2."]


def test_settings_that_everybody_can_read_are_a_warning(config):
    (CONFIG_FOLDER / "studio.conf").chmod(0o644)
    gid = pwd.getpwnam(SERVICE_ACCOUNT).pw_gid
    path = CONFIG_FOLDER / "studio.conf"
    assert Checked(WITHOUT_AWS).of("files")[0] == (
        f"! files: {path} is open to every user (mode 0644, group {gid}).\n"
        f"  → Run: `chgrp {SERVICE_ACCOUNT} {path} && chmod 0640 {path}`.")


@pytest.mark.parametrize("mode, group, open_to", [(0o644, 0, "every user"), (0o640, 12001, "its group")])
def test_keys_that_others_can_read_are_critical(config, mode, group, open_to):
    keys = config.write("credentials", "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
                                       "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n")
    os.chown(keys, 0, group)
    keys.chmod(mode)
    config.set_credentials(source="file", shared_credentials_file=keys,
                           ec2_metadata_service_endpoint=config.aws.imds_url)
    assert the_one(Checked(WITHOUT_AWS).of("files"), f"✗ files: {keys} ") == (
        f"✗ files: {keys} is open to {open_to} (mode {mode:04o}, group {group}): whoever reads it has the host's keys, and "
        f"can make anybody's link.\n  → Run: `chgrp {SERVICE_ACCOUNT} {keys} && chmod 0640 {keys}`.")


def test_settings_that_the_service_account_cannot_read_are_critical(config):
    path = CONFIG_FOLDER / "studio.conf"
    os.chown(path, 0, 0)
    path.chmod(0o600)
    checked = Checked()
    assert the_one(checked.of("files"), "✗") == (
        f"✗ files: The service account cannot read {path}: Permission denied.\n"
        f"  → Run: `chgrp {SERVICE_ACCOUNT} {path} && chmod 0640 {path}`.")
    assert checked.status == 2


def test_a_folder_that_the_service_account_cannot_enter_is_what_is_told_of(config):
    CONFIG_FOLDER.chmod(0o700)
    assert Checked().of("files") == [
        f"✗ files: The service account cannot look into the folder {CONFIG_FOLDER}: Permission denied.\n"
        f"  → Run: `chmod 0755 {CONFIG_FOLDER}`. The files in it may be for root and the service account alone."]


def test_an_ordinary_user_is_told_that_this_needs_root_and_what_he_can_see(config, desktop, helper, aws):
    checked = Checked(user="alice")
    assert checked.of("configuration") == [
        "! configuration: Root and the service account alone can read it.\n"
        "  → Run it as root: `sudo sagemaker-studio check`."]
    assert checked.of("not-checked") == [
        "– not-checked: The users, AWS, and who reaches the instance metadata service (no configuration is in force)."]
    assert checked.of("pam") and checked.of("service") == ["✓ service: The helper answers (how it is, it tells root alone)."]
    assert checked.status == 1
    assert aws.imds.connections == 0


# ---- users -----------------------------------------------------------------------------------------------------------


def test_two_users_who_become_one_are_found_among_all_users(config):
    config.set_map("alice research shared\nbob research Shared\ncarol.d research {slug}\n")
    checked = Checked(WITHOUT_AWS)
    assert the_one(checked.of("map"), "✗") == (
        "✗ map: 2 users are one user profile, 'shared' of domain research, and have each other's files: "
        "alice (users.map:1), bob (users.map:2).\n  → Give each of them a profile of his own, by name if need be.")
    assert "carol.d (uid 12004) gets no link: users.map:3: user 'carol.d' would become 'carol-d'" in the_one(
        checked.of("map"), "!")
    assert checked.status == 2


def test_users_whom_one_line_gives_one_profile_are_meant_to_share_it(config):
    config.set_map("12001:12002 research workshop\n/carol.d|dave/ research {slug} lossy=yes\n")
    checked = Checked(WITHOUT_AWS)
    assert the_one(checked.of("map"), "! map: 2 users") == (
        "! map: 2 users are one user profile, 'workshop' of domain research, and have each other's files: "
        "alice (users.map:1), bob (users.map:1).\n"
        "  → If that is not meant, give each of them a profile of his own: write {user} there.")
    assert not [line for line in checked.of("map") if line.startswith("✗")]


def test_users_whom_a_template_makes_one_are_not_meant_to_be(config):
    config.set_map("/(.).*/ research all-{1}\n")
    run("useradd", "--uid", "12091", "anna")
    try:
        assert "✗ map: 2 users are one user profile, 'all-a' of domain research" in Checked(WITHOUT_AWS).text
    finally:
        run("userdel", "anna")


def test_users_of_a_directory_that_lists_them_are_among_them(config, directory):
    config.set_map(EACH_HIS_OWN + "tanaka research tanaka\nsuzuki research TANAKA\n")
    assert "✗ map: 2 users are one user profile" in Checked(WITHOUT_AWS).text


def test_a_directory_that_hangs_delays_check_and_does_not_stop_it(config, desktop, directory):
    with directory.misbehaving("getpwent hang helper"):
        checked = Checked(WITHOUT_AWS)
    assert the_one(checked.of("map"), "!").startswith(
        "! map: The list of this host's users did not come to its end in time: only the first ")
    assert checked.of("pam") and checked.of("imds-exposure")


def test_a_user_may_be_named_by_his_uid(config):
    assert Checked(str(ALICE), WITHOUT_AWS).of("user") == Checked("alice", WITHOUT_AWS).of("user")
    (line,) = Checked("4000000000", WITHOUT_AWS).of("user")
    assert line == "✗ user: This user gets no link: there is no account '4000000000' on this host."


def test_a_user_is_told_with_rule_domain_and_profile(config):
    assert Checked("alice", WITHOUT_AWS).of("user") == [
        "✓ user: alice is user profile 'alice' of domain research, by users.map:1."]


@pytest.mark.parametrize("user, beginning", [
    ("bob", "! user: bob is nobody in Studio: no rule is for him.\n  → Add a rule for him to users.map"),
    ("svc-backup", "! user: svc-backup is nobody in Studio: users.map:2 says so."),
    ("daemon", "✗ user: This user gets no link: 'daemon' (uid 1) is an account of the system, and no person's"),
    ("mallory", "✗ user: This user gets no link: there is no account 'mallory' on this host."),
])
def test_a_user_without_a_profile_is_told_why(config, user, beginning):
    config.set_map("alice research alice\nsvc-backup -\n")
    (line,) = Checked(user, WITHOUT_AWS).of("user")
    assert line.startswith(beginning)


def test_all_users_are_listed_for_people_and_for_programs(config):
    config.set_map("alice research alice-tanaka\nsvc-backup -\n")
    assert Checked("--all-users", WITHOUT_AWS).of("user") == [
        "✓ user: alice is user profile 'alice-tanaka' of domain research, by users.map:1."]
    users = {user["user"]: user for user in report_of("--all-users", WITHOUT_AWS)["users"]}
    assert users["alice"]["user_profile_name"] == "alice-tanaka" and users["alice"]["uid"] == ALICE
    assert (users["svc-backup"]["mapping"], users["bob"]["mapping"]) == ("excluded", "no-rule")


# ---- PAM -------------------------------------------------------------------------------------------------------------


def test_the_module_in_no_stack_is_critical(config):
    checked = Checked(WITHOUT_AWS)
    (line,) = checked.of("pam")
    assert line.startswith("✗ pam: The module is in no session stack (looked at: ")
    assert "\n  → Run: `pam-auth-update --enable aws-sagemaker-studio`." in line


def test_the_module_as_it_should_be_is_good(config, desktop):
    (line,) = Checked(WITHOUT_AWS).of("pam")
    assert line.startswith("✓ pam: The module is in the session stacks of lightdm")


def test_the_module_before_pam_systemd_is_a_warning(config, desktop):
    desktop.write_text(OURS + "session optional pam_systemd.so\n")
    assert the_one(Checked(WITHOUT_AWS).of("pam"), "!").startswith(
        f"! pam: In {desktop}:1 the module is before pam_systemd.so ({desktop}:2), and $XDG_RUNTIME_DIR is not there yet")


def test_a_module_that_can_end_a_login_is_critical(config, desktop):
    desktop.write_text(OURS.replace("optional", "required"))
    checked = Checked(WITHOUT_AWS)
    assert the_one(checked.of("pam"), "✗").startswith(f"✗ pam: In {desktop}:1 the control is required. It must be optional, ")
    assert checked.status == 2


def test_what_pam_auth_update_makes_is_good(config):
    if not shutil.which("pam-auth-update"):
        pytest.skip("Debian's")
    kept = {path: path.read_text() for path in PAM_FOLDER.glob("common-*")}
    run("pam-auth-update", "--enable", "aws-sagemaker-studio", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    lines = Checked(WITHOUT_AWS).of("pam")
    for path, text in kept.items():
        path.write_text(text)
    assert len(lines) == 1 and lines[0].startswith("✓ pam: The module is in the session stacks of ")


# ---- the helper ------------------------------------------------------------------------------------------------------


def test_a_host_whose_helper_serves_nobody_is_a_warning(config):
    (line,) = Checked(WITHOUT_AWS).of("service")
    assert line.startswith(f"! service: Logins start a helper each, but clicks get no link: there is no helper at {SOCKET}.\n")
    assert report_of(WITHOUT_AWS)["stats"] is None


def test_a_helper_that_answers_is_good_and_its_figures_are_for_programs(config, helper):
    (line,) = Checked(WITHOUT_AWS).of("service")
    assert line.startswith("✓ service: The helper answers; up for ")
    stats = report_of(WITHOUT_AWS)["stats"]
    told = json.loads(run(LAUNCHER, "stats", "--json").stdout)
    assert stats.keys() == told.keys()
    assert (stats["links_made"], stats["failed_by_code"], stats["outages"]) == (0, {}, [])


def test_a_helper_that_hangs_is_critical_and_check_goes_on(config, helper):
    helper.send_signal(signal.SIGSTOP)
    checked = Checked(WITHOUT_AWS)
    (line,) = checked.of("service")
    assert line.startswith("✗ service: The helper does not say how it is: the helper did not answer in time.\n  → See its log")
    assert checked.of("imds-exposure")


def test_an_outage_that_the_helper_remembers_is_critical(config, helper, aws):
    aws.misbehave("api-connect", "refuse")
    for _ in range(3):
        run(LAUNCHER, "url", "--socket", str(SOCKET), user="alice")
    aws.behave()
    line = the_one(Checked(WITHOUT_AWS).of("service"), "✗")
    assert " has not answered the helper for " in line


# ---- who reaches the metadata service --------------------------------------------------------------------------------

TRIED_AS = (65534, ALICE)  # nobody, and one person


def test_a_metadata_service_that_users_reach_is_critical(config, aws):
    checked = Checked("alice", WITHOUT_AWS)
    assert checked.of("imds-exposure") == [
        f"✗ imds-exposure: Any user of this host can ask the metadata service at {aws.imds_url} (uid {uid} did) for the "
        "keys of the role studio-desktop-host, and make anybody's link with them.\n"
        "  → Run: `systemctl enable --now sagemaker-studio-imds-guard.service`." for uid in TRIED_AS]
    assert checked.status == 2


def test_without_a_role_there_is_nothing_to_get_yet(config, aws):
    aws.misbehave("imds-role", "no-role")
    lines = Checked(WITHOUT_AWS).of("imds-exposure")
    assert len(lines) == len(TRIED_AS)
    assert all(line.startswith(f"! imds-exposure: Any user of this host can ask the metadata service at {aws.imds_url} (uid ")
               and "This instance has no role" in line for line in lines)


@pytest.mark.expect_violations  # version 1 is tried, too
def test_a_metadata_service_that_is_switched_off_gives_nobody_anything(config, aws):
    aws.misbehave("imds-token", "status", status=403)
    assert Checked(WITHOUT_AWS).of("imds-exposure")[0] == (
        f"✓ imds-exposure: Uid 65534 gets no token from the metadata service at {aws.imds_url}: HTTP status 403.")


@pytest.mark.parametrize("trouble, why", [("silent", "Connection timed out"), ("refuse", "Connection refused")])
def test_a_metadata_service_that_takes_no_connection_is_blocked(config, aws, trouble, why):
    aws.misbehave("imds-connect", trouble)
    assert Checked("alice", WITHOUT_AWS).of("imds-exposure") == [
        f"✓ imds-exposure: Uid {uid} cannot reach the metadata service at {aws.imds_url}: {why}." for uid in TRIED_AS]


@contextlib.contextmanager
def metadata_service(answer: Callable[[str], bytes], hang_up: bool = True) -> Iterator[str]:
    """One of our own, which answers each request line."""
    server = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                request = connection.recv(4096).decode()
                connection.sendall(answer(request.splitlines()[0]))
                if hang_up:
                    connection.close()
                else:
                    kept.append(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()
        for connection in kept:
            connection.close()


def reply(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def exposure_at(config: StudioConfig, endpoint: str) -> list[str]:
    config.set_credentials(ec2_metadata_service_endpoint=endpoint)
    return Checked("alice", WITHOUT_AWS).of("imds-exposure")


def assert_open(lines: list[str]) -> None:
    assert len(lines) == len(TRIED_AS)
    assert all(line.startswith("✗ imds-exposure: ") and "the keys of the role a-role," in line for line in lines), lines


@pytest.mark.parametrize("hang_up", [True, False])
def test_a_metadata_service_that_takes_connections_never_passes_for_blocked(config, hang_up):
    with metadata_service(lambda line: b"", hang_up) as endpoint:
        assert exposure_at(config, endpoint) == [
            f"! imds-exposure: Whether uid {uid} can reach the metadata service at {endpoint} was not found out: it takes "
            "connections, but does not answer in HTTP.\n  → Try it as that user, with curl(1)." for uid in TRIED_AS]


def test_version_1_of_the_service_is_open_where_version_2_gives_no_token(config):
    with metadata_service(lambda line: reply("403 Forbidden", "") if line.startswith("PUT") else
                          reply("200 OK", "a-role")) as endpoint:
        assert_open(exposure_at(config, endpoint))


def test_a_metadata_service_that_does_not_hang_up_is_open_all_the_same(config):
    with metadata_service(lambda line: reply("200 OK", "t0ken" if line.startswith("PUT") else "a-role"),
                          hang_up=False) as endpoint:
        assert_open(exposure_at(config, endpoint))


def test_what_the_service_says_cannot_steer_the_terminal(config, aws):
    aws.misbehave("imds-role", "status", status=200, body=b"\x1b[2Jrole\r\nX")
    assert all("for the keys of the role (its name was not given), and" in line
               for line in Checked(WITHOUT_AWS).of("imds-exposure"))


def test_only_root_can_try_it_as_somebody_else(aws, tmp_path_factory):
    """alice, with a configuration of her own, tries it as herself."""
    folder = Path("/home/alice/etc")
    config = StudioConfig(folder, aws)
    for path in [folder, *folder.iterdir()]:
        os.chown(path, ALICE, ALICE)
    done = run("setpriv", "--reuid", "alice", "--regid", "alice", "--clear-groups",
               "/usr/libexec/sagemaker-studio/sagemaker-studio-helper", "--config-dir", str(config.folder), "check",
               WITHOUT_AWS)
    shutil.rmtree(folder)
    exposure = [line for line in done.stdout.splitlines() if " imds-exposure: " in line]
    assert exposure == [f"✗ imds-exposure: Any user of this host can ask the metadata service at {aws.imds_url} (uid "
                        f"{ALICE} did) for the keys of the role studio-desktop-host, and make anybody's link with them."]


# ---- secrets, and where it runs --------------------------------------------------------------------------------------


def test_no_secret_is_printed_anywhere(config, desktop, helper, aws):
    for checked in (Checked("alice"), Checked("--json", "--all-users")):
        printed = checked.text + checked.errors
        assert not [secret for secret in aws.secrets if secret[:12] in printed]


@pytest.mark.parametrize("where", [">&-", ">/dev/full", "| true"])
@pytest.mark.parametrize("words", ["--json", "", "--config-only", "--explain alice"])
def test_what_could_not_be_printed_is_never_good(config, where, words):
    for _ in range(3):  # a reader that has gone is met sooner or later
        done = run("bash", "-c", f"set -o pipefail; {LAUNCHER} check {words or WITHOUT_AWS} {where}")
        if done.returncode == 2:
            break
    assert done.returncode == 2 and "printed whole" in done.stderr


def test_the_help_names_every_option_for_the_completion(config):
    done = run(LAUNCHER, "check", "--help")
    assert done.returncode == 0
    assert {"--json", "--no-link", "--all-users", "--config-only", "--map", "--explain", "--socket"} <= set(
        re.findall(r"--[a-z][a-z-]*", done.stdout))
