"""Packs the two binaries for Debian, PyPI and npm, and builds the container.

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

# What the machine of an ELF header is called by Rust and manylinux, by Debian and by npm.
MACHINES = {62: ("x86_64", "amd64", "x64"), 183: ("aarch64", "arm64", "arm64")}
# What may be linked: of every Linux with the GNU C library, says PEP 600.
EVERYWHERE = re.compile(r"(libc|libm|libdl|librt|libpthread|libgcc_s|ld-linux-[\w-]+)\.so\.\d+")


class Fault(Exception):
    """Why nothing is packed."""


def output(*command, **options):
    """What a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout.decode()


def cargo_metadata(*options):
    return json.loads(output(CARGO, "metadata", "--format-version=1", "--locked", *options, cwd=ROOT))


def epoch():
    """The time that archives carry: that of the last commit, unless SOURCE_DATE_EPOCH says another."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if not given:
        git = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, check=False)
        given = git.stdout.decode() if git.returncode == 0 else "0"
    # A zip archive knows no time before 1980.
    return max(int(given), 315532800)


class Release:
    """The stripped binaries, with what Cargo.toml says about them."""

    def __init__(self, binaries, scratch):
        self.epoch = epoch()
        (about,) = cargo_metadata("--no-deps")["packages"]
        self.about = about
        self.name, self.version = about["name"], about["version"]
        self.author = ", ".join(about["authors"])
        self.binaries = {}
        for target in about["targets"]:
            if "bin" in target["kind"]:
                path = scratch / target["name"]
                subprocess.run(["strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note",
                                "-o", path, binaries / target["name"]], check=True)
                self.binaries[target["name"]] = path
        machines = {int.from_bytes(path.read_bytes()[18:20], "little") for path in self.binaries.values()}
        if len(machines) != 1 or not machines <= MACHINES.keys():
            raise Fault(f"{binaries}: these are not Linux binaries for one of x86_64 and aarch64")
        self.machine, self.debian, self.npm = MACHINES[machines.pop()]

    def run(self, program, *arguments):
        return output(self.binaries[program], *arguments)

    def text(self, name):
        return (ROOT / name).read_text()

    def summary(self):
        """What README.md says before its first section, without the title and without marks."""
        paragraphs = self.text("README.md").partition("\n## ")[0].split("\n\n")[1:]
        return [re.sub(r"[`*]", "", paragraph).strip() for paragraph in paragraphs]

    @functools.cached_property
    def licenses(self):
        """The licenses of what is linked, each text once."""
        metadata = cargo_metadata(f"--filter-platform={self.machine}-unknown-linux-gnu")
        crates = {crate["id"]: crate for crate in metadata["packages"]}
        needs = {node["id"]: [dep["pkg"] for dep in node["deps"] if any(not kind["kind"] for kind in dep["dep_kinds"])]
                 for node in metadata["resolve"]["nodes"]}
        seen, todo = set(), list(needs[metadata["resolve"]["root"]])
        while todo:
            crate = todo.pop()
            # A macro runs where the program is built, and so does what it is made of.
            if crate not in seen and not any("proc-macro" in target["kind"] for target in crates[crate]["targets"]):
                seen.add(crate)
                todo += needs[crate]
        parts, texts = [], {}
        for crate in sorted((crates[crate] for crate in seen), key=lambda crate: (crate["name"], crate["version"])):
            name = f"{crate['name']} {crate['version']}"
            parts.append(f"{name}: {crate['license']}, {crate['repository']}\n")
            own = ROOT / "packaging/licenses" / f"{crate['name']}.txt"
            files = pathlib.Path(crate["manifest_path"]).parent.iterdir()
            files = [file for file in files if re.match(r"(?i)licen[sc]e|copying|copyright|notice|unlicense", file.name)]
            for file in sorted(files) + [own] * own.exists():
                texts.setdefault(file.read_text(errors="replace").strip(), []).append(name)
        parts = ["What the programs are built from, and the licenses of it.\n\n"] + parts
        parts += [f"\n{'-' * 79}\n{', '.join(names)}\n\n{text}\n" for text, names in texts.items()]
        return "".join(parts)


def tar(path, files, when):
    """A compressed archive of (name, bytes, mode), as everybody's and of one time."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive:
            for name, content, mode in files:
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode, entry.mtime = len(content), mode, when
                archive.addfile(entry, io.BytesIO(content))


def manual(release):
    """The pages of section 1: of each program, and of each command of the first."""
    main = release.run("roof-lint", "man")
    yield "roof-lint.1", main
    for command in re.findall(r"^roof\\-lint\\-(\w+)\(1\)$", main, re.M):
        if command != "help":
            yield f"roof-lint-{command}.1", release.run("roof-lint", "man", command)
    usage = release.run("roof-exec", "--help")
    title, _, usage = usage.partition("\n")
    usage = re.sub(r"^([.'])", r"\\&\1", usage.strip("\n").replace("\\", r"\e").replace("-", r"\-"), flags=re.M)
    title = title.removeprefix("roof-exec ").rstrip(".")
    yield "roof-exec.1", (f'.TH roof-exec 1 "" "roof-lint {release.version}"\n'
                          f".SH NAME\nroof\\-exec \\- {title}\n.SH DESCRIPTION\n.nf\n{usage}\n.fi\n")


