"""Packs the programs for Debian, PyPI and npm, and builds the image of a container.

What is said about them comes from Cargo.toml, and the same binaries give the same bytes.
"""

import argparse
import base64
import functools
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import textwrap
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CARGO = os.environ.get("CARGO", "cargo")

# What the machine of an ELF header is called by Rust and PEP 600, by Debian and by npm.
MACHINES = {62: ("x86_64", "amd64", "x64"), 183: ("aarch64", "arm64", "arm64")}

# What a wheel may link: the libraries that PEP 600 finds on every Linux.
EVERYWHERE = re.compile(r"(libc|libm|libdl|librt|libpthread|libgcc_s|ld-linux-[\w-]+)\.so\.\d+")


class Fault(Exception):
    """Why nothing is packed."""


def output(*command, **options):
    """What a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout.decode()


def cargo_metadata(*options):
    return json.loads(output(CARGO, "metadata", "--format-version=1", "--locked", *options, cwd=ROOT))


def epoch():
    """The time that archives bear: that of the last commit, unless SOURCE_DATE_EPOCH says another."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if not given:
        git = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, check=False)
        given = git.stdout.decode() if git.returncode == 0 else "0"
    # A zip archive knows no time before 1980.
    return max(int(given), 315532800)


def mode(path):
    return 0o755 if pathlib.PurePath(path).parent.name in ("bin", "scripts") else 0o644


def content(given):
    return given.encode() if isinstance(given, str) else given


class Release:
    """The binaries, stripped, and what Cargo.toml says about them."""

    def __init__(self, binaries, scratch):
        self.epoch = epoch()
        (self.about,) = cargo_metadata("--no-deps")["packages"]
        self.name, self.version = self.about["name"], self.about["version"]
        self.author = ", ".join(self.about["authors"])
        self.paths = {}
        for target in self.about["targets"]:
            if "bin" in target["kind"]:
                program = target["name"]
                self.paths[program] = scratch / program
                subprocess.run(["strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note",
                                "-o", self.paths[program], binaries / program], check=True)
        machines = {int.from_bytes(path.read_bytes()[18:20], "little") for path in self.paths.values()}
        if len(machines) != 1 or not machines <= MACHINES.keys():
            raise Fault(f"{binaries}: these are no programs for x86_64, and none for aarch64")
        self.machine, self.debian, self.npm = MACHINES[machines.pop()]

    def programs(self, directory):
        return {f"{directory}/{program}": path.read_bytes() for program, path in self.paths.items()}

    def run(self, program, *arguments):
        return output(self.paths[program], *arguments)

    def text(self, name):
        return (ROOT / name).read_text()

    def summary(self):
        """What README.md says before its first section, without the title and without marks."""
        paragraphs = self.text("README.md").partition("\n## ")[0].split("\n\n")[1:]
        return [re.sub(r"[`*]", "", paragraph).strip() for paragraph in paragraphs]

    @functools.cached_property
    def licenses(self):
        """What is linked, where it comes from, and its licenses, each text once."""
        metadata = cargo_metadata(f"--filter-platform={self.machine}-unknown-linux-gnu")
        crates = {crate["id"]: crate for crate in metadata["packages"]}
        needs = {node["id"]: [dep["pkg"] for dep in node["deps"] if any(not kind["kind"] for kind in dep["dep_kinds"])]
                 for node in metadata["resolve"]["nodes"]}
        linked, todo = set(), list(needs[metadata["resolve"]["root"]])
        while todo:
            crate = todo.pop()
            # A macro runs where the programs are built, and so does what it needs.
            if crate not in linked and not any("proc-macro" in target["kind"] for target in crates[crate]["targets"]):
                linked.add(crate)
                todo += needs[crate]
        linked = sorted((crates[crate] for crate in linked), key=lambda crate: (crate["name"], crate["version"]))
        found = {crate["id"]: license_texts(crate) for crate in linked}
        index, texts = "Rust's standard library: MIT OR Apache-2.0\n", {}
        for crate in linked:
            name = f"{crate['name']} {crate['version']}"
            # Of the crates of a repository not each may have brought its own.
            own = found[crate["id"]] or next(
                (found[other["id"]] for other in linked
                 if other["repository"] == crate["repository"] and other["license"] == crate["license"]
                 and found[other["id"]]), None)
            if not own:
                raise Fault(f"{name} comes without the text of its license: put it into packaging/licenses")
            index += f"{name}: {crate['license']}, {crate['repository']}\n"
            for text in own:
                texts.setdefault(text, []).append(name)
        texts = [f"\n{'-' * 79}\n{', '.join(names)}\n\n{text}\n" for text, names in texts.items()]
        return "".join(["What the programs are built from, and its licenses.\n\n", index, *texts])


