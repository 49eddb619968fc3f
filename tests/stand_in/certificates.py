"""Certificates for the stand-in AWS, made with the openssl command: an authority, and servers that it vouches for.

Also the ones that no client may accept: from another authority, for another name, past their date.

SPDX-License-Identifier: MIT
"""

import subprocess
from pathlib import Path

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed:\n{done.stderr}")


def alternative_names(names: list[str]) -> str:
    return ",".join(("IP:" if name.replace(".", "").isdigit() else "DNS:") + name for name in names)


class Authority:
    """A certificate authority in a folder: NAME.pem is for clients to trust, NAME.key signs."""

    def __init__(self, folder: Path, name: str = "ca"):
        self.folder = folder
        self.certificate = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"
        openssl("req", "-x509", *NEW_KEY, "-days", "30", "-subj", f"/CN=Stand-in AWS {name}",
                "-keyout", self.key, "-out", self.certificate, "-addext", "keyUsage=critical,keyCertSign")

    def server_certificate(self, file_name: str, names: list[str], days: int = 30) -> Path:
        """A file with certificate and key for these names; negative days: it has expired."""
        result = self.folder / file_name
        parts = [result.with_suffix(f".{kind}") for kind in ("csr", "key", "crt", "ext")]
        request, key, certificate, extensions = parts
        extensions.write_text(f"subjectAltName={alternative_names(names)}\nbasicConstraints=CA:false\n"
                              "extendedKeyUsage=serverAuth\n")
        openssl("req", "-new", *NEW_KEY, "-subj", f"/CN={names[0]}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", str(days),
                "-extfile", extensions, "-out", certificate)
        result.write_text(certificate.read_text() + key.read_text())
        for part in parts:
            part.unlink()
        return result