def write(tree, files):
    for path, content in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(content)


def deb(release, out, scratch):
    """A package for Debian, which depends on what the binaries link."""
    name, version = release.name, release.version.replace("-", "~")
    documents = f"usr/share/doc/{name}"
    maintainer = release.author
    if "DEBEMAIL" in os.environ:
        maintainer = f"{os.environ.get('DEBFULLNAME', maintainer)} <{os.environ['DEBEMAIL']}>"
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(release.epoch))
    zipped = {
        f"{documents}/changelog.gz": f"{name} ({version}) unstable; urgency=medium\n\n"
                                     f"  * See CHANGELOG.md.gz.\n\n -- {maintainer}  {day}\n",
        f"{documents}/CHANGELOG.md.gz": release.text("CHANGELOG.md"),
        f"{documents}/third-party-licenses.gz": release.licenses,
    }
    for page, text in manual(release):
        zipped[f"usr/share/man/man1/{page}.gz"] = text
    plain = {
        f"{documents}/copyright": release.text("LICENSE") +
                                  "\nThe licenses of what is linked are in third-party-licenses.gz.\n",
        f"usr/share/bash-completion/completions/{name}": release.run(name, "completions", "bash"),
        f"usr/share/zsh/vendor-completions/_{name}": release.run(name, "completions", "zsh"),
        f"usr/share/fish/vendor_completions.d/{name}.fish": release.run(name, "completions", "fish"),
    }
    files = {path: gzip.compress(text.encode(), 9, mtime=0) for path, text in zipped.items()}
    files |= {path: text.encode() for path, text in plain.items()}
    files |= {f"usr/bin/{program}": path.read_bytes() for program, path in release.binaries.items()}
    sums = "".join(f"{hashlib.md5(content).hexdigest()}  {path}\n" for path, content in sorted(files.items()))

    # Where dpkg-shlibdeps looks for them.
    tree = scratch / "debian" / name
    write(tree, files | {"DEBIAN/md5sums": sums.encode()})
    (scratch / "debian/control").write_text(f"Source: {name}\n\nPackage: {name}\nArchitecture: any\n")
    programs = [f"debian/{name}/usr/bin/{program}" for program in release.binaries]
    depends = output("dpkg-shlibdeps", "-O", *programs, cwd=scratch)
    summary = "\n .\n".join(textwrap.fill(paragraph, 78, initial_indent=" ", subsequent_indent=" ") for paragraph in release.summary())
    control = "".join(f"{field}: {value}\n" for field, value in {
        "Package": name,
        "Version": version,
        "Architecture": release.debian,
        "Maintainer": maintainer,
        "Installed-Size": sum(-(-len(content) // 1024) for content in files.values()),
        "Depends": depends.strip().removeprefix("shlibs:Depends="),
        "Suggests": "git, postgresql",
        "Section": "database",
        "Priority": "optional",
        "Description": f"{release.about['description']}\n{summary}",
    }.items())
    write(tree, {"DEBIAN/control": control.encode()})
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        os.utime(path, (release.epoch, release.epoch))
    target = out / f"{name}_{version}_{release.debian}.deb"
    # With one thread, the bytes do not depend on how many there are.
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(release.epoch), "DPKG_DEB_THREADS_MAX": "1"}
    output("dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", tree, target, env=environment)
    return [target]


def manylinux(release):
    """The oldest GNU C library that has what the binaries ask for, as a tag of PEP 600."""
    newest = (2, 17)
    for path in release.binaries.values():
        headers = output("objdump", "-p", path)
        for library in re.findall(r"^ +NEEDED +(\S+)$", headers, re.M):
            if not EVERYWHERE.fullmatch(library):
                raise Fault(f"{path.name} links {library}, which not every Linux has")
        newest = max([newest, *((2, int(minor)) for minor in re.findall(r" GLIBC_2\.(\d+)", headers))])
    return f"manylinux_{newest[0]}_{newest[1]}_{release.machine}"


def python_version(version):
    """A version of Cargo in the words of PEP 440."""
    match = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?", version)
    if not match:
        raise Fault(f"PyPI has no words for the version {version}")
    number, stage, count = match.groups()
    return number + ({"alpha": "a", "beta": "b", "rc": "rc"}[stage] + count if stage else "")


def wheel(release, out, _scratch):
    """A wheel, whose scripts are the binaries."""
    version, about = python_version(release.version), release.about
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
    files = [(f"{stem}.data/scripts/{name}", path.read_bytes(), 0o755) for name, path in release.binaries.items()]
    files += [(f"{information}/{name}", text.encode(), 0o644) for name, text in {
        "METADATA": "".join(f"{key}: {value}\n" for key, value in metadata) + "\n" + release.text("README.md"),
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: {release.name}\nRoot-Is-Purelib: false\nTag: {tag}\n",
        "licenses/LICENSE": release.text("LICENSE"),
        "licenses/third-party-licenses": release.licenses,
    }.items()]
    record = ""
    for name, content, _ in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(content)}\n"
    files.append((f"{information}/RECORD", f"{record}{information}/RECORD,,\n".encode(), 0o644))
    target = out / f"{stem}-{tag}.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content, mode in files:
            entry = zipfile.ZipInfo(name, time.gmtime(release.epoch)[:6])
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, (0o100000 | mode) << 16
            archive.writestr(entry, content)
    return [target]


