# SPDX-License-Identifier: BSL-1.0
"""Draws mutants of the core and of the policies, and runs tests against each until one fails. See tests/mutants.sh."""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import time

import mutate

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
MUTATED = ("include/replicator/core", "include/replicator/ack")
# Test programs, and the files that each is made of; those in one list are compiled as one.
PROGRAMS = {
    "tests": ("-O0", [["tests/main.cpp", "tests/mutants/first_failure.cpp"],
                      ["tests/unit/core/**/*.cpp", "tests/unit/ack/*.cpp"],
                      ["tests/scenarios/*.cpp"]], ["-lboost_unit_test_framework"]),
    "hunt": ("-O1", [["tests/mutants/hunt.cpp"], ["tests/simulation/compositions/ring.cpp"],
                     ["tests/simulation/compositions/memory.cpp"], ["tests/simulation/compositions/file.cpp"],
                     ["tests/simulation/compositions/fixed.cpp"]], []),
    "search": ("-O1", [["tests/search/main.cpp"]], []),
}
# What is run against a mutant, in this order, until something fails.
QUIET = ["tests", "--log_level=nothing", "--report_level=no"]
EXHAUSTIVE = ["policies", "semi_sync/case_29*"]
EVERY_DAMAGE = ["line/after_any_single_damage*"]
SLOW = ["disk_faults", "frame_scenarios", "restarts", "takeover_scenarios"]
LESS_QUICK = ["inbound", "follower_scenarios", "forgotten_epochs", "frame", "crash_scenarios", "in_flight", "power_up",
              "slow_lines", "standstill_scenarios", "line/a_command_that_looks*", "line/a_damaged_handshake*"]
STAGES = [
    ("quick tests", [*QUIET, *(f"--run_test=!{each}" for each in EXHAUSTIVE + EVERY_DAMAGE + SLOW + LESS_QUICK)]),
    ("less quick tests", [*QUIET, "--run_test=" + ":".join(LESS_QUICK)]),
    ("few seeds", ["hunt", "1", "2"]),
    ("slow tests", [*QUIET, "--run_test=" + ":".join(SLOW)]),
    ("exhaustive tests", [*QUIET, "--run_test=" + ":".join(EXHAUSTIVE)]),
    ("seeds", ["hunt", "3", "12"]),
    ("search", ["search", "--bound", "steps", "--first", "5", "--last", "5", "--seconds", "1000"]),
    ("every damage", [*QUIET, "--run_test=" + ":".join(EVERY_DAMAGE)]),
]
# What takes long for the little that it could find elsewhere.
ONLY_FOR = {"exhaustive tests": ("ack/", "core/lead/seat.hpp"),
            "every damage": ("core/node/node.hpp", "core/stream/damage.hpp", "core/wire/frame_reader.hpp", "core/peer/links.hpp")}
MEMORY_BYTES_MAX = 4 << 30


class Site:
    """One mutant, by a name that survives when its line moves."""

    def __init__(self, number, file, mutant, text):
        self.number, self.file, self.mutant = number, file, mutant
        self.line = text.count("\n", 0, mutant.start) + 1
        self.last_line = text.count("\n", 0, mutant.end) + 1
        shown = text.split("\n")[self.line - 1].strip()
        self.key = f"{file}: {mutant.rule} `{mutant.change}` in `{shown}`"


def find_sites():
    sites, texts, names = [], {}, {}
    for folder in MUTATED:
        for path in sorted((PROJECT / folder).rglob("*.hpp")):
            text = path.read_text()
            file = str(path.relative_to(PROJECT / "include/replicator"))
            texts[file] = text
            for mutant in mutate.Header(text).mutants():
                site = Site(len(sites) + 1, file, mutant, text)
                names[site.key] = names.get(site.key, 0) + 1
                if names[site.key] > 1:
                    site.key += f" ({names[site.key]})"
                sites.append(site)
    return sites, texts


