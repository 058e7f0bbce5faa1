#!/usr/bin/env python3
"""Fetch the third-party files the pages use, at pinned versions, from the npm registry that npm is set up with.

    python3 static/vendor/fetch.py            fetch what is missing or differs
    python3 static/vendor/fetch.py --check    change nothing; exit 1 if a file is not the pinned one

A package is taken only if the SHA-512 of its archive is the one written here. The files are kept in the repository,
so that running Sortie needs neither npm nor the network.
"""

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Package:
    """`files` maps members of the archive to places in the repository; `sha512` is npm's integrity, base64.

    `said_in` names the file that says what the others are.
    """

    name: str
    version: str
    sha512: str
    licence: str
    to: str
    files: dict[str, str]
    said_in: str = "VERSION"


# What noVNC's core/rfb.js imports, and what that imports.
NOVNC = """
core: base64 deflator display encodings inflator ra2 rfb websock
core/crypto: aes bigint crypto des dh md5 rsa
core/decoders: copyrect h264 hextile jpeg raw rre tight tightpng zlib zrle
core/input: domkeytable fixedkeys gesturehandler keyboard keysym keysymdef util vkeys xtscancodes
core/util: browser cursor element events eventtarget int logging strings
vendor/pako/lib/utils: common
vendor/pako/lib/zlib: adler32 constants crc32 deflate gzheader inffast inflate inftrees messages trees zstream
"""

PACKAGES = [
    Package(
        "media-chrome",
        "4.19.4",
        "QAL48kT03+InLijPzXN1end9fcsl0/l53j1laCfbt/79vF2iZ45dovv4wQMw2q9zOLEiDwWsB718NJPhtZUBDg==",
        "MIT",
        "static/vendor/media-chrome",
        {"dist/iife/index.js": "media-chrome.js", "LICENSE": "LICENSE"},
    ),
    Package(
        "@novnc/novnc",
        "1.7.0",
        "ucEJOx4T2avIRCleodk7YobZj5O2Ga2AeLfQ69A/yjG9HHba2+PDgwSkN3FttrmG+70ZGx21sElNFouK13RzyA==",
        "MPL-2.0",
        "static/vendor/novnc",
        {
            **{
                f"{folder}/{name}.js": f"{folder}/{name}.js"
                for folder, names in (line.split(": ") for line in NOVNC.strip().splitlines())
                for name in names.split()
            },
            "LICENSE.txt": "LICENSE",
            "docs/LICENSE.MPL-2.0": "LICENSE.MPL-2.0",
        },
    ),
    Package(
        "@fontsource/jetbrains-mono",
        "5.3.0",
        "fqDfB5I9f1p1TV486aUgB9t8zP84P0O1FtQR5Ol9vjwPy+S+EIGlVYm1cvj2W5shcZMTg2nZFdVMoH5wFu8a1A==",
        "OFL-1.1",
        "static/vendor/jetbrains-mono",
        {
            "files/jetbrains-mono-latin-400-normal.woff2": "jetbrains-mono-latin-400-normal.woff2",
            "LICENSE": "LICENSE",
        },
    ),
    # Whole fonts without ligatures, to draw terminals with; the licence is that of the fonts above.
    Package(
        "jetbrains-mono",
        "1.0.6",
        "nVHwukZwQHKEQ3ZP1qlXFyFoUyBnonwrqLQf/ZlsoDPgTHm7T0EL0m1KJQ9U4ghu4emYuSR21uqmZalzNvvoUA==",
        "OFL-1.1",
        "static/vendor/jetbrains-mono",
        {
            f"fonts/webfonts/JetBrainsMonoNL-{style}.woff2": f"JetBrainsMonoNL-{style}.woff2"
            for style in ("Regular", "Bold", "Italic", "BoldItalic")
        },
        said_in="VERSION-NL",
    ),
    Package(
        "asciinema-player",
        "3.17.0",
        "JbjNJmA2TLIeYNaOEja+kVSzXadKoqpIzVVmfBGNj2DmdtE/vExBCnkE8NYEcpaQcDvUYg8Ltt0urT80frACmw==",
        "Apache-2.0",
        "static/vendor/asciinema-player",
        {
            "dist/bundle/asciinema-player.min.js": "asciinema-player.min.js",
            "dist/bundle/asciinema-player.css": "asciinema-player.css",
            "LICENSE": "LICENSE",
        },
    ),
    Package(
        "axe-core",
        "4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        "MPL-2.0",
        "tests/browser/vendor/axe-core",
        {"axe.min.js": "axe.min.js", "LICENSE": "LICENSE"},
    ),
]


def archive(package: Package) -> tarfile.TarFile:
    """The package as published. Exits if it is not the pinned one."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"{package.name}@{package.version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        packed = next(Path(folder).glob("*.tgz")).read_bytes()
    found = b64encode(hashlib.sha512(packed).digest()).decode()
    if found != package.sha512:
        sys.exit(f"{package.name}@{package.version} has SHA-512 {found}, not {package.sha512}: not taken.")
    return tarfile.open(fileobj=io.BytesIO(packed))


def contents(package: Package) -> dict[Path, bytes]:
    """The files to keep, with one more that says what they are."""
    folder = ROOT / package.to
    files = {folder / package.said_in: f"{package.name} {package.version} ({package.licence})\n".encode()}
    with archive(package) as tar:
        for member, name in package.files.items():
            source = tar.extractfile(f"package/{member}")
            if source is None:
                sys.exit(f"{package.name}@{package.version} has no file {member}.")
            files[folder / name] = source.read().replace(b"//# sourceMappingURL=index.js.map\n", b"")
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, fail if something differs")
    check = parser.parse_args().check
    differing = [
        (path, data)
        for package in PACKAGES
        for path, data in contents(package).items()
        if not path.is_file() or path.read_bytes() != data
    ]
    for path, data in differing:
        print(path.relative_to(ROOT))
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    if check and differing:
        sys.exit(1)


if __name__ == "__main__":
    main()
