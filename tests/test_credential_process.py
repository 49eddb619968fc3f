"""A program that prints the host's own keys: what a user and an administrator notice of it, whatever it does.

The program is sh(1), which root owns on every host, with a script of the test's.

SPDX-License-Identifier: MIT
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helper_daemon import HelperDaemon
from login_host import inside_sandbox
from stand_in.issued_keys import IssuedKeys
from stand_in_aws import StandInAws
from studio_config import StudioConfig

PLENTY_MS = 20000
AT_ONCE = 16
PATIENCE = 20  # seconds

StartHelper = Callable[[], HelperDaemon]
SetScript = Callable[[str], None]
only_in_sandbox = pytest.mark.skipif(not inside_sandbox() or os.geteuid() != 0,
                                     reason="needs a folder that is root's, down from /")


def document(keys: IssuedKeys, **more: object) -> str:
    fields = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key,
              "SessionToken": keys.session_token,
              "Expiration": keys.expires_at and keys.expires_at.isoformat() + "Z", **more}
    return json.dumps({name: value for name, value in fields.items() if value is not None})


@pytest.fixture
def notes(folder: Path) -> Path:
    """Where the script may write what a test is to know, as the service account."""
    path = folder / "notes"
    path.touch()
    path.chmod(0o666)
    return path


@pytest.fixture
def set_script(config: StudioConfig, notes: Path) -> SetScript:
    """The script's text, and its settings; "$NOTES" in it is the file that it may write to."""

    def set_to(text: str) -> None:
        script = config.write("keys.sh", text.replace("$NOTES", str(notes)) + "\n")
        config.set_credentials(source="process", credential_process=f"/bin/sh '{script}'")

    return set_to


def printing(text: str) -> str:
    return f"cat <<'END'\n{text}\nEND"


def ask(helper: HelperDaemon) -> dict[str, str]:
    return helper.ask(budget_ms=PLENTY_MS)


def refusal(helper: HelperDaemon) -> str:
    """No link, and what the log says of it."""
    before = len(helper.lines_with("code=credentials"))
    answer = ask(helper)
    assert (answer["status"], answer["code"]) == ("error", "credentials"), answer
    return helper.wait_for("code=credentials", before + 1)[-1]


def is_running(word: str) -> bool:
    """Has any process this word among its arguments?"""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes().split(b"\0"):
                return True
        except OSError:
            pass  # it has ended
    return False


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.005)


# ---- it works --------------------------------------------------------------------------------------------------------


def test_keys_without_an_end_are_asked_for_once(
        start_helper: StartHelper, set_script: SetScript, notes: Path, aws: StandInAws) -> None:
    set_script("echo run >>$NOTES\n" + printing(document(aws.long_lived_keys())))
    helper = start_helper()
    for _ in range(5):
        assert ask(helper)["status"] == "ok"
    assert notes.read_text() == "run\n"
    assert aws.requests[-1].caller.endswith(":user/studio-desktop")
    assert aws.imds.connections == 0


def test_all_who_wait_are_served_by_one_run(
        start_helper: StartHelper, set_script: SetScript, notes: Path, aws: StandInAws) -> None:
    set_script("echo run >>$NOTES\nsleep 0.2\n" + printing(document(aws.temporary_keys(3600))))
    helper = start_helper()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: ask(helper)["status"], range(AT_ONCE)))
    assert answers == ["ok"] * AT_ONCE
    assert notes.read_text() == "run\n"


def test_keys_near_their_end_are_asked_for_anew(
        start_helper: StartHelper, set_script: SetScript, notes: Path, aws: StandInAws) -> None:
    set_script("echo run >>$NOTES\n" + printing(document(aws.temporary_keys(240))))
    helper = start_helper()
    assert ask(helper)["status"] == ask(helper)["status"] == "ok"
    assert notes.read_text() == "run\nrun\n"