class Build:
    def __init__(self, folder, sites, texts, jobs):
        self.folder, self.sites, self.texts, self.jobs = folder, sites, texts, jobs
        self.excluded = set()  # numbers of what does not compile

    def write_headers(self):
        for file, text in self.texts.items():
            mutants = [(site.number, site.mutant) for site in self.sites
                       if site.file == file and site.number not in self.excluded]
            (self.folder / "include/replicator" / file).write_text(mutate.written(text, mutants))

    def exclude(self, errors):
        """Leaves out the mutants on lines with errors: first the constants, which are the likeliest. True when there
        were some."""
        found = False
        for file, line in errors:
            on_line = [site for site in self.sites if site.file == file and site.number not in self.excluded and
                       site.line <= line <= site.last_line]
            constants = [site for site in on_line if site.mutant.rule == "constant"]
            for site in constants or on_line:
                self.excluded.add(site.number)
                found = True
        return found

    def compile(self, job):
        source, target, option = job
        cache = ["ccache"] if shutil.which("ccache") else []
        compiler = os.environ.get("CXX", "g++")
        # See the CMakeLists.txt of the project: less garbage is collected.
        garbage = [] if "clang" in compiler else ["--param=ggc-min-heapsize=1048576"]
        done = subprocess.run(
            [*cache, compiler, "-std=c++20", option, *garbage, "-w", "-DBOOST_TEST_DYN_LINK",
             "-I", self.folder / "include", "-I", PROJECT / "tests", "-include", HERE / "mutant.hpp",
             "-c", source, "-o", target], stderr=subprocess.PIPE, text=True)
        return job, done.returncode, done.stderr

    def run(self):
        shutil.rmtree(self.folder / "include", ignore_errors=True)
        shutil.copytree(PROJECT / "include", self.folder / "include")
        jobs = []
        for name, (option, groups, _) in PROGRAMS.items():
            for i, patterns in enumerate(groups):
                source = self.folder / f"{name}-{i}.cpp"
                files = sorted(file for pattern in patterns for file in PROJECT.glob(pattern))
                source.write_text("".join(f'#include "{file}"\n' for file in files))
                jobs.append((source, self.folder / f"{name}-{i}.o", option))
        while jobs:
            self.write_headers()
            again, errors, said = [], set(), ""
            with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
                for job, status, output in pool.map(self.compile, jobs):
                    if status == 0:
                        continue
                    again.append(job)
                    said = output
                    for match in re.finditer(r"include/replicator/((?:core|ack)/[\w/]+\.hpp):(\d+):\d+: error", output):
                        errors.add((match.group(1), int(match.group(2))))
            if again and not self.exclude(errors):
                sys.exit(f"the tests do not compile:\n{said}")
            jobs = again
        for name, (_, groups, libraries) in PROGRAMS.items():
            objects = [self.folder / f"{name}-{i}.o" for i in range(len(groups))]
            subprocess.run([os.environ.get("CXX", "g++"), *objects, *libraries, "-o", self.folder / name], check=True)


class Runner:
    def __init__(self, folder, stages):
        self.folder, self.stages = folder, stages
        self.seconds, self.seen = {}, {}
        # What a stage is: its program, byte for byte, and how that is called.
        self.inputs = {name: digest_of_bytes((folder / arguments[0]).read_bytes() + repr(arguments).encode())
                       for name, arguments in stages}

    def execute(self, arguments, seconds_max, **environment):
        """Whether it passes, and the seconds of processor time, more than which it must not take."""
        def limit():
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds_max) + 1, int(seconds_max) + 2))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        process = subprocess.Popen([self.folder / arguments[0], *arguments[1:]], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=limit,
                                   cwd=self.folder, env={**os.environ, **environment})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode == 0, usage.ru_utime + usage.ru_stime

    def run_clean(self):
        """How long each stage takes without a mutant, and by which mutants it comes; it must pass."""
        for name, arguments in self.stages:
            file = self.folder / ("seen by " + name)
            lines = file.read_text().split() if file.exists() else []
            inputs = self.inputs[name]
            if lines[:1] != [inputs]:
                passes, seconds = self.execute(arguments, 900, REPLICATOR_MUTANTS_SEEN=str(file))
                if not passes:
                    sys.exit(f"without a mutant this fails: {self.folder}/{' '.join(arguments)}")
                lines = [inputs, str(seconds), *file.read_text().split()]
                file.write_text("\n".join(lines))
            seconds = self.seconds[name] = float(lines[1])
            self.seen[name] = set(map(int, lines[2:]))
            print(f"without a mutant: {name}, {seconds:.1f} s, by {len(self.seen[name])} mutants", flush=True)

    def reaches(self, name, site):
        return site.number in self.seen[name] and site.file.startswith(ONLY_FOR.get(name, ""))

    def run(self, site, survived):
        """What kills the mutant, or None. `survived` are the inputs of stages that are known not to."""
        for name, arguments in self.stages:
            if self.inputs[name] in survived or not self.reaches(name, site):
                continue
            passes, _ = self.execute(arguments, 3 * self.seconds[name] + 3, REPLICATOR_MUTANT=str(site.number))
            if not passes:
                return name
        return None


def read_equivalent():
    """The mutants that change nothing, with the sentence that says why: a line each, and the sentence indented."""
    found, key = {}, None
    for line in (HERE / "equivalent.txt").read_text().splitlines():
        if line.startswith("    ") and key is not None:
            found[key] = (found[key] + " " + line.strip()).strip()
        elif line and not line.startswith("#"):
            key = line
            found[key] = ""
    return found


