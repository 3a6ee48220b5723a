"""Check the files that git knows, or would take: style, Odoo's rules, translations and their template.

Each checker runs on a copy in a folder named like the module: the OCA's checks find nothing where
the addon is the top of a git checkout.
"""

import argparse
import concurrent.futures
import dataclasses
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import glossary_page
import messages_page
import polib
import rules

import stack

MODULE = stack.MODULE
POT = f"i18n/{MODULE}.pot"
BIN = Path(sys.executable).parent
TIMEOUT = 300  # seconds, for each checker

# Pure Python, to which Odoo's rules don't apply; ruff checks it.
NOT_ODOO = ("connect_cloud/", "simulator/", "script/", "benchmarks/", "tests/live/")


@dataclasses.dataclass(frozen=True)
class Checker:
    """One checker: which files it takes, the command that checks and the one that fixes them.

    The commands run in the folder of the files, which are appended to them unless ``whole``.
    """

    name: str
    takes: Callable[[str], bool]
    check: tuple
    fix: tuple = ()
    whole: bool = False
    # self-check: a file with an error, and a piece of what the checker says about it
    seed: tuple = ()
    says: str = ""


def _suffix(*suffixes):
    return lambda path: path.endswith(suffixes) and not path.startswith("static/lib/")


def _odoo_python(path):
    return path.endswith(".py") and not path.startswith(NOT_ODOO)


def _is_bash(path):
    return path.startswith(("script/", ".ci/")) and "." not in Path(path).name


def _npm(name):
    return f"node_modules/.bin/{name}"


CHECKERS = [
    Checker(
        "ruff",
        _suffix(".py"),
        (BIN / "ruff", "check", "--no-cache", "--quiet"),
        fix=(BIN / "ruff", "check", "--no-cache", "--quiet", "--fix"),
        seed=("models/seeded.py", "import os\n"),
        says="F401",
    ),
    Checker(
        "ruff-format",
        _suffix(".py"),
        (BIN / "ruff", "format", "--no-cache", "--check"),
        fix=(BIN / "ruff", "format", "--no-cache", "--quiet"),
        seed=("models/seeded.py", "x = {  'a':1 }\n"),
        says="seeded.py",
    ),
    Checker(
        "pylint-odoo",
        _odoo_python,
        # A model is spread over files on purpose: the engine, and what each part adds to it.
        (BIN / "pylint", "--rcfile=pyproject.toml", "--disable=consider-merging-classes-inherited"),
        seed=("models/seeded.py", 'def run(cr, name):\n    cr.execute(f"SELECT {name}")\n'),
        says="sql-injection",
    ),
    Checker(
        "oca-module",
        lambda _path: True,
        (BIN / "oca-checks-odoo-module", f"../{MODULE}"),
        whole=True,
        seed=("views/seeded.xml", "<odoo/>\n"),
        says="file-not-used",
    ),
    Checker(
        "oca-po",
        _suffix(".po", ".pot"),
        # It wants texts that are the same in both languages to be left out, which would hide a missing one.
        (BIN / "oca-checks-po", "--disable=po-pretty-format"),
        seed=(
            "i18n/seeded.po",
            'msgid ""\nmsgstr ""\n' + '\n#. module: x\n#: code:x/y.py:0\nmsgid "a"\nmsgstr "b"\n' * 2,
        ),
        says="po-duplicate-message-definition",
    ),
    Checker(
        "prettier",
        _suffix(".js", ".mjs", ".xml", ".css", ".scss", ".html", ".json", ".yml"),
        (_npm("prettier"), "--check", "--log-level=warn"),
        fix=(_npm("prettier"), "--write", "--log-level=warn"),
        seed=("views/seeded.xml", "<odoo><record   id='x'/></odoo>\n"),
        says="seeded.xml",
    ),
    Checker(
        "eslint",
        _suffix(".js", ".mjs"),
        (_npm("eslint"), "--max-warnings=0"),
        fix=(_npm("eslint"), "--fix"),
        seed=("static/src/seeded.js", "var answer = undefinedName;\n"),
        says="no-undef",
    ),
    Checker(
        "shellcheck",
        _is_bash,
        (BIN / "shellcheck",),
        seed=("script/seeded", "#!/usr/bin/env bash\ncd $1\n"),
        says="SC2086",
    ),
]


