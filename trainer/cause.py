"""The cause of an error in one line, as logs, problem documents and pages show it."""

import sys
import traceback
from pathlib import Path

#: Maximum number of characters of the error's message.
LONGEST = 400


def cause_of(error: BaseException) -> str:
    """`ModuleNotFoundError: No module named 'torch' (trainer/warm.py, line 27)`: the type, the message and the place."""
    words = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    said = f"{type(error).__name__}: {words[:LONGEST]}" if words else type(error).__name__
    file, line = _place(error)
    return f"{said} ({_short(file)}, line {line})" if file else said


def _place(error: BaseException) -> tuple[str, int]:
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 1
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    return (frames[-1].filename, frames[-1].lineno or 1) if frames else ("", 0)


def _short(file: str) -> str:
    """The path without the folder from which the module is imported."""
    folders = [folder for folder in sys.path if folder and Path(file).is_relative_to(folder)]
    return Path(file).relative_to(max(folders, key=len)).as_posix() if folders else file
