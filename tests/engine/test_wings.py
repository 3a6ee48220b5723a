"""Who may know whom: connect_cloud ← engine ← account ← pos. Files are read, and nothing else.

The client knows nothing of Odoo; the engine no invoice and no order; invoices no till. The till may know them all.
"""

import ast
import re
from functools import cache
from pathlib import Path

from odoo.models import BaseModel
from odoo.tests import BaseCase

ROOT = Path(__file__).resolve().parents[2]
WINGS = ("connect_cloud", "engine", "account", "pos")
FOLDERS = (
    "connect_cloud",
    "controllers",
    "data",
    "messages",
    "models",
    "report",
    "security",
    "static/src",
    "views",
    "wizard",
)
# What is in no wing's folder, and belongs to the engine.
OF_ENGINE = (
    "const.py",
    "controllers/monitoring.py",
    "controllers/receipt.py",
    "controllers/specimen.py",
    "listener.py",
    "messages/catalogue.py",
    "pools.py",
    "static/src/common/",
)
SUFFIXES = {".py", ".xml", ".js", ".css", ".scss", ".csv"}

_TILL = (
    r"(?<![a-zA-Z])pos_|point_of_sale|Point of Sale|\bcashiers?\b|\btills?\b|[\"']pos[\"']"
    r"|\bpos\.(order|session|payment|config|category|load)"
)
_INVOICES = (
    r"invoice|credit.?note"
    r"|\baccount\.(move|payment|journal|tax|bank|chart|account\b|group_account|menu_finance|report_|view_)"
)
# By wing, what its files don't name: in code, views, comments and texts.
FORBIDDEN = {
    "engine": re.compile(f"{_INVOICES}|{_TILL}", re.IGNORECASE),
    "account": re.compile(_TILL, re.IGNORECASE),
}


def wing_of(path):
    """Return the wing of a file or folder, given relative to the root; None for what puts the wings together."""
    name = path.as_posix()
    for part in (*path.parts[:-1], path.stem):
        if part in WINGS:
            return part
    return "engine" if name.startswith(OF_ENGINE) else None


@cache
def files(*suffixes):
    """Return the files of all wings with these suffixes, relative to the root, with their texts."""
    paths = [
        ROOT / "const.py",
        ROOT / "listener.py",
        ROOT / "pools.py",
        *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*")),
    ]
    found = {}
    for file in sorted(paths):
        path = file.relative_to(ROOT)
        wing = wing_of(path)
        if file.suffix not in suffixes or (wing == "connect_cloud" and "tests" in path.parts):
            continue
        if wing:
            found[path] = file.read_text()
        elif file.name != "__init__.py":
            raise AssertionError(f"{path} is in no wing")
    return found


def later(wing):
    return WINGS[WINGS.index(wing) + 1 :]


def imports(path, text):
    """Yield the modules that a file imports: ours as paths relative to the root, others as their names."""
    if path.suffix == ".js":
        for target in re.findall(r"from \"(\.[^\"]+)\"", text):
            yield (ROOT / path.parent / target).resolve().relative_to(ROOT)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            yield from (folder / alias.name for alias in node.names)


def classes(wing):
    """Yield the models that a wing's Python defines or extends: (path, class, model, whether it is an extension)."""
    for path, text in files(".py").items():
        if wing_of(path) != wing:
            continue
        for node in ast.parse(text).body:
            values = {
                statement.targets[0].id: ast.literal_eval(statement.value)
                for statement in getattr(node, "body", ())
                if isinstance(statement, ast.Assign)
                and getattr(statement.targets[0], "id", "") in ("_name", "_inherit")
            }
            if isinstance(node, ast.ClassDef) and values:
                inherited = values.get("_inherit", [])
                inherited = [inherited] if isinstance(inherited, str) else inherited
                model = values.get("_name") or inherited[0]
                yield path, node, model, model in inherited


@cache
def names(wing):
    """Return the names of the fields and methods that a wing defines."""
    found = set()
    for _path, node, model, _extends in classes(wing):
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                name = statement.name
            elif isinstance(statement, ast.Assign):
                name = statement.targets[0].id
            else:
                continue
            if model.startswith("nets.") or "nets_" in name:
                found.add(name)
    return found