def tracked_files():
    """Return the files that git knows or would take, relative to the root."""
    result = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=stack.ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT,
        check=True,
    )
    files = sorted(set(result.stdout.split("\0")) - {""})
    return [path for path in files if (stack.ROOT / path).is_file()]


def copy_files(files, folder):
    """Copy these files into a folder, where the linters from npm are found as well."""
    for path in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(stack.ROOT / path, target)
    (folder / "node_modules").symlink_to(stack.ROOT / "node_modules")


def run(checker, command, folder, files):
    """Run a checker's command on its files in this folder.

    :return: whether all is well, and what it said
    """
    files = [path for path in files if checker.takes(path)]
    if not files:
        return False, "found no file to check"
    process = subprocess.run(
        command if checker.whole else [*command, *files],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return process.returncode == 0, process.stdout.replace(f"{folder}/", "")


# === THE TRANSLATIONS' TEMPLATE === #


def _terms(template):
    # dates and versions change with each export
    return re.sub(r'^"(POT?-[\w-]+|Project-Id-Version): .*\n', "", template, flags=re.MULTILINE)


def export_template():
    """Return the translations' template as Odoo exports it now."""
    database = stack.temporary("lint")
    with stack.PostgreSQL() as postgresql, tempfile.TemporaryDirectory() as folder:
        stack.clone_template(postgresql, database)
        file = Path(folder) / "terms.pot"
        try:
            stack.run_odoo(postgresql, database, "i18n", "export", MODULE, "-o", str(file))
        finally:
            postgresql.drop(database)
        return file.read_text()


def check_template(folder, fix=False):
    """Compare the translations' template in this folder with what Odoo exports.

    :return: whether all is well, and what to say
    """
    exported = export_template()
    file = folder / POT
    if file.exists() and _terms(file.read_text()) == _terms(exported):
        return True, ""
    if fix:
        file.parent.mkdir(exist_ok=True)
        file.write_text(exported)
        return True, f"{POT} is rewritten"
    return False, f"{POT} is not what Odoo exports: run script/lint --fix"


# === TRANSLATIONS === #

# What has to be in a translation as it is in the text: values, and tags.
_KEPT = re.compile(r"%\(\w+\)\w|%[sd]|</?\w+")
# Shorter texts may well be the same in two languages: names, and words such as “Terminal”.
_WORDS_OF_A_SENTENCE = 4


def check_translations(folder, fix=False):
    """Compare the translations in this folder with their template: whole, without strays, with the same values.

    :return: whether all is well, and what to say
    """
    said = []
    template = polib.pofile(str(folder / POT))
    for file in sorted((folder / "i18n").glob("*.po")):
        translation = polib.pofile(str(file))
        if fix:
            translation.merge(template)
            for stray in translation.obsolete_entries():
                translation.remove(stray)
            translation.save()
        done = {entry.msgid: entry.msgstr for entry in translation.translated_entries()}
        texts = {entry.msgid for entry in template}
        said += [f"{file.name} lacks “{text}”" for text in sorted(texts - done.keys())]
        said += [f"{file.name} has “{text}”, which is no text any more" for text in sorted(done.keys() - texts)]
        said += [
            f"{file.name} has other values or tags in “{text}”"
            for text in sorted(texts & done.keys())
            if sorted(_KEPT.findall(text)) != sorted(_KEPT.findall(done[text]))
        ]
        said += [
            f"{file.name} has the English “{text}” as it is"
            for text in sorted(texts & done.keys())
            if done[text] == text and len(text.split()) >= _WORDS_OF_A_SENTENCE
        ]
    return not said, "\n".join(said)


# === ALL === #

# Checks that are no command, in the order in which they fix; and for the self-check, errors: each the file, what is
# replaced at its first place there ("" for the end), by what, and a piece of what the check says about it.
_STRAY = '\nmsgid "seeded"\nmsgstr "seeded"\n'
FUNCTIONS = {
    "messages": (messages_page.check, [(messages_page.PAGE, "", "seeded", messages_page.PAGE)]),
    "glossary": (glossary_page.check, [(glossary_page.PAGE, "", "seeded", glossary_page.PAGE)]),
    "pot": (check_template, [(POT, "", _STRAY, POT)]),
    "translations": (
        check_translations,
        [
            ("i18n/it.po", "", _STRAY, "seeded"),
            ("i18n/it.po", 'msgid "Abort"\nmsgstr "Interrompi"', 'msgid "Abort"\nmsgstr ""', "it.po lacks “Abort”"),
            ("i18n/it.po", 'msgid "Abort"\n', '#, fuzzy\nmsgid "Abort"\n', "it.po lacks “Abort”"),
            ("i18n/it.po", "rimborsare %(left)s", "rimborsare", "other values or tags in “%(card)s on"),
            (
                "i18n/it.po",
                '"%(card)s del %(date)s, ancora da rimborsare %(left)s"',
                '"%(card)s on %(date)s, %(left)s left to refund"',
                "has the English “%(card)s on",
            ),
        ],
    ),
    "rules": (rules.check, rules.SEEDS),
}


def check_all(checkers, names):
    """Run the checkers side by side and tell what they found.

    :return: the names of those that found something
    """
    files = tracked_files()
    failed = []
    with (
        tempfile.TemporaryDirectory() as temporary,
        concurrent.futures.ThreadPoolExecutor(2) as pool,
    ):
        folder = Path(temporary, MODULE)
        copy_files(files, folder)
        jobs = {}
        for name, (function, _seeds) in FUNCTIONS.items():
            if name in names:
                jobs[pool.submit(_timed, function, folder)] = name
        for checker in checkers:
            job = pool.submit(_timed, run, checker, checker.check, folder, files)
            jobs[job] = checker.name
        for job in concurrent.futures.as_completed(jobs):
            good, said, seconds = job.result()
            print(f"{'✓' if good else '✗'} {jobs[job]}: {seconds:.1f} s", flush=True)
            if not good:
                print(said, flush=True)
                failed.append(jobs[job])
    return failed


def _timed(function, *args):
    began = time.monotonic()
    return (*function(*args), time.monotonic() - began)


def fix_all(checkers, names):
    """Fix in the checkout what the checkers can fix."""
    files = tracked_files()
    for checker in checkers:
        if checker.fix:
            run(checker, checker.fix, stack.ROOT, files)
    for name, (function, _seeds) in FUNCTIONS.items():
        if name in names:
            function(stack.ROOT, fix=True)


def self_check(checkers, names):
    """Give each checker a file with an error, in a copy, and see that it finds it.

    :return: the names of those that did not
    """
    blind = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, MODULE)
        copy_files(tracked_files(), folder)
        for checker in checkers:
            path, content = checker.seed
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            good, said = run(checker, checker.check, folder, [path])
            file.unlink()
            if good or checker.says not in said:
                blind.append(checker.name)
                print(f"✗ {checker.name} does not find the error in {path}:\n{said}", flush=True)
            else:
                print(f"✓ {checker.name} finds an error", flush=True)
        for name, (function, seeds) in FUNCTIONS.items():
            if name in names and not all(_finds(name, function, folder, *seed) for seed in seeds):
                blind.append(name)
    return blind


