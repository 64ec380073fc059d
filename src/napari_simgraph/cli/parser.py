"""The parser: one subcommand per capability and verb, options from nouns and settings."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any, NoReturn

from napari_simgraph import capabilities
from napari_simgraph.cli.folder import takes_folders
from napari_simgraph.core.config import Config
from napari_simgraph.core.graph import SimilarityGraph
from napari_simgraph.core.marks import Marks
from napari_simgraph.core.model import Model
from napari_simgraph.core.raster import Image, ImageSet, Labels
from napari_simgraph.core.signatures import SignatureTable
from napari_simgraph.core.tables import EmbeddingTable, ScoreTable
from napari_simgraph.core.verbs import Verb, config_type, is_answer, noun_types, verbs

_PATHS = {
    ImageSet: "Pictures: a folder with a folder for each class, an array of them; or images.",
    Image: "An image, a stack or a folder of them; PATH::KEY for one array of a file.",
    Labels: "Labels: 0 unlabelled, classes from 1; or a mask of two values.",
    Marks: "Clicks and areas, .geojson (QuPath writes it, too), or painted labels.",
    Model: "The folder of a model.",
    ScoreTable: "A table of scores: .h5ad or .zarr.",
    SignatureTable: "Signatures of patches: .zarr or .h5ad.",
    EmbeddingTable: "A table of patches or a graph of them: .h5ad or .zarr; or own features.",
    SimilarityGraph: "A graph of patches: .h5ad or .zarr.",
}
_CLUSTER = "Dask workers that compute: tcp://HOST:PORT, or how many to start on this machine."


class _Parser(ArgumentParser):
    """argparse, but a wrong option costs one clear line."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def build_parser(words: Sequence[str]) -> ArgumentParser:
    """The parser for a command line; only the capability that is named in it is loaded."""
    parser = _Parser(prog="napari-simgraph", description="Train and run what the docks do.")
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in capabilities.NAMES:
        named = name in words[:1]
        module = capabilities.load(name)
        group = commands.add_parser(name, help=(module.__doc__ or "").split("\n")[0])
        if named:
            _add_capability(group, module)
    _add_plain(commands)
    return parser


def _version() -> str:
    from napari_simgraph import __version__

    return __version__


def _add_plain(commands: Any) -> None:
    info = commands.add_parser(
        "info", help="Tells what a model, a workspace, an image or labels hold."
    )
    info.add_argument("path", metavar="PATH")
    convert = commands.add_parser("convert", help="Copies an image into another format.")
    convert.add_argument("source", metavar="IN")
    convert.add_argument("target", metavar="OUT")
    _add_reading(convert)
    demo = commands.add_parser("demo", help="Runs the whole chain on the sample data.")
    demo.add_argument("--out", default="demo_output", metavar="DIR")
    demo.add_argument("--minutes", type=float, default=1.0, help="How long to learn (1).")
    _add_progress(demo)
    _add_fetch(commands)
    _add_rerun(commands)


def _add_rerun(commands: Any) -> None:
    told = "Makes a result again and compares; exit code 0 where it is the same, 3 where not."
    rerun = commands.add_parser("rerun", help=told, description=told)
    rerun.add_argument("result", metavar="RESULT", help="A result, a model, or a folder of them.")
    rerun.add_argument(
        "--with",
        dest="places",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="Where an input lies now (image=PATH), if it was moved; repeat it.",
    )
    rerun.add_argument(
        "--out", default="", metavar="DIR", help="Keep what is made, in a new folder."
    )
    _add_progress(rerun)


def _add_fetch(commands: Any) -> None:
    told = "Loads a public data set; tells its licence first. Without a name: what there is."
    fetch = commands.add_parser("fetch", help=told, description=told)
    fetch.add_argument("name", nargs="?", default="", metavar="NAME")
    fetch.add_argument(
        "--out", default="", metavar="DIR", help="Where it goes, if not to the samples."
    )
    fetch.add_argument("--yes", action="store_true", help="Don't ask after telling the licence.")
    fetch.add_argument("--mirror", default="", metavar="URL", help="Another server, same paths.")
    _add_progress(fetch)


def _add_capability(group: ArgumentParser, module: ModuleType) -> None:
    subcommands = group.add_subparsers(dest="verb_name", required=True, metavar="VERB")
    for verb in verbs(module).values():
        parser = _command(subcommands, verb.name, verb.help)
        parser.set_defaults(verb=verb)
        _add_nouns(parser, verb)
        parser.add_argument("--cluster", default="", metavar="ADDRESS", help=_CLUSTER)
        _add_settings(parser, verb.config)
    if hasattr(module, "score"):
        _add_score(subcommands, module)


def _command(subcommands: Any, name: str, told: str) -> ArgumentParser:
    parser: ArgumentParser = subcommands.add_parser(
        name, help=told, description=told, formatter_class=RawDescriptionHelpFormatter
    )
    _add_reading(parser)
    _add_progress(parser)
    return parser