@pytest.mark.expect_violations
def test_keys_that_aws_refuses_are_asked_for_anew_within_the_same_request(
        start_helper: StartHelper, config: StudioConfig, set_script: SetScript, aws: StandInAws) -> None:
    keys = aws.temporary_keys(3600)
    set_script(printing(document(keys)))
    helper = start_helper()
    assert ask(helper)["status"] == "ok"
    del aws.key_ring.keys[keys.access_key_id]
    config.write("keys.sh", printing(document(aws.temporary_keys(3600))) + "\n")
    assert ask(helper)["status"] == "ok"


def test_a_process_that_a_profile_names(
        start_helper: StartHelper, config: StudioConfig, notes: Path, aws: StandInAws) -> None:
    script = config.write("keys.sh", printing(document(aws.temporary_keys(3600))) + "\n")
    file = config.write("credentials", f"[profile anywhere]\ncredential_process = /bin/sh '{script}' --profile any\n")
    config.set_credentials(shared_credentials_file=file, profile="anywhere")
    assert ask(start_helper())["status"] == "ok"
    assert "/studio-desktop-elsewhere/" in aws.requests[-1].caller


def test_the_program_is_the_service_account_and_has_nothing_of_the_helpers(
        start_helper: StartHelper, set_script: SetScript, notes: Path, aws: StandInAws) -> None:
    set_script("{ id -un; env | sort; ls -l /proc/$$/fd | sed -n 's/.* \\([0-9]*\\) -> /\\1 /p' | sed 's/pipe:.*/pipe/'; "
               "pwd; } >$NOTES\n" + printing(document(aws.long_lived_keys())))
    helper = start_helper()
    assert ask(helper)["status"] == "ok"
    name, *rest = notes.read_text().splitlines()
    assert name == ("sagemaker-studio" if os.geteuid() == 0 else os.environ.get("USER", name))
    environment = [line for line in rest if "=" in line]
    assert environment == ["HOME=/", "LANG=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PWD=/"]
    # 10 is the script itself, as the shell has it open; 3 what it redirects its own output from.
    descriptors = {line.split()[0]: line.split()[1] for line in rest if line[0].isdigit()}
    assert descriptors["0"] == descriptors["2"] == "/dev/null"
    assert not [path for path in descriptors.values() if "socket:" in path or "anon_inode" in path]


# ---- it does not -----------------------------------------------------------------------------------------------------


def test_a_failure_is_logged_with_its_status_and_nothing_that_it_printed(
        start_helper: StartHelper, set_script: SetScript, aws: StandInAws) -> None:
    keys = aws.long_lived_keys()
    set_script(f"echo {keys.secret_access_key} >&2\n{printing(document(keys))}\nexit 3")
    helper = start_helper()
    line = refusal(helper)
    assert "The credential_process /bin/sh ended with status 3." in line
    assert keys.secret_access_key not in "\n".join(helper.stop())
    assert aws.count("api") == 0


@pytest.mark.parametrize("script, sentence", [
    (":", "printed nothing"),
    ("echo hello", "printed no JSON object"),
    ("echo '{\"Version\": \"1\"}'", "printed no Version that is the number 1"),
    ("echo '{\"Version\": 1}'", "printed no AccessKeyId"),
    ("kill -SEGV $$", "was ended by signal 11"),
    ("head -c 100000 /dev/zero", "printed more than 65536 bytes"),
])
def test_each_failure_has_its_sentence(
        start_helper: StartHelper, set_script: SetScript, aws: StandInAws, script: str, sentence: str) -> None:
    set_script(script)
    assert f"The credential_process /bin/sh {sentence}" in refusal(start_helper())


def test_keys_that_have_expired_are_not_used(
        start_helper: StartHelper, set_script: SetScript, aws: StandInAws) -> None:
    set_script(printing(document(aws.temporary_keys(-60))))
    assert "expired" in refusal(start_helper())
    assert aws.count("api") == 0


def test_a_failure_is_over_as_soon_as_the_program_works(
        start_helper: StartHelper, set_script: SetScript, aws: StandInAws) -> None:
    set_script("exit 1")
    helper = start_helper()
    refusal(helper)
    set_script(printing(document(aws.long_lived_keys())))
    assert ask(helper)["status"] == "ok"


