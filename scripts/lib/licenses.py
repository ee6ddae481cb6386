"""Prints the licences of everything that is linked into the binary for a platform, each text once.

    licenses.py PLATFORM

Fails when a crate names no licence. Which licences may be there at all is deny.toml's to say.
"""

import hashlib
import json
import pathlib
import re
import subprocess
import sys

TEXTS = re.compile(r'^(licen[cs]e|copying|copyright|notice|unlicense)', re.IGNORECASE)
# Rust, and what C code a crate brings along.
SOURCES = {'.rs', '.c', '.h', '.py', '.go', '.pl', '.toml', '.html'}
RULE = '=' * 100


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked(platform):
    """Name and version of every crate in the binary, without ours."""
    tree = run(
        'cargo', 'tree', '--locked', '--package', 'doorward-server', '--edges', 'normal', '--target', platform,
        '--prefix', 'none', '--format', '{p}',
    )
    found = set()
    for line in tree.splitlines():
        # Ours come with a path. A macro is not linked, but its licence does no harm here.
        name, version, *rest = line.replace(' (*)', '').split()
        if not any(word.startswith('(/') for word in rest):
            found.add((name, version.removeprefix('v')))
    return found


def texts(folder):
    """The licence files of a crate, those of the C library in it included."""
    for path in sorted(folder.rglob('*')):
        deep = len(path.relative_to(folder).parts)
        if deep <= 4 and path.is_file() and TEXTS.match(path.name) and path.suffix not in SOURCES:
            yield path.read_text(errors='replace').replace('\r\n', '\n').strip()


def main(platform):
    packages = {
        (package['name'], package['version']): package
        for package in json.loads(run('cargo', 'metadata', '--locked', '--format-version', '1'))['packages']
    }
    by_text = {}
    without = []
    print('doorward contains these works, each under the licence that stands behind it.\n')
    for crate in sorted(linked(platform)):
        package = packages[crate]
        licence = package['license'] or sys.exit(f'{crate} names no licence')
        source = package['repository'] or ''
        print(f'{crate[0]} {crate[1]}: {licence}  {source}'.rstrip())
        found = list(texts(pathlib.Path(package['manifest_path']).parent))
        for text in found:
            key = hashlib.sha256(' '.join(text.split()).encode()).digest()
            by_text.setdefault(key, (text, {}))[1][f'{crate[0]} {crate[1]}'] = True
        if not found:
            without.append((crate, licence, package['authors']))
    print("Rust's standard library: MIT OR Apache-2.0  https://github.com/rust-lang/rust")
    print('musl: MIT  https://musl.libc.org')
    print('SQLite: in the public domain  https://www.sqlite.org')
    if without:
        print('\nThese bring no text of their own; the licence is the one named above:')
        for (name, version), licence, authors in without:
            print(f'{name} {version}, by {", ".join(authors) or "its contributors"}: {licence}')
    for text, crates in by_text.values():
        print(f'\n{RULE}\n{", ".join(crates)}\n{RULE}\n\n{text}')


main(sys.argv[1])