def _add_nouns(parser: ArgumentParser, verb: Verb) -> None:
    takes_labels = takes_table = False
    for noun in verb.nouns:
        kind = next((k for k in _PATHS if issubclass(noun.types[0], k)), None)
        takes_labels |= Labels in noun.types
        takes_table |= kind is EmbeddingTable
        required = noun.required and kind is not Labels  # --class may stand in for --labels
        parser.add_argument(
            f"--{noun.name}",
            required=required,
            metavar="PATH",
            help=_PATHS.get(kind, ""),  # type: ignore[arg-type]
        )
    if takes_labels:
        _add_label_options(parser)
    if takes_table:
        taken = {item.name for item in verb.config.settings()}
        _add_own(parser, image=all(noun.name != "image" for noun in verb.nouns), taken=taken)
    if verb.nouns[0].types[0] is ImageSet:
        told = "CSV with image and group: pictures of one specimen are kept aside together."
        parser.add_argument("--groups", default="", metavar="CSV", help=told)
    if verb.result is Model:
        parser.add_argument("--model", required=True, metavar="DIR", help="Where the model goes.")
        parser.add_argument("--start", metavar="DIR", help="A model to go on from.")
        parser.add_argument("--resume", action="store_true", help="Go on where a run broke off.")
    else:
        told = "Where the result goes."
        asked = is_answer(verb)
        told = f"{told} Without it: JSON on stdout." if asked else told
        parser.add_argument("--out", required=not asked, metavar="PATH", help=told)
        if takes_folders(verb):
            told = "With folders: also files that are done with this model and these settings."
            parser.add_argument("--again", action="store_true", help=told)


def _add_score(subcommands: Any, module: ModuleType) -> None:
    parser = _command(subcommands, "score", "Scores a prediction; one JSON object on stdout.")
    config = config_type(module.score)
    parser.set_defaults(call=module.score, config=config)
    parser.add_argument("--prediction", required=True, metavar="PATH")
    needed = noun_types(module.score, "truth")
    by_class = Labels in noun_types(module.score, "prediction")  # --class stands in for --truth
    optional = type(None) in needed or by_class
    known = (Marks, Labels, EmbeddingTable, ImageSet)
    told = _PATHS[next(kind for kind in known if kind in needed)]
    parser.add_argument("--truth", required=not optional, metavar="PATH", help=told)
    _add_label_options(parser)
    if EmbeddingTable in needed:
        _add_own(parser, image=True)
    _add_settings(parser, config)


def _add_own(parser: ArgumentParser, *, image: bool, taken: Collection[str] = ()) -> None:
    """What a foreign table needs, but for `taken`: settings of the same name say it, too."""
    group = parser.add_argument_group("a table of another program (.npy .npz .csv .h5 .h5ad)")
    if image:
        group.add_argument("--image", metavar="PATH", help="The images that its rows lie in.")
    told = "CSV with image, z, y, x, size of each row; or patches are a lattice."
    group.add_argument("--positions", default="", metavar="CSV", help=told)
    sides = {"patch": "Side of its patches."}
    sides["stride"] = "Distance of the patches of a lattice (the side)."
    for name in (one for one in sides if one not in taken):
        group.add_argument(f"--{name}", type=int, default=0, metavar="PX", help=sides[name])


def _add_label_options(parser: ArgumentParser) -> None:
    parser.add_argument("--classes", default="", help="Names of the classes, a,b,c.")
    parser.add_argument(
        "--labels-are", default="auto", choices=("auto", "mask", "scribbles", "objects")
    )
    parser.add_argument(
        "--class",
        dest="class_masks",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="One mask for each class, where classes overlap; repeat it.",
    )


def _add_reading(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("reading")
    group.add_argument("--axes", default="", help="Axes where the file doesn't say: T Z Y X C N.")
    group.add_argument("--spacing", default="", help="Pixel size Z,Y,X (or Y,X).")
    group.add_argument("--unit", default="", help="Unit of the spacing: nm, um, mm.")
    group.add_argument("--channel", help="Only this channel: its number from 0, or its name.")
    group.add_argument("--level", type=int, default=0, help="Pyramid level, 0 the finest.")


def _add_progress(parser: ArgumentParser) -> None:
    parser.add_argument("--progress", default="bar", choices=("bar", "json", "none"))


def _add_settings(parser: ArgumentParser, config: type[Config]) -> None:
    group = parser.add_argument_group("settings")
    for item in config.settings():
        unit = f" {item.unit}" if item.unit else ""
        told = f"{item.help} ({item.default}{unit})".replace("%", "%%")
        metavar = "|".join(item.choices) or item.type.__name__.upper()
        flag = {"nargs": "?", "const": True} if item.type is bool else {}
        names = [item.option] if len(item.name) > 1 else [f"-{item.name}", item.option]
        group.add_argument(
            *names,
            dest=f"setting_{item.name}",
            metavar=metavar,
            help=told,
            **flag,  # type: ignore[arg-type]
        )
