"""The command line: parses, runs, and turns every ending into an exit code."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial

from napari_simgraph.cli.parser import build_parser
from napari_simgraph.cli.progress import Driver
from napari_simgraph.io.safe import FULL
from napari_simgraph.learn.allocation import keep_freed_blocks

DONE, FAILED, BAD_INPUT, CANCELLED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 broke off, 2 bad input (one clear line), 130 cancelled."""
    words = list(sys.argv[1:] if argv is None else argv)
    if argv is None:  # the process is ours alone
        keep_freed_blocks()
    try:
        return _run(build_parser(words).parse_args(words))
    except KeyboardInterrupt:
        return _fail("Cancelled.", CANCELLED)
    except (ValueError, FileNotFoundError, IsADirectoryError, PermissionError) as error:
        return _fail(_sentence(error), BAD_INPUT)
    except MemoryError as error:
        return _fail(str(error) or "Too little memory. Use a smaller network or patch.", FAILED)
    except OSError as error:
        return _fail(_sentence(error), FAILED)
    except SystemExit as leave:  # argparse, after --help or a wrong option
        return leave.code if isinstance(leave.code, int) else BAD_INPUT


def _run(asked: Namespace) -> int:
    if asked.command == "info":
        from napari_simgraph.io.describe import describe

        print(describe(asked.path))
        return DONE
    if asked.command == "convert":
        return _convert(asked)
    if asked.command == "fetch":
        from napari_simgraph.cli.fetch import run_fetch

        return run_fetch(asked, Driver(asked.progress))
    if asked.command == "rerun":
        from napari_simgraph.cli.rerun import run_rerun

        command = partial(_again, kept=bool(asked.out))
        return run_rerun(asked, command, Driver(asked.progress))
    if asked.command == "demo":
        from napari_simgraph.cli.demo import run_demo

        return run_demo(asked.out, Driver(asked.progress), asked.minutes)
    return _score(asked) if asked.verb_name == "score" else _verb(asked)


def _again(words: list[str], kept: bool) -> int:
    """The exit code of a verb whose command was read in a result; see `_verb`."""
    return _verb(build_parser(words).parse_args(words), kept)


def _convert(asked: Namespace) -> int:
    from napari_simgraph.cli.inputs import read_options
    from napari_simgraph.io.write import convert

    for note in convert(asked.source, asked.target, read_options(asked)):
        print(note, file=sys.stderr)
    return DONE


def _score(asked: Namespace) -> int:
    from napari_simgraph.cli.inputs import read_config, read_pair

    config = read_config(asked, asked.config)
    prediction, truth = read_pair(asked)
    print(json.dumps(asked.call(prediction, truth, config)))
    return DONE


def _verb(asked: Namespace, kept: bool = True) -> int:
    """The exit code of a verb; where what is written is not `kept` nothing is said of it."""
    from napari_simgraph.cli.cluster import call_on_cluster, located, shared
    from napari_simgraph.cli.folder import run_on_folder, wants_folder
    from napari_simgraph.cli.inputs import read_config, read_nouns
    from napari_simgraph.cli.outputs import Output
    from napari_simgraph.io.write_table import told

    config = read_config(asked, asked.verb.config)
    driver = Driver(asked.progress)
    many = shared(asked, driver)
    if wants_folder(asked):
        return run_on_folder(asked, driver, many)
    output = Output(asked, config)
    call = call_on_cluster(asked) if many else asked.verb.call
    nouns = read_nouns(located(asked) if many else asked, driver.say)
    output.suits(nouns)
    with output.room() as room:
        options = {"config": config, "room": room}
        if asked.verb.resumes:
            options["start"] = output.start()
        result = driver.run(call(**nouns, **options))
        if getattr(asked, "out", "") is None:
            print(json.dumps(told(result)))
        else:
            for path in output.write(result, stopped=driver.stopped):
                if kept:
                    driver.say(f"Wrote {path}")
        output.finish(cancelled=driver.stopped)
    return CANCELLED if driver.stopped else DONE


def _sentence(error: Exception) -> str:
    if isinstance(error, FileNotFoundError) and error.filename:
        return f"{error.filename} is not there."
    if isinstance(error, PermissionError) and error.filename:
        return f"{error.filename} can't be opened: no permission."
    if isinstance(error, OSError) and error.errno in FULL:
        return "The disk is full: make room, then run it again."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'A file'} can't be used: {error.strerror}."
    return " ".join(str(error).split())


def _fail(sentence: str, code: int) -> int:
    print(f"napari-simgraph: {sentence}", file=sys.stderr)
    return code
