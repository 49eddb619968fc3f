"""What desktops and shells read: the desktop entries, the icon, the completion, as they are installed.

SPDX-License-Identifier: MIT
"""

import configparser
import os
import re
import shlex
import shutil
import stat
import struct
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

SOURCE = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BUILD", SOURCE / "build")).resolve()
LANGUAGES = ["de", "es", "fr", "it", "ja", "ko", "pt_BR", "zh_CN"]
PREFIX = "/opt/studio"
PATIENCE = 30


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Below the prefix that the programs were built for, which is where make puts things when it is told nothing."""
    root = tmp_path_factory.mktemp("desktop")
    subprocess.run(["make", "--silent", "-C", SOURCE, f"BUILD={BUILD}", f"DESTDIR={root}", "install"], check=True)
    return root


def the_one(root: Path, pattern: str) -> Path:
    found = list(root.glob(pattern))
    assert len(found) == 1, found
    return found[0]


@pytest.fixture(scope="module")
def entry_path(installed: Path) -> Path:
    return the_one(installed, "**/share/applications/sagemaker-studio.desktop")


@pytest.fixture(scope="module")
def autostart_path(installed: Path) -> Path:
    return the_one(installed, "**/xdg/autostart/sagemaker-studio.desktop")


@pytest.fixture(scope="module")
def launcher(installed: Path) -> Path:
    return the_one(installed, "**/bin/sagemaker-studio")


def read(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#", strict=True)
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    return parser


@pytest.fixture(scope="module")
def entry(entry_path: Path) -> configparser.ConfigParser:
    return read(entry_path)


def groups_with_exec(parser: configparser.ConfigParser) -> list[str]:
    return [group for group in parser.sections() if "Exec" in parser[group]]


# ---- the entries -----------------------------------------------------------------------------------------------------

@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="desktop-file-utils is not installed")
def test_desktops_find_no_fault_with_the_entries(entry_path: Path, autostart_path: Path):
    for path in (entry_path, autostart_path):
        done = subprocess.run(["desktop-file-validate", path], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "")


def test_the_entry_is_one_that_gnome_and_xfce_start(entry_path: Path):
    """Executable for GNOME, and nobody but its owner can change it."""
    assert stat.S_IMODE(entry_path.stat().st_mode) == 0o755


def test_the_entry_starts_the_launcher_by_its_installed_path(entry, launcher: Path, installed: Path):
    path = "/" + str(launcher.relative_to(installed))
    for group in groups_with_exec(entry):
        assert shlex.split(entry[group]["Exec"])[0] == path
    assert shlex.split(entry["Desktop Entry"]["Exec"]) == [path, "open"]


def test_the_session_starts_the_launcher_by_its_installed_path(autostart_path: Path, launcher: Path, installed: Path):
    autostart = read(autostart_path)["Desktop Entry"]
    assert shlex.split(autostart["Exec"]) == ["/" + str(launcher.relative_to(installed)), "autostart"]


def test_every_desktop_reads_the_autostart_entry_and_no_menu_shows_it(autostart_path: Path):
    autostart = read(autostart_path)["Desktop Entry"]
    assert autostart["NoDisplay"] == "true"
    assert not {"OnlyShowIn", "NotShowIn", "Hidden", "TryExec"} & set(autostart)


def test_every_subcommand_that_the_entry_names_is_one(entry, launcher: Path):
    for group in groups_with_exec(entry):
        words = shlex.split(entry[group]["Exec"])[1:]
        shown = subprocess.run([launcher, words[0], "--help"], capture_output=True, text=True, timeout=PATIENCE)
        assert shown.returncode == 0
        assert all(word in shown.stdout for word in words if word.startswith("--")), group


def test_every_action_is_declared_and_has_a_name_in_each_language(entry):
    declared = entry["Desktop Entry"]["Actions"].rstrip(";").split(";")
    assert [f"Desktop Action {name}" for name in declared] == [group for group in entry.sections()
                                                               if group.startswith("Desktop Action ")]
    for name in declared:
        names = [entry[f"Desktop Action {name}"][key] for key in ["Name", *(f"Name[{word}]" for word in LANGUAGES)]]
        assert all(names) and len(set(names)) > len(LANGUAGES) // 2, "copied, not translated"


@pytest.mark.parametrize("key", ["Comment", "GenericName"])
def test_the_entry_speaks_several_languages(entry, key: str):
    texts = [entry["Desktop Entry"][name] for name in [key, *(f"{key}[{language}]" for language in LANGUAGES)]]
    assert len(set(texts)) == len(texts)


def test_the_manual_says_which_landing_uris_the_actions_need(entry):
    manual = (SOURCE / "man/sagemaker-studio.conf.5").read_text()
    named = [shlex.split(entry[group]["Exec"])[3] for group in groups_with_exec(entry)
             if "--landing-uri" in entry[group]["Exec"]]
    assert len(named) == 4
    assert all(uri in manual for uri in named)


def test_landing_uris_of_the_actions_are_ones_that_the_settings_allow(entry, tmp_path: Path):
    """sagemaker-studio.conf(5) refuses what could lead to another host."""
    named = [shlex.split(entry[group]["Exec"])[3] for group in groups_with_exec(entry)
             if "--landing-uri" in entry[group]["Exec"]]
    (tmp_path / "studio.conf").write_text(f"[domain research]\ndomain_id = d-abcdefghij12\n"
                                          f"landing_uris = {' '.join(named)}\n")
    (tmp_path / "users.map").write_text("alice research alice\n")
    tmp_path.chmod(0o755)
    done = subprocess.run([BUILD / "sagemaker-studio-helper", "--config-dir", tmp_path, "check", "--config-only"],
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- the icon --------------------------------------------------------------------------------------------------------

def test_the_icon_that_the_entry_names_is_where_themes_look(entry, installed: Path):
    path = the_one(installed, "**/share/icons/hicolor/scalable/apps/*.svg")
    assert path.stem == entry["Desktop Entry"]["Icon"]
    assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


RENDERERS = {
    "rsvg-convert": ["rsvg-convert", "-w", "{size}", "-o", "{png}", "{svg}"],
    "gdk-pixbuf-thumbnailer": ["gdk-pixbuf-thumbnailer", "-s", "{size}", "{svg}", "{png}"],
}


def png_size(path: Path) -> tuple[int, int]:
    return struct.unpack(">II", path.read_bytes()[16:24])


@pytest.mark.parametrize("size", [16, 48, 256])
def test_the_icon_can_be_drawn(installed: Path, tmp_path: Path, size: int):
    renderer = next((command for name, command in RENDERERS.items() if shutil.which(name)), None)
    if renderer is None:
        pytest.skip("neither librsvg2-bin nor libgdk-pixbuf2.0-bin is installed")
    svg, png = the_one(installed, "**/hicolor/scalable/apps/*.svg"), tmp_path / "icon.png"
    subprocess.run([word.format(size=size, svg=svg, png=png) for word in renderer], check=True, timeout=PATIENCE)
    assert png_size(png) == (size, size)


# ---- completion ------------------------------------------------------------------------------------------------------

# What a shell does at a press of the tabulator: the function that `complete` names, called with the words so far.
COMPLETE = """
source /usr/share/bash-completion/bash_completion
source "$COMPLETION"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
_sagemaker_studio "$1" "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def complete(installed: Path, launcher: Path):
    if not Path("/usr/share/bash-completion/bash_completion").exists():
        pytest.skip("bash-completion is not installed")
    completion = the_one(installed, "**/bash-completion/completions/sagemaker-studio")

    def run(*words: str) -> set[str]:
        done = subprocess.run(["bash", "--norc", "-c", COMPLETE, "bash", launcher, *words], text=True,
                              capture_output=True, timeout=PATIENCE, cwd=installed,
                              env={"COMPLETION": str(completion), "PATH": os.environ["PATH"]})
        assert (done.returncode, done.stderr) == (0, "")
        return set(done.stdout.split())

    return run