def test_a_program_that_hangs_costs_a_login_its_budget_and_nobody_else_anything(
        start_helper: StartHelper, set_script: SetScript, aws: StandInAws) -> None:
    set_script("sleep 31415.92 &\nsleep 31415.92")
    helper = start_helper()
    answer = helper.ask(budget_ms=300)
    assert (answer["status"], answer["code"]) == ("error", "timeout")
    assert is_running("31415.92")
    assert helper.ask("whoami", budget_ms=PLENTY_MS)["status"] == "ok"


def test_a_program_that_hangs_holds_up_nobody_once_the_settings_name_another(
        start_helper: StartHelper, config: StudioConfig, set_script: SetScript, aws: StandInAws) -> None:
    set_script("sleep 16180.33 &\nsleep 16180.33")
    helper = start_helper()
    helper.ask(budget_ms=300)
    script = config.write("other.sh", printing(document(aws.long_lived_keys())) + "\n")
    config.set_credentials(source="process", credential_process=f"/bin/sh '{script}'")
    assert ask(helper)["status"] == "ok"
    assert is_running("16180.33")


def test_settings_that_change_leave_no_process_behind(
        start_helper: StartHelper, config: StudioConfig, set_script: SetScript, aws: StandInAws) -> None:
    set_script(printing(document(aws.temporary_keys(3600))))
    helper = start_helper()
    for number in range(4):
        config.set_credentials(source="process", profile=f"p{number}",
                               credential_process=f"/bin/sh '{config.folder / 'keys.sh'}'")
        assert ask(helper)["status"] == "ok"
    assert ask(helper)["status"] == "ok"
    pid = helper.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert [Path(f"/proc/{child}/comm").read_text() for child in children].count("credential-proc\n") == 1


def test_a_helper_that_ends_takes_the_program_with_it(start_helper: StartHelper, set_script: SetScript) -> None:
    set_script("sleep 27182.81 &\nsleep 27182.81")
    helper = start_helper()
    helper.ask(budget_ms=300)
    wait_until(lambda: is_running("27182.81"))
    helper.stop()
    wait_until(lambda: not is_running("27182.81"))


# ---- it may not be run -----------------------------------------------------------------------------------------------


@pytest.fixture
def trusted_folder() -> Iterator[Path]:
    path = Path("/usr/lib/studio-test")
    path.mkdir(mode=0o755)
    yield path
    shutil.rmtree(path)


@only_in_sandbox
def test_a_program_that_others_can_write_to_is_not_run(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws, trusted_folder: Path) -> None:
    program = trusted_folder / "keys"
    program.write_text("#!/bin/sh\n" + printing(document(aws.long_lived_keys())) + "\n")
    program.chmod(0o755)
    link = trusted_folder / "current"
    link.symlink_to("keys")
    config.set_credentials(source="process", credential_process=str(link))
    helper = start_helper()
    assert ask(helper)["status"] == "ok"
    program.chmod(0o757)
    config.set_credentials(source="process", credential_process=f"{link} again")
    assert f"The credential_process {link} is not run: {program} is writable by its group or by others" in (
        refusal(helper))
    program.chmod(0o755)
    os.chown(program, 12001, 0)
    assert f"{program} belongs to uid 12001" in refusal(helper)


def test_a_program_in_a_folder_of_everybodys_is_not_run(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    program = config.write("keys", "#!/bin/sh\n", mode=0o755)
    config.set_credentials(source="process", credential_process=str(program))
    assert "/tmp is writable by its group or by others" in refusal(start_helper())


def test_a_command_without_its_path_is_refused_with_the_settings(
        start_helper: StartHelper, config: StudioConfig, aws: StandInAws) -> None:
    config.set_credentials(source="process", credential_process="aws_signing_helper credential-process")
    helper = start_helper()
    assert ask(helper)["code"] == "config"
    helper.wait_for("expected the absolute path of a program")
