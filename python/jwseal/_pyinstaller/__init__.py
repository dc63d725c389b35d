"""Where PyInstaller finds what it must know of jwseal: which files of the package are data that modules read.

The entry point `pyinstaller40` of the package leads here, so that programs are frozen without options. Nothing else imports it.
"""

from pathlib import Path


def hook_directories() -> list[str]:
    """Return the folders with hooks."""
    return [str(Path(__file__).parent)]