def test_subcommands_are_completed(complete):
    assert {"open", "url", "status", "autostart", "check"} <= complete("")
    assert not {"session-write", "session-clear"} & complete("")
    assert complete("au") == {"autostart"}
    assert complete("--v") == {"--version"}


@pytest.mark.parametrize("subcommand", ["open", "url", "status", "autostart"])
def test_all_options_that_help_names_are_completed_and_no_others(complete, launcher: Path, subcommand: str):
    shown = subprocess.run([launcher, subcommand, "--help"], capture_output=True, text=True, timeout=PATIENCE).stdout
    assert complete(subcommand, "--") == {*re.findall(r"--[a-z][a-z-]*", shown), "--help"}


def test_an_option_is_completed_from_its_first_letters(complete):
    assert complete("autostart", "--res") == {"--restore-icon"}
    assert complete("status", "--j") == {"--json"}


def test_paths_are_completed_after_options_that_take_one(complete, installed: Path):
    (installed / "a-socket").touch()
    assert complete("url", "--socket", "a-so") == {"a-socket"}


def test_landing_uris_are_completed_beyond_their_colons(complete):
    """Bash itself takes a colon for the end of a word; only what follows the last one is inserted then."""
    assert complete("open", "--landing-uri", "app:C") == {"Canvas:"}
    assert "studio::jupyterlab" in complete("open", "--landing-uri", "")


def test_users_are_completed_for_check(complete):
    assert "root" in complete("check", "roo")


def test_the_prefix_reaches_every_file(tmp_path: Path):
    """make -n: what would be done; the programs themselves are not built again for it."""
    done = subprocess.run(["make", "--dry-run", "-C", SOURCE, f"BUILD={tmp_path}", f"PREFIX={PREFIX}", "install"],
                          capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert f"{PREFIX}/share/applications/sagemaker-studio.desktop" in done.stdout
    assert f"{PREFIX}/bin/sagemaker-studio,g" in done.stdout