class TestWings(BaseCase):
    def check(self, part, faults):
        """:param faults: texts, by path"""
        report = [f"{path.as_posix()} {text}" for path, texts in faults.items() for text in texts]
        if report:
            self.fail("\n".join([f"{part}:", *report]))

    def check_imports(self):
        faults = {}
        for path, text in files(".py", ".js").items():
            wing = wing_of(path)
            found = []
            for target in imports(path, text):
                if isinstance(target, Path):
                    known = wing_of(target)
                    # the client isn't to know what is between the wings, either
                    if known in later(wing) or (wing == "connect_cloud" and known is None):
                        found.append(f"imports {target.as_posix()}")
                elif wing == "connect_cloud" and target.split(".")[0] == "odoo":
                    found.append(f"imports {target}")
            faults[path] = found
        self.check("A wing imports from those before it, and the client from nowhere", faults)

    def check_bundles(self):
        """A page whose bundle lacks a file that another imports stays empty, without a word."""
        bundles = ast.literal_eval((ROOT / "__manifest__.py").read_text())["assets"]
        faults = {}
        for bundle, patterns in bundles.items():
            if bundle.startswith("web.assets_") and bundle.endswith("tests"):
                continue  # these come on top of what they test
            here = {path for pattern in patterns for path in ROOT.glob(pattern.removeprefix("nets_connect_cloud/"))}
            scripts = {path.relative_to(ROOT) for path in here if path.suffix == ".js"}
            self.assertTrue(scripts, bundle)
            faults[Path(bundle)] = [
                f"has {path.as_posix()} without {target.as_posix()}"
                for path in sorted(scripts)
                for target in imports(path, (ROOT / path).read_text())
                if target.with_suffix(".js") not in scripts
            ]
        self.check("A bundle has all that its files import", faults)

    def check_words(self):
        faults = {}
        for path, text in files(*SUFFIXES).items():
            pattern = FORBIDDEN.get(wing_of(path))
            if pattern:
                found = {match[0] for match in pattern.finditer(text)}
                faults[path] = [f"names {word}" for word in sorted(found)]
        self.check("A wing doesn't name what a later one is about", faults)

    def check_names(self):
        faults = {}
        for path, text in files(*SUFFIXES).items():
            wing = wing_of(path)
            if wing == "connect_cloud":
                continue
            known = set().union(*(names(one) for one in WINGS[: WINGS.index(wing) + 1])) | set(dir(BaseModel))
            # words of the language aren't meant: what has an underscore, or comes after a dot
            used = set(re.findall(r"\w*_\w*|(?<=\.)\w+", text))
            faults[path] = [
                f"uses {name}, which {one} defines" for one in later(wing) for name in sorted(names(one) & used - known)
            ]
        self.check("A wing uses no field and no method that a later one defines", faults)

    def check_refusals(self):
        keys = {
            wing: set(re.findall(r"^ {16}\"(\w+)\": _lt\(", (ROOT / f"messages/{wing}.py").read_text(), re.MULTILINE))
            for wing in WINGS[1:]
        }
        self.assertTrue(all(keys.values()))
        faults = {}
        for path, text in files(".py").items():
            if path.parts[0] in ("models", "wizard"):
                raised = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
                faults[path] = [
                    f"says {key}, which {one} says"
                    for one in later(wing_of(path))
                    for key in sorted(keys[one] & raised)
                ]
        self.check("A wing says nothing in a later one's words", faults)

    def check_file_names(self):
        faults = {}
        for wing in WINGS[1:]:
            for path, _node, model, extends in classes(wing):
                name = model.replace(".", "_")
                if extends and path.stem != name and not path.stem.startswith(f"{name}_"):
                    faults.setdefault(path, []).append(f"extends {model}")
        self.check("A file is named after the model that it extends", faults)

    def test_wings(self):
        for part in (
            self.check_imports,
            self.check_bundles,
            self.check_words,
            self.check_names,
            self.check_refusals,
            self.check_file_names,
        ):
            with self.subTest(part.__name__):
                part()