def npm(release, out, _scratch):
    """A package that starts the binaries, and the one of this machine's kind that holds them."""
    about = {
        "version": release.version,
        "description": release.about["description"],
        "keywords": release.about["keywords"],
        "license": release.about["license"],
        "author": release.author,
    }
    platforms = {f"{release.name}-linux-{npm}": npm for _, _, npm in MACHINES.values()}
    launcher = {
        "name": release.name,
        **about,
        "bin": {program: f"bin/{program}.js" for program in release.binaries},
        "engines": {"node": ">=16"},
        "optionalDependencies": {platform: release.version for platform in platforms},
    }
    files = [(f"bin/{program}.js", f"#!/usr/bin/env node\nrequire('../launch.js')('{program}');\n", 0o755)
             for program in release.binaries]
    files += [("launch.js", release.text("packaging/npm/launch.js"), 0o644),
              ("README.md", release.text("README.md"), 0o644)]
    holder = {
        "name": f"{release.name}-linux-{release.npm}",
        **about,
        "os": ["linux"],
        "cpu": [release.npm],
        "libc": ["glibc"],
        "preferUnplugged": True,
    }
    binaries = [(f"bin/{program}", path.read_bytes(), 0o755) for program, path in release.binaries.items()]
    binaries.append(("third-party-licenses", release.licenses, 0o644))
    targets = []
    for package, content in [(launcher, files), (holder, binaries)]:
        content = [("package.json", json.dumps(package, indent=2) + "\n", 0o644),
                   ("LICENSE", release.text("LICENSE"), 0o644), *content]
        content = [(f"package/{name}", text if isinstance(text, bytes) else text.encode(), mode)
                   for name, text, mode in content]
        targets.append(out / f"{package['name']}-{release.version}.tgz")
        tar(targets[-1], content, release.epoch)
    return targets


def container():
    """An image in the store of whatever builds images here."""
    engine = next(filter(shutil.which, ["podman", "buildah", "docker"]), None)
    if not engine:
        raise Fault("a container is built by podman, buildah or docker, none of which is there")
    (about,) = cargo_metadata("--no-deps")["packages"]
    labels = {"title": about["name"], "version": about["version"], "description": about["description"],
              "licenses": about["license"], "authors": ", ".join(about["authors"])}
    labels = [f"--label=org.opencontainers.image.{key}={value}" for key, value in labels.items()]
    image = f"{about['name']}:{about['version']}"
    subprocess.run([engine, "build", "--file", "packaging/Containerfile", "--tag", image,
                    f"--build-arg=SOURCE_DATE_EPOCH={epoch()}", *labels, "."], cwd=ROOT, check=True)
    return image


ARCHIVES = {"deb": deb, "wheel": wheel, "npm": npm}


def main():
    parser = argparse.ArgumentParser(prog="./run package", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default="target/package", metavar="DIR",
                        help="where the archives are written [%(default)s]")
    parser.add_argument("--binaries", type=pathlib.Path, metavar="DIR",
                        help="binaries that are built already; otherwise cargo builds them")
    parser.add_argument("what", nargs="*", metavar="deb|wheel|npm|container|all", default=list(ARCHIVES),
                        help="what to make, by default the archives")
    arguments = parser.parse_args()
    what = list(dict.fromkeys(arguments.what))
    if "all" in what:
        what = [*ARCHIVES, "container"]
    for name in what:
        if name not in [*ARCHIVES, "container"]:
            parser.error(f"there is no package of the kind {name}")
    archives = [ARCHIVES[name] for name in what if name in ARCHIVES]
    arguments.output.mkdir(parents=True, exist_ok=True)
    if archives:
        binaries = arguments.binaries
        if not binaries:
            subprocess.run([CARGO, "build", "--release", "--locked", "--bins"], cwd=ROOT, check=True)
            binaries = pathlib.Path(cargo_metadata("--no-deps")["target_directory"]) / "release"
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            release = Release(binaries, scratch)
            for archive in archives:
                print(*archive(release, arguments.output, scratch), sep="\n")
    if "container" in what:
        print(container())


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"package: {failure.cmd[0]} failed with {failure.returncode}")
    except (Fault, OSError) as fault:
        sys.exit(f"package: {fault}")
