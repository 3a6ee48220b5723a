"""A short selection of `script/faults`: a real server with a durable database, broken on purpose."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 900


def test_money_and_books_agree_after_a_short_selection_of_faults():
    command = [sys.executable, str(ROOT / "script" / "run_faults.py"), "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    summary = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "lost 0, double 0" in summary[0]