def license_texts(crate):
    """What lies beside a crate's manifest, and what of ours says what it lacks."""
    files = [file for file in pathlib.Path(crate["manifest_path"]).parent.iterdir()
             if file.is_file() and re.match(r"(un)?licen[sc]e|copying|copyright|notice", file.name, re.I)]
    files += (ROOT / "packaging/licenses").glob(f"{crate['name']}.txt")
    return [file.read_text(errors="replace").strip() for file in sorted(files)]


def manual(release):
    """The pages of section 1: of each program, and of each command of the first."""
    main = release.run("roof-lint", "man")
    yield "roof-lint", main
    commands = re.findall(r"^roof\\-lint\\-([\w\\-]+)\(1\)$", main, re.M)
    for command in (command.replace("\\", "") for command in commands):
        if command != "help":
            yield f"roof-lint-{command}", release.run("roof-lint", "man", command)
    title, _, usage = release.run("roof-exec", "--help").partition("\n")
    title = title.removeprefix("roof-exec ").rstrip(".")
    usage = re.sub(r"^([.'])", r"\\&\1", usage.strip("\n").replace("\\", r"\e").replace("-", r"\-"), flags=re.M)
    yield "roof-exec", (f'.TH roof-exec 1 "" "roof-lint {release.version}"\n'
                        f".SH NAME\nroof\\-exec \\- {title}\n.SH DESCRIPTION\n.nf\n{usage}\n.fi\n")


def write(tree, files):
    for name, given in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content(given))


