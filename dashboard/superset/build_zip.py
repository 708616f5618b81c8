"""Zip the Superset bundle beside this file: build_zip.py [ai_unit_economics.zip]

Import it in Superset under Dashboards, or with `superset import-dashboards -p <zip> -u <user>`.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

BUNDLE = Path(__file__).resolve().parent / "ai_unit_economics"


def build(target: Path) -> list[str]:
    """Write the zip, the same bytes for the same files; returns the names in it."""
    names = []
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(BUNDLE.rglob("*.yaml")):
            name = path.relative_to(BUNDLE.parent).as_posix()
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), path.read_bytes())
            names.append(name)
    return names


if __name__ == "__main__":
    zip_path = Path(sys.argv[1] if len(sys.argv) > 1 else "target/ai_unit_economics_superset.zip")
    print(f"{len(build(zip_path))} files in {zip_path}. Next: import it in Superset")