def _finds(name, function, folder, path, piece, seed, says):
    """Put an error into a file of this folder for a moment.

    :return: whether the check finds it, and says so
    """
    file = folder / path
    content = file.read_text()
    file.write_text(content.replace(piece, seed, 1) if piece else content + seed)
    good, said = function(folder)
    file.write_text(content)
    found = not good and says in said
    print(f"✓ {name} finds an error" if found else f"✗ {name} does not find the error in {path}:\n{said}", flush=True)
    return found


def main():
    names = [*(checker.name for checker in CHECKERS), *FUNCTIONS]
    parser = argparse.ArgumentParser(prog="script/lint", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="checker", help=f"of {', '.join(names)}")
    parser.add_argument("--fix", action="store_true", help="fix what can be fixed, then check")
    parser.add_argument("--self-check", action="store_true", help="see that each finds an error")
    options = parser.parse_args()
    if unknown := set(options.only) - set(names):
        parser.error(f"there is no checker {', '.join(sorted(unknown))}, only {', '.join(names)}")
    stack.exit_on_signals()
    names = options.only or names
    checkers = [checker for checker in CHECKERS if checker.name in names]
    if options.fix:
        fix_all(checkers, names)
    failed = (self_check if options.self_check else check_all)(checkers, names)
    print(f"✗ {', '.join(failed)}" if failed else "✓ all is well", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    stack.exit_with(main)