def deb(release, directory, scratch):
    """A package for Debian, which depends on what the programs link."""
    name, version = release.name, release.version.replace("-", "~")
    maintainer = release.author
    if "DEBEMAIL" in os.environ:
        maintainer = f"{os.environ.get('DEBFULLNAME', maintainer)} <{os.environ['DEBEMAIL']}>"
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(release.epoch))
    documents = f"usr/share/doc/{name}"
    compressed = {
        f"{documents}/changelog.gz": f"{name} ({version}) unstable; urgency=medium\n\n"
                                     f"  * See CHANGELOG.md.gz.\n\n -- {maintainer}  {day}\n",
        f"{documents}/CHANGELOG.md.gz": release.text("CHANGELOG.md"),
        f"{documents}/third-party-licenses.gz": release.licenses,
        **{f"usr/share/man/man1/{page}.1.gz": text for page, text in manual(release)},
    }
    files = {
        **release.programs("usr/bin"),
        **{path: gzip.compress(text.encode(), mtime=0) for path, text in compressed.items()},
        f"{documents}/copyright": release.text("LICENSE") +
                                  "\nThe licenses of what is linked are in third-party-licenses.gz.\n",
        f"usr/share/bash-completion/completions/{name}": release.run("roof-lint", "completions", "bash"),
        f"usr/share/zsh/vendor-completions/_{name}": release.run("roof-lint", "completions", "zsh"),
        f"usr/share/fish/vendor_completions.d/{name}.fish": release.run("roof-lint", "completions", "fish"),
    }
    sums = "".join(f"{hashlib.md5(content(given)).hexdigest()}  {path}\n" for path, given in sorted(files.items()))

    # A tree as debhelper makes it, which is where dpkg-shlibdeps looks.
    tree = scratch / "debian" / name
    write(tree, {**files, "DEBIAN/md5sums": sums})
    write(scratch, {"debian/control": f"Source: {name}\n\nPackage: {name}\nArchitecture: any\n"})
    programs = [tree / "usr/bin" / program for program in release.paths]
    depends = output("dpkg-shlibdeps", "-O", *programs, cwd=scratch).strip().removeprefix("shlibs:Depends=")
    summary = (textwrap.fill(paragraph, 78, initial_indent=" ", subsequent_indent=" ")
               for paragraph in release.summary())
    control = {
        "Package": name,
        "Version": version,
        "Architecture": release.debian,
        "Maintainer": maintainer,
        "Installed-Size": sum(-(-len(content(given)) // 1024) for given in files.values()),
        "Depends": depends,
        # For `--since`, and for rehearsals.
        "Suggests": "git, postgresql",
        "Section": "database",
        "Priority": "optional",
        "Description": "\n".join([release.about["description"], "\n .\n".join(summary)]),
    }
    write(tree, {"DEBIAN/control": "".join(f"{field}: {value}\n" for field, value in control.items())})
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else mode(path))
        os.utime(path, (release.epoch, release.epoch))
    archive = directory / f"{name}_{version}_{release.debian}.deb"
    # More threads would cut the data into other blocks. More effort takes ten times as long for a tenth less.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(release.epoch), "DPKG_DEB_THREADS_MAX": "1"}
    output("dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", tree, archive, env=environment)
    return [archive]


def manylinux(release):
    """The oldest GNU C library that has what the programs ask for, as a tag of PEP 600."""
    newest = 17
    for path in release.paths.values():
        headers = output("objdump", "-p", path)
        for library in re.findall(r"^ +NEEDED +(\S+)$", headers, re.M):
            if not EVERYWHERE.fullmatch(library):
                raise Fault(f"{path.name} links {library}, which not every Linux has")
        newest = max(newest, *map(int, re.findall(r" GLIBC_2\.(\d+)", headers)))
    return f"manylinux_2_{newest}_{release.machine}"


def python_version(version):
    """A version of Cargo in the words of PEP 440."""
    match = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?", version)
    if not match:
        raise Fault(f"PyPI has no words for the version {version}")
    number, stage, count = match.groups()
    return number + ({"alpha": "a", "beta": "b", "rc": "rc"}[stage] + count if stage else "")


def wheel(release, directory, _scratch):
    """A wheel, whose scripts are the programs."""
    about, version = release.about, python_version(release.version)
    stem = f"{release.name.replace('-', '_')}-{version}"
    tag = f"py3-none-{manylinux(release)}"
    information = f"{stem}.dist-info"
    metadata = [
        ("Metadata-Version", "2.4"),
        ("Name", release.name),
        ("Version", version),
        ("Summary", about["description"]),
        ("Author", release.author),
        ("License-Expression", about["license"]),
        ("License-File", "LICENSE"),
        ("License-File", "third-party-licenses"),
        ("Keywords", ",".join(about["keywords"])),
        ("Description-Content-Type", "text/markdown"),
    ]
    files = {
        **release.programs(f"{stem}.data/scripts"),
        f"{information}/licenses/LICENSE": release.text("LICENSE"),
        f"{information}/licenses/third-party-licenses": release.licenses,
        f"{information}/METADATA": "".join(f"{field}: {value}\n" for field, value in metadata) +
                                   "\n" + release.text("README.md"),
        f"{information}/WHEEL": "Wheel-Version: 1.0\n"
                                f"Generator: {release.name}\nRoot-Is-Purelib: false\nTag: {tag}\n",
    }
    record = ""
    for path, given in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content(given)).digest()).decode().rstrip("=")
        record += f"{path},sha256={digest},{len(content(given))}\n"
    files[f"{information}/RECORD"] = f"{record}{information}/RECORD,,\n"
    archive = directory / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(archive, "w") as writer:
        for path, given in files.items():
            entry = zipfile.ZipInfo(path, time.gmtime(release.epoch)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Of a file on Unix, where its mode counts.
            entry.create_system, entry.external_attr = 3, (0o100000 | mode(path)) << 16
            writer.writestr(entry, content(given))
    return [archive]


def npm(release, directory, _scratch):
    """A package that starts the programs, and one that holds those for this kind of machine."""
    about = {
        "version": release.version,
        "description": release.about["description"],
        "keywords": release.about["keywords"],
        "license": release.about["license"],
        "author": release.author,
    }
    holders = {machine: f"{release.name}-linux-{machine}" for _, _, machine in MACHINES.values()}
    launcher = {
        "name": release.name,
        **about,
        "bin": {program: f"bin/{program}.js" for program in release.paths},
        "engines": {"node": ">=16"},
        "optionalDependencies": {holder: release.version for holder in holders.values()},
    }
    holder = {
        "name": holders[release.npm],
        **about,
        "os": ["linux"],
        "cpu": [release.npm],
        "libc": ["glibc"],
        "preferUnplugged": True,
    }
    scripts = {f"bin/{program}.js": f"#!/usr/bin/env node\nrequire('../launch.js')('{program}');\n"
               for program in release.paths}
    return [
        tar(release, directory, launcher, {
            **scripts,
            "launch.js": release.text("packaging/npm/launch.js"),
            "README.md": release.text("README.md"),
        }),
        tar(release, directory, holder, {
            **release.programs("bin"),
            "third-party-licenses": release.licenses,
        }),
    ]


def tar(release, directory, about, files):
    """A package of npm, of nobody's and of one time."""
    files = {"package.json": json.dumps(about, indent=2) + "\n", "LICENSE": release.text("LICENSE"), **files}
    archive = directory / f"{about['name']}-{release.version}.tgz"
    with open(archive, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as compressed, \
            tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as writer:
        for path, given in files.items():
            entry = tarfile.TarInfo(f"package/{path}")
            entry.size, entry.mode, entry.mtime = len(content(given)), mode(path), release.epoch
            writer.addfile(entry, io.BytesIO(content(given)))
    return archive


def container():
    """An image, which stays with whatever builds images here."""
    engine = next(filter(shutil.which, ["podman", "buildah", "docker"]), None)
    if not engine:
        raise Fault("an image is built by podman, buildah or docker, none of which is there")
    (about,) = cargo_metadata("--no-deps")["packages"]
    labels = {
        "title": about["name"],
        "version": about["version"],
        "description": about["description"],
        "licenses": about["license"],
        "authors": ", ".join(about["authors"]),
    }
    image = f"{about['name']}:{about['version']}"
    subprocess.run([engine, "build", "--file=packaging/Containerfile", f"--tag={image}",
                    f"--build-arg=SOURCE_DATE_EPOCH={epoch()}",
                    *(f"--label=org.opencontainers.image.{key}={value}" for key, value in labels.items()),
                    "."], cwd=ROOT, check=True, stdout=sys.stderr)
    return image


ARCHIVES = {"deb": deb, "wheel": wheel, "npm": npm}
KINDS = [*ARCHIVES, "container"]


def main():
    parser = argparse.ArgumentParser(prog="./run package", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default="target/packages", metavar="DIR",
                        help="where archives are written [%(default)s]")
    parser.add_argument("--binaries", type=pathlib.Path, metavar="DIR",
                        help="where the programs are; otherwise cargo builds them")
    parser.add_argument("kinds", nargs="*", metavar="deb|wheel|npm|container|all", default=list(ARCHIVES),
                        help="what to make, by default the archives: all but the image of a container")
    arguments = parser.parse_args()
    unknown = [kind for kind in arguments.kinds if kind not in [*KINDS, "all"]]
    if unknown:
        parser.error(f"there is no package of the kind {unknown[0]}")
    kinds = [kind for kind in KINDS if kind in arguments.kinds or "all" in arguments.kinds]
    archives = [ARCHIVES[kind] for kind in kinds if kind in ARCHIVES]
    if archives:
        arguments.output.mkdir(parents=True, exist_ok=True)
        binaries = arguments.binaries
        if not binaries:
            subprocess.run([CARGO, "build", "--release", "--locked", "--bins"], cwd=ROOT, check=True)
            binaries = pathlib.Path(cargo_metadata("--no-deps")["target_directory"]) / "release"
        with tempfile.TemporaryDirectory() as scratch:
            release = Release(binaries, pathlib.Path(scratch))
            for archive in archives:
                print(*archive(release, arguments.output, pathlib.Path(scratch)), sep="\n")
    if "container" in kinds:
        print(container())


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        print(f"run: {failure.cmd[0]} failed with {failure.returncode}", file=sys.stderr)
        sys.exit(2)
    except (Fault, OSError) as fault:
        print(f"run: {fault}", file=sys.stderr)
        sys.exit(2)