def digest_of(*patterns):
    digest = hashlib.sha256()
    for path in sorted(path for pattern in patterns for path in PROJECT.glob(pattern)):
        digest.update(str(path.relative_to(PROJECT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def digest_of_bytes(text):
    return hashlib.sha256(text).hexdigest()[:16]


class Results:
    """What became of each mutant, in a file that grows by a line for each. Killed is killed while the headers are the
    same; what survived has survived these stages, and may be killed when one of them has another program."""

    def __init__(self, file, stages):
        self.file, self.stages = file, sorted(stages)
        self.known, self.survived = {}, {}
        for line in self.file.read_text().splitlines() if self.file.exists() else []:
            key, verdict, inputs = line.split("\t")
            if verdict == "survived":
                self.survived.setdefault(key, set()).update(inputs.split(","))
            if verdict != "survived" or self.survived[key].issuperset(self.stages):
                self.known[key] = verdict

    def add(self, key, verdict):
        self.known[key] = verdict
        with self.file.open("a") as file:
            file.write(f"{key}\t{verdict}\t{','.join(self.stages)}\n")


def main():
    parser = argparse.ArgumentParser(prog="bash tests/mutants.sh", description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="so many mutants are drawn")
    parser.add_argument("--seed", type=lambda text: int(text, 0), help="of the draw; printed when it is not given")
    parser.add_argument("--seconds", type=float, help="begins no further mutant after this time; ten at least")
    parser.add_argument("--at-least", type=float, default=90, metavar="PERCENT", help="so many must be killed")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("JOBS", os.cpu_count())))
    parser.add_argument("--folder", type=pathlib.Path, default=PROJECT / "build/mutants")
    parser.add_argument("--only", help="of the mutants that can be drawn, only those whose name has this in it")
    wanted = parser.parse_args()
    began = time.monotonic()
    seed = wanted.seed if wanted.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed:#x}; again: bash tests/mutants.sh --count {wanted.count} --seed {seed:#x}", flush=True)

    folder = wanted.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    headers = digest_of("include/**/*.hpp", "tests/mutants/mutate.py")
    programs = digest_of("include/**/*.hpp", "tests/**/*.hpp", "tests/**/*.cpp", "tests/mutants/mutate.py")
    sites, texts = find_sites()
    build = Build(folder, sites, texts, wanted.jobs)
    ready = folder / "ready"  # says for what the programs are built, and what did not compile
    built = ready.read_text().split("\n") if ready.exists() else []
    if built[1:2] == [headers]:
        build.excluded = set(map(int, built[2:]))
    if built[:1] != [programs]:
        ready.write_text("\n".join(["", headers, *map(str, build.excluded)]))
        build.run()
        ready.write_text("\n".join([programs, headers, *map(str, sorted(build.excluded))]))
    compiling = [site for site in sites if site.number not in build.excluded]
    print(f"{len(sites)} mutants, {len(build.excluded)} of which do not compile and do not count; "
          f"{time.monotonic() - began:.0f} s", flush=True)

    runner = Runner(folder, STAGES)
    runner.run_clean()
    results = Results(folder / f"results-{headers}", runner.inputs.values())
    # Where a header changes, the rest of the draw stays.
    drawn = sorted((site for site in compiling if wanted.only is None or wanted.only in site.key),
                   key=lambda site: digest_of_bytes(f"{seed} {site.key}".encode()))[: wanted.count]

    equivalent = read_equivalent()
    done = []

    def try_one(place, site):
        if site.key not in results.known:
            if wanted.seconds and place >= 10 and time.monotonic() - began > wanted.seconds:
                return
            results.add(site.key, runner.run(site, results.survived.get(site.key, ())) or "survived")
            if results.known[site.key] == "survived":
                print(f"survived, line {site.line}: {site.key}", flush=True)
        done.append(site)

    with concurrent.futures.ThreadPoolExecutor(wanted.jobs) as pool:
        list(pool.map(try_one, range(len(drawn)), drawn))
    return tell(done, results.known, equivalent, runner, wanted, time.monotonic() - began)


def tell(done, results, equivalent, runner, wanted, seconds):
    survivors = [site for site in done if results[site.key] == "survived"]
    known = [site for site in survivors if equivalent.get(site.key)]
    killed = len(done) - len(survivors)
    for name, _ in STAGES:
        print(f"killed by {name}: {sum(results[site.key] == name for site in done)}")
    for site in survivors:
        if site in known:
            continue
        reached = [name for name, _ in STAGES if runner.reaches(name, site)]
        print(f"survivor: {site.key}\n    line {site.line}, " +
              (f"reached by {', '.join(reached)}" if reached else "reached by nothing"))
    percent = 100 * killed / max(1, len(done))
    print(f"{killed} of {len(done)} mutants killed ({percent:.1f} %), {len(known)} are known to change nothing, "
          f"{len(survivors) - len(known)} survive; {seconds:.0f} s")
    return 0 if done and percent >= wanted.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
