"""pytest plugin: the repository's root is the addon, whatever the checkout's folder is called.

pytest derives a test module's name from the folders above it, but Odoo's tests must be imported as
``odoo.addons.nets_connect_cloud.…``.
"""

from pathlib import Path

import _pytest.pathlib

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ("odoo", "addons", "nets_connect_cloud")


def pytest_configure():
    original = _pytest.pathlib.resolve_pkg_root_and_module_name

    def resolve(path, *, consider_namespace_packages=False):
        path = Path(path).resolve()
        # Odoo itself may lie below the root
        if not path.is_relative_to(ROOT) or path.is_relative_to(ROOT / ".odoo"):
            return original(path, consider_namespace_packages=consider_namespace_packages)
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        return ROOT.parent, ".".join(PACKAGE + parts)

    _pytest.pathlib.resolve_pkg_root_and_module_name = resolve
