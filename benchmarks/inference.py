"""The network alone: ours beside ONNX Runtime and OpenVINO in the same run.

    python benchmarks/inference.py --width 32

A U-Net of 4 levels with random weights on 512 x 512, folded as `segmentation apply` uses it, in
float32 and in bfloat16. In every round each engine runs once, with the same number of threads.
Processor time tells more than the clock where other programs run.
The others are left out where they are absent: pip install onnx onnxruntime openvino.
"""

import argparse
import json
import time
import warnings
from importlib.util import find_spec

import numpy as np
import torch

from napari_simgraph.learn.allocation import keep_freed_blocks
from napari_simgraph.learn.device import pick
from napari_simgraph.learn.predict import ready, scored
from napari_simgraph.nets import build, folded


def ours(network, pixels, threads, precision):
    place = pick("cpu", threads, precision)
    if precision == "auto" and place.half is None:
        return None
    used, inputs = ready(folded(network), place), torch.from_numpy(pixels)

    def scores():
        with torch.no_grad(), place.computing():
            return scored(used, inputs).numpy()

    return scores


def exported(network, pixels):
    """The network as ONNX, in memory."""
    import io

    plain = network.eval().to(memory_format=torch.contiguous_format)
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter that needs no further package
        torch.onnx.export(plain, (torch.from_numpy(pixels),), target, dynamo=False)
    return target.getvalue()


def onnx_runtime(model, pixels, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: pixels})[0]


def openvino(model, pixels, threads, precision):
    import io

    import openvino as ov

    core = ov.Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision}
    compiled = core.compile_model(core.read_model(io.BytesIO(model)), "CPU", settings)
    return lambda: compiled(pixels)[0]


def engines(asked, network, pixels):
    """What is compared, by name: a function without arguments that returns the scores."""
    found = {
        "ours, float32": ours(network, pixels, asked.threads, "full"),
        "ours, bfloat16": ours(network, pixels, asked.threads, "auto"),
    }
    missing = [name for name in ("onnx", "onnxruntime", "openvino") if not find_spec(name)]
    print("not installed, left out:", ", ".join(missing) or "none")
    if "onnx" in missing:
        return {name: run for name, run in found.items() if run}
    model = exported(network, pixels)
    if "onnxruntime" not in missing:
        found["ONNX Runtime, float32"] = onnx_runtime(model, pixels, asked.threads)
    if "openvino" not in missing:
        found["OpenVINO, float32"] = openvino(model, pixels, asked.threads, "f32")
        if found["ours, bfloat16"]:
            found["OpenVINO, bfloat16"] = openvino(model, pixels, asked.threads, "bf16")
    return {name: run for name, run in found.items() if run}


def beside(name, seconds):
    """How much longer than the better of the others of this precision: median of the rounds."""
    kind = name.rpartition(" ")[2]
    others = [s for n, s in seconds.items() if n.endswith(kind) and not n.startswith("ours")]
    if not others:
        return None
    return round(float(np.median(np.array(seconds[name]) / np.min(others, axis=0))), 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--edge", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--fresh-blocks", action="store_true", help="Memory as in other programs.")
    asked = parser.parse_args()
    if not asked.fresh_blocks:
        keep_freed_blocks()  # as the command line does
    network = build("unet", in_channels=1, out_channels=2, width=asked.width, depth=asked.depth)
    pixels = np.random.default_rng(0).normal(size=(1, 1, asked.edge, asked.edge))
    compared = engines(asked, network, pixels.astype(np.float32))
    first = {name: run() for name, run in compared.items()}  # and warms them up
    seconds, busy = ({name: [] for name in compared} for _ in range(2))
    for _ in range(asked.rounds):
        for name, run in compared.items():
            begun, used = time.perf_counter(), time.process_time()
            run()
            seconds[name].append(time.perf_counter() - begun)
            busy[name].append(time.process_time() - used)
    base = first["ours, float32"]
    for name in compared:
        row = {"engine": name, "median ms": round(1000 * float(np.median(seconds[name])))}
        row |= {"least ms": round(1000 * min(seconds[name]))}
        row |= {"processor ms": round(1000 * float(np.median(busy[name])))}
        row |= {"times the better other": beside(name, seconds)} if "ours" in name else {}
        row |= {"the same in processor time": beside(name, busy)} if "ours" in name else {}
        row["differs by"] = float(np.abs(first[name] - base).max())
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
